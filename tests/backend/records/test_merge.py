from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.records.merge import merge_views
from backend.records.record import RecordState, Said, Source
from ontology.decode import violations
from ontology.load import default_ontology_path, load_ontology
from ontology.model import AttributeKind, Ontology

ONTOLOGY = load_ontology(default_ontology_path())


@pytest.fixture
def ontology() -> Ontology:
    return ONTOLOGY


def said(head: str, source: Source, *values: str, **more: Any) -> Said:
    by = {Source.MODEL: "v1", Source.SELLER: "shop"}.get(source, "ann")
    return Said(head=head, source=source, by=by, values=values, **more)


def model(head: str, value: str, score: float = 0.99, *, sure: bool = True, **more: Any) -> Said:
    return said(head, Source.MODEL, value, score=score, is_sure=sure, **more)


SHIRT = said("category", Source.SELLER, "shirt")


def test_sources_answer_in_the_stated_order(ontology: Ontology) -> None:
    ladder = [
        said("neck", Source.REVIEWER, "polo"),
        said("neck", Source.GROUND_TRUTH, "crew"),
        said("neck", Source.ANNOTATORS, "v_neck"),
        model("neck", "round"),
        said("neck", Source.SELLER, "hood"),
    ]
    values = [value.id for value in ontology.attribute("neck").values]  # type: ignore[arg-type]
    tshirt = said("category", Source.REVIEWER, "tshirt")
    legal = list(ontology.allowed("tshirt", "neck"))[:5]  # type: ignore[arg-type]
    assert set(legal) <= set(values)
    ladder = [
        Said(
            head="neck",
            source=one.source,
            by=one.by,
            values=(value,),
            score=one.score,
            is_sure=one.is_sure,
        )
        for one, value in zip(ladder, legal, strict=True)
    ]

    for first, one in enumerate(ladder):
        cell = merge_views("p", [tshirt, *ladder[first:]], ontology=ontology).cells["neck"]
        assert cell.values == one.values
        assert cell.source is one.source
        auto = one.source is Source.MODEL
        assert cell.state is (RecordState.AUTO_ACCEPTED if auto else RecordState.VALUE)


def test_an_answer_below_the_promise_is_a_suggestion_only(ontology: Ontology) -> None:
    cell = merge_views(
        "p", [SHIRT, model("pattern", "striped", 0.7, sure=False)], ontology=ontology
    ).cells["pattern"]

    assert cell.state is RecordState.UNDECIDED
    assert cell.values == ()
    assert cell.suggestion == ("striped",)
    assert cell.reasons == ("below_the_promise",)
    assert cell.confidence == 0.7


def test_views_in_which_the_model_sees_different_values_are_not_accepted(
    ontology: Ontology,
) -> None:
    views = [
        model("pattern", "striped", picture="a"),
        model("pattern", "solid", 0.6, sure=False, picture="b"),
    ]

    cell = merge_views("p", [SHIRT, *views], ontology=ontology).cells["pattern"]

    assert cell.state is RecordState.UNDECIDED
    assert "views_disagree" in cell.reasons
    assert cell.suggestion == ("striped",)


def test_one_view_that_shows_a_value_counts_though_another_cannot_tell(ontology: Ontology) -> None:
    views = [
        said("pattern", Source.ANNOTATORS, is_cannot_tell=True, picture="back"),
        said("pattern", Source.ANNOTATORS, "striped", picture="front"),
    ]

    cell = merge_views("p", [SHIRT, *views], ontology=ontology).cells["pattern"]

    assert cell.values == ("striped",)
    assert cell.state is RecordState.VALUE


def test_people_who_see_different_values_leave_it_undecided(ontology: Ontology) -> None:
    views = [
        said("pattern", Source.ANNOTATORS, "striped", picture="a"),
        said("pattern", Source.ANNOTATORS, "checked", picture="b"),
    ]

    cell = merge_views("p", [SHIRT, *views, model("pattern", "solid")], ontology=ontology).cells[
        "pattern"
    ]

    assert cell.state is RecordState.UNDECIDED
    assert cell.suggestion == ("checked", "striped")


def test_the_latest_decision_of_the_highest_role_counts(ontology: Ontology) -> None:
    decisions = [
        said("pattern", Source.REVIEWER, "striped", rank=(1, 9)),
        said("pattern", Source.REVIEWER, "checked", rank=(2, 3)),
        said("pattern", Source.REVIEWER, "solid", rank=(2, 4)),
    ]

    cell = merge_views("p", [SHIRT, *decisions], ontology=ontology).cells["pattern"]

    assert cell.values == ("solid",)


