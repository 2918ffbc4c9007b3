"""The audit of listings whose pictures a model has seen."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from tagger.audit.evidence import gather
from tagger.audit.findings import FindingKind
from tagger.audit.listing import Listing
from tagger.audit.run import AuditRules, audit_listings
from tagger.audit.seen import SeenPicture
from tagger.promise_scope import Scope
from tests.tagger.promised import promise_set

_SPEC = importlib.util.spec_from_file_location(
    "audit_support", Path(__file__).with_name("support.py")
)
support = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(support)

DRUM = {"shade": {"cone": 0.01, "drum": 0.98, "globe": 0.01}, "stand": {"clamp": 0.9, "base": 0.1}}


@pytest.fixture
def audit(lamps):
    def run(claims, *pictures, taught=None, rules=None, others=()):
        listing = Listing(id="p", pictures=tuple(one.reference for one in pictures), claims=claims)
        return audit_listings(
            [listing, *others],
            {one.reference: one for one in pictures},
            lamps,
            taught=taught or support.everything(lamps),
            rules=rules,
        )

    return run


@pytest.fixture
def desk(lamps):
    return support.seen("desk.jpg", support.garment(lamps, "desk_lamp", DRUM))


def kinds(report, product="p"):
    return [one.kind for one in report.findings if one.product_id == product]


def test_true_claims_give_no_finding(audit, desk):
    report = audit({"category": "Desk lamp", "shade": "drum"}, desk)

    assert report.findings == ()
    assert report.listings[0].risk == 0.0


def test_a_contradicted_value_is_found_with_what_is_seen_and_where(audit, desk):
    (found,) = audit({"category": "Desk lamp", "shade": "globe"}, desk).findings

    assert (found.kind, found.attribute, found.seen) == ("contradicts_picture", "shade", "drum")
    assert (found.picture, found.region_id) == ("desk.jpg", "region-desk_lamp")
    assert found.risk > 0.6


def test_reasons_say_what_a_sellers_own_word_was_read_as(audit, desk):
    (contradicted,) = audit({"category": "desk light", "shade": "glob"}, desk).findings
    (wrong,) = audit({"category": "flor lamp"}, desk).findings
    (illegal,) = audit({"category": "desk light", "shade": "pleatd"}, desk).findings

    assert "claimed 'glob' (read as globe) has probability" in contradicted.reason
    assert "claimed 'flor lamp' (read as floor_lamp)" in wrong.reason
    assert illegal.reason.startswith("'pleatd' (read as pleated) is not a value")


def test_missing_is_never_a_contradiction(audit, desk):
    assert audit({"category": "Desk lamp"}, desk).findings == ()


def test_an_attribute_that_the_model_was_not_taught_is_never_judged(audit, desk, lamps):
    report = audit(
        {"category": "Desk lamp", "shade": "globe"},
        desk,
        taught=support.everything(lamps, but=("shade",)),
    )

    assert report.findings == ()


def test_a_weakly_visible_attribute_is_never_judged(desk, lamps):
    weak = replace(
        lamps, attributes=tuple(replace(a, weakly_visible=True) for a in lamps.attributes)
    )
    report = audit_listings(
        [
            Listing(
                id="p", pictures=("desk.jpg",), claims={"category": "Desk lamp", "shade": "globe"}
            )
        ],
        {"desk.jpg": desk},
        weak,
        taught=support.everything(weak),
    )

    assert "shade" not in {
        one.attribute for one in report.findings if one.kind == FindingKind.CONTRADICTS_PICTURE
    }


def test_a_value_that_the_category_cannot_have_is_illegal(audit, desk):
    found = audit({"category": "Desk lamp", "shade": "pleated"}, desk).findings[0]

    assert (found.kind, found.attribute, found.risk) == (FindingKind.ILLEGAL_VALUE, "shade", 1.0)


def test_an_attribute_that_the_category_does_not_have_is_illegal(audit, lamps):
    torch = support.seen("t.jpg", support.garment(lamps, "torch", {}))
    found = audit({"category": "torch", "shade": "drum"}, torch).findings[0]

    assert found.kind == FindingKind.ILLEGAL_VALUE
    assert "no shade" in found.reason


def test_two_exclusive_values_are_found_and_two_of_a_multiple_attribute_are_not(audit, desk):
    report = audit({"category": "Desk lamp", "shade": "drum, cone", "power": "mains, solar"}, desk)

    assert kinds(report) == [FindingKind.EXCLUSIVE_VALUES]


def test_each_value_of_a_multiple_attribute_is_judged_by_itself(audit, lamps):
    powers = {"power": {"mains": 0.9, "battery": 0.4, "solar": 0.001}}
    lit = support.seen("lit.jpg", support.garment(lamps, "desk_lamp", {**DRUM, **powers}))

    assert kinds(audit({"category": "Desk lamp", "power": "mains, battery"}, lit)) == []
    (found,) = audit({"category": "Desk lamp", "power": "battery & solar"}, lit).findings
    assert (found.kind, found.seen) == (FindingKind.CONTRADICTS_PICTURE, "mains")
    assert "(solar) has probability 0.001" in found.reason


def test_a_claim_is_not_contradicted_where_nothing_else_is_seen(audit, lamps):
    flat = {"shade": {"cone": 0.002, "drum": 0.08, "globe": 0.05}}
    scores = {**flat, "shade": {**flat["shade"], "pleated": 0.868}}
    taught = support.everything(lamps)
    values = {**taught.values, "shade": taught.values["shade"] - {"pleated"}}
    dim = support.seen("dim.jpg", support.garment(lamps, "floor_lamp", scores))
    claims = {"category": "Floor lamp", "shade": "cone"}

    assert kinds(audit(claims, dim, taught=replace(taught, values=values))) == []
    assert kinds(audit(claims, dim)) == [FindingKind.CONTRADICTS_PICTURE]


def test_a_missing_category_gets_a_suggestion_where_the_model_is_sure(audit, desk, lamps):
    unsure = support.seen("u.jpg", support.garment(lamps, "desk_lamp", DRUM, sure=0.6))

    assert [one.seen for one in audit({}, desk).findings] == ["desk_lamp"]
    assert [one.seen for one in audit({}, unsure).findings] == [""]
    assert audit({}, desk).listings[0].risk == 0.0


@pytest.mark.parametrize(
    ("thresholds", "suggested"),
    [
        ({"category": 0.96, "shade": 0.98}, {"category": "desk_lamp", "shade": "drum"}),
        ({"category": 0.98, "shade": 0.99}, {"category": "", "shade": ""}),
        ({"category": None}, {"category": "", "shade": ""}),
    ],
    ids=["accepted", "too strict", "never"],
)
def test_a_promise_says_what_is_sure_enough_to_be_suggested(
    audit, desk, lamps, thresholds, suggested
):
    rules = AuditRules(promises=promise_set(scope=Scope.EACH, **thresholds))
    evidence = gather([desk], lamps, support.everything(lamps), promises=rules.promises)

    found = {
        one.attribute: one
        for one in [*audit({}, desk, rules=rules).findings]
        if one.kind == FindingKind.MISSING_MANDATORY
    }

    assert {name: ", ".join(evidence.answers[name]) for name in suggested} == suggested
    assert found["category"].seen == suggested["category"]
    if not suggested["category"]:
        assert "perhaps desk_lamp, which the version's promise does not accept" in str(
            found["category"].reason
        )


def test_a_view_that_is_less_sure_keeps_a_promise_from_being_used(lamps, desk):
    unsure = support.seen("u.jpg", support.garment(lamps, "desk_lamp", DRUM, sure=0.9))
    promises = promise_set(scope=Scope.EACH, category=0.95, shade=0.9)
    taught = support.everything(lamps)

    both = gather([desk, unsure], lamps, taught, promises=promises)

    assert (both.answers["category"], both.doubtful["category"]) == ((), ("desk_lamp",))
    assert both.answers["shade"] == ("drum",)


def test_unknown_words_are_listed_and_count_as_said(audit, desk):
    (found,) = audit({"category": "chandelier"}, desk).findings

    assert (found.kind, found.risk) == (FindingKind.UNKNOWN_WORDS, 0.0)


def test_views_of_different_products_contradict_each_other(audit, desk, lamps):
    other = support.seen("other.jpg", support.garment(lamps, "lantern", DRUM))

    assert FindingKind.VIEWS_DISAGREE in kinds(audit({"category": "Desk lamp"}, desk, other))


def test_a_picture_of_two_different_things_shows_several_products(audit, lamps):
    things = (support.garment(lamps, "desk_lamp", DRUM), support.garment(lamps, "torch", {}))
    both = support.seen("both.jpg", things[0], parts=things)
    pair = support.seen("pair.jpg", things[0], parts=(things[0], things[0]))

    assert kinds(audit({"category": "Desk lamp"}, both)) == [FindingKind.SEVERAL_PRODUCTS]
    assert kinds(audit({"category": "Desk lamp"}, pair)) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"side_px": 90}, FindingKind.SMALL_PICTURE),
        ({"sharpness": 0.3}, FindingKind.BLURRED_PICTURE),
        ({"bright": 0.1}, FindingKind.DARK_PICTURE),
        ({"contact": 0.9}, FindingKind.CROPPED_PICTURE),
        ({"strokes": 0.2}, FindingKind.WATERMARK),
        ({"product": 0.0}, FindingKind.NO_GARMENT),
    ],
)
def test_each_fault_of_a_picture_is_named(audit, lamps, change, kind):
    picture = support.seen("x.jpg", support.garment(lamps, "desk_lamp", DRUM), **change)

    assert kinds(audit({"category": "Desk lamp"}, picture)) == [kind]


def test_a_picture_of_another_listing_is_a_duplicate_of_both(audit, desk, lamps):
    copy = support.seen("copy.jpg", support.garment(lamps, "desk_lamp", DRUM), seed=1)
    same = replace(desk, print=copy.print)
    other = Listing(id="q", pictures=("copy.jpg",), claims={"category": "Desk lamp"})
    report = audit_listings(
        [Listing(id="p", pictures=("desk.jpg",), claims={"category": "Desk lamp"}), other],
        {"desk.jpg": same, "copy.jpg": copy},
        lamps,
        taught=support.everything(lamps),
    )

    assert [(one.kind, one.product_id) for one in report.findings] == [
        (FindingKind.DUPLICATE_PICTURE, "p"),
        (FindingKind.DUPLICATE_PICTURE, "q"),
    ]


def test_unreadable_and_absent_pictures_are_findings_and_the_rest_goes_on(audit):
    bad = SeenPicture(reference="bad.jpg", error="bad.jpg: no picture")

    assert kinds(audit({"category": "torch"}, bad)) == [FindingKind.UNREADABLE_PICTURE]
    assert kinds(audit({"category": "torch"})) == [FindingKind.NO_PICTURE]


def test_findings_come_in_the_order_of_risk_and_what_was_not_said_last(audit, desk):
    report = audit({"shade": "globe", "stand": "tripod"}, desk, rules=AuditRules(min_risk=0.0))
    risks = [one.risk for one in report.findings]

    assert risks == sorted(risks, reverse=True)
    assert report.findings[-1].kind == FindingKind.MISSING_MANDATORY