def test_where_people_cannot_tell_the_seller_is_believed_and_the_model_is_not(
    ontology: Ontology,
) -> None:
    blind = said("fabric", Source.ANNOTATORS, is_cannot_tell=True)
    guess = model("fabric", "cotton")

    alone = merge_views("p", [SHIRT, blind, guess], ontology=ontology).cells["fabric"]
    claimed = merge_views(
        "p", [SHIRT, blind, guess, said("fabric", Source.SELLER, "linen")], ontology=ontology
    ).cells["fabric"]

    assert alone.state is RecordState.CANNOT_TELL
    assert alone.values == ()
    assert (claimed.values, claimed.source) == (("linen",), Source.SELLER)


def test_a_reviewer_who_cannot_tell_has_the_last_word(ontology: Ontology) -> None:
    evidence = [
        said("pattern", Source.REVIEWER, is_cannot_tell=True),
        said("pattern", Source.SELLER, "striped"),
    ]

    cell = merge_views("p", [SHIRT, *evidence], ontology=ontology).cells["pattern"]

    assert cell.state is RecordState.CANNOT_TELL


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (
            [said("pattern", Source.SELLER, "striped", contradicted="the picture shows solid")],
            "claim_contradicted: the picture shows solid",
        ),
        (
            [
                said("pattern", Source.SELLER, "striped"),
                said("pattern", Source.ANNOTATORS, refused=frozenset({"striped"})),
            ],
            "a_person_took_it_away",
        ),
        ([said("pattern", Source.SELLER, "striped", "solid")], "several_values_claimed"),
        (
            [
                model("pattern", "striped"),
                said("pattern", Source.ANNOTATORS, refused=frozenset({"striped"})),
            ],
            "a_person_took_it_away",
        ),
    ],
)
def test_what_speaks_against_an_answer_is_given_as_the_reason(
    evidence: list[Said], reason: str, ontology: Ontology
) -> None:
    cell = merge_views("p", [SHIRT, *evidence], ontology=ontology).cells["pattern"]

    assert cell.state is RecordState.UNDECIDED
    assert cell.reasons == (reason,)
    assert cell.values == ()


def test_an_attribute_that_the_category_does_not_have_is_not_applicable(
    ontology: Ontology,
) -> None:
    evidence = [said("category", Source.REVIEWER, "jeans"), model("neck", "polo")]

    cell = merge_views("p", evidence, ontology=ontology).cells["neck"]

    assert cell.state is RecordState.NOT_APPLICABLE
    assert cell.values == ()


def test_a_category_that_has_others_under_it_is_left_undecided(ontology: Ontology) -> None:
    coarse = next(one.id for one in ontology.categories if not one.is_leaf)

    record = merge_views("p", [said("category", Source.SELLER, coarse)], ontology=ontology)

    assert record.category.state is RecordState.UNDECIDED
    assert "category_is_no_leaf" in record.category.reasons


@st.composite
def evidence(draw: st.DrawFn) -> tuple[list[Said], Ontology]:
    """Anything that anybody could say, legal or not."""
    ontology = ONTOLOGY
    heads = ["category", *(str(one.id) for one in ontology.attributes)]
    found = []
    for head in draw(st.lists(st.sampled_from(heads), min_size=1, max_size=25)):
        values = (
            [str(leaf) for leaf in ontology.leaves]
            if head == "category"
            else [str(value.id) for value in ontology.attribute(head).values]  # type: ignore[arg-type]
        )
        picked = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
        source = draw(st.sampled_from(list(Source)))
        found.append(said(head, source, *picked, score=0.9, is_sure=draw(st.booleans())))
    return found, ontology


@settings(max_examples=60, deadline=None)
@given(evidence())
def test_a_record_is_legal_whatever_was_said(drawn: tuple[list[Said], Ontology]) -> None:
    found, ontology = drawn
    record = merge_views("p", found, ontology=ontology)

    given_cells: dict[Any, Any] = {
        name: cell.values for name, cell in record.cells.items() if cell.values
    }
    names: Any = record.category.values or record.category.suggestion
    assert set(record.cells) == {one.id for one in ontology.attributes}
    if given_cells:
        unsaid: list[Any] = [name for name in record.cells if name not in given_cells]
        assert violations(ontology, names[0], given_cells, unsaid=unsaid) == ()
    for name, cell in record.cells.items():
        assert bool(cell.values) == (cell.state in {RecordState.VALUE, RecordState.AUTO_ACCEPTED})
        if ontology.attribute(name).kind is AttributeKind.EXCLUSIVE:  # type: ignore[arg-type]
            assert len(cell.values) <= 1
