"""Accepting where the model gave no answer, and taking what the seller claims."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from backend.review.decide import Decider, Reviewer, Wish
from backend.review.items import ReviewError, decisions_of, put_items
from tests.backend.review.support import SIZE, Backend, finding, region

ADA = Reviewer(name="Ada", role="lead")


def blank(**fields: Any) -> dict[str, Any]:
    """Describe a shirt of whose pattern the model says nothing."""
    known = region()
    return {**known, "attributes": {**known["attributes"], "pattern": []}, **fields}


def row(backend: Backend, name: str, label: str) -> str:
    """Give the page's row of one attribute."""
    page = backend.client.get(f"/review/items/{name}").text
    rows = re.findall(r'<li class="cell.*?</form></li>', page, flags=re.S)
    (found,) = [one for one in rows if f'<span class="name">{label}</span>' in one]
    return str(found)


def refusal(backend: Backend) -> str:
    (said,) = re.findall(r'role="alert">([^<]*)', backend.client.get("/review").text)
    return html.unescape(said)


def test_there_is_no_accept_where_there_is_no_answer(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", regions=[blank()])])

    assert 'value="accept"' not in row(backend, "one", "Pattern")
    assert 'value="accept"' in row(backend, "one", "Sleeve")


def test_accepting_no_answer_is_refused_and_says_what_to_do(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", regions=[blank()])])

    backend.cell("one", "accept", "pattern")

    assert refusal(backend) == (
        "Not taken: Pattern has no answer to accept; put a value with Fix, or choose Cannot tell"
    )
    assert decisions_of(backend.database) == ()
    assert backend.state("one") == "open"


def test_no_answer_is_not_accepted_together_with_answers(backend: Backend) -> None:
    put_items(backend.database, [backend.item("a"), backend.item("b", regions=[blank()])])
    wishes = [
        Wish(item_id=name, action="accept", region="w_1", attribute="pattern") for name in "ab"
    ]
    decider = Decider(
        database=backend.database, ontology=lambda: backend.ontology, image_wh=lambda _: SIZE
    )

    with pytest.raises(ReviewError, match="Pattern has no answer"):
        decider.decide(wishes, ADA)

    assert decisions_of(backend.database) == (), "nothing of it was taken"


def test_accepting_the_rest_leaves_no_answer_as_it_is(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", regions=[blank()])])

    backend.decide("one", "accept")

    assert backend.state("one") == "accepted"
    assert ("w_1", "pattern") not in backend.standing("one").cells


def test_a_claim_is_taken_as_a_fix(backend: Backend) -> None:
    item = backend.item("one", regions=[blank()], claims={"pattern": ["floral"]})
    put_items(backend.database, [item])
    shown = row(backend, "one", "Pattern")
    assert "Take the claim: floral" in shown
    assert '<input type="hidden" name="claimed" value="floral">' in shown

    form = {"region": "w_1", "attribute": "pattern", "claimed": "floral", "values": "plain"}
    backend.decide("one", "take_claim", **form)

    cell = backend.standing("one").cells["w_1", "pattern"]
    assert (cell.action, cell.values) == ("fix", ("floral",))
    assert backend.state("one") == "fixed"
    assert "Take the claim" not in row(backend, "one", "Pattern"), "it holds now"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"pattern": ["striped"]},
        {"color": ["blue"]},
        {"pattern": ["checked"]},
        {"pattern": ["plain", "floral"]},
    ],
    ids=["none", "what is predicted", "part of what is predicted", "not legal", "several"],
)
def test_only_one_legal_value_that_does_not_hold_is_offered(
    backend: Backend, claims: dict[str, list[str]]
) -> None:
    shown = region()
    shown["attributes"]["color"].append({"value": "blue", "score": 0.6})
    put_items(backend.database, [backend.item("one", claims=claims, regions=[shown])])

    assert "take_claim" not in backend.client.get("/review/items/one").text


def test_a_claim_is_offered_for_the_garment_that_it_is_about(backend: Backend) -> None:
    both = [region("w_1"), region("w_2", primary=False)]
    put_items(backend.database, [backend.item("one", regions=both, claims={"pattern": ["plain"]})])

    assert backend.client.get("/review/items/one").text.count('value="take_claim"') == 1


def test_a_claim_that_is_not_legal_is_refused(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    form = {"region": "w_1", "attribute": "pattern", "claimed": "checked"}
    backend.decide("one", "take_claim", **form)

    assert refusal(backend).startswith("Not taken: Pattern cannot be checked; expected one of")
    assert decisions_of(backend.database) == ()


@pytest.mark.parametrize(
    ("attribute", "values", "said"),
    [
        ("color", [], "Color cannot be nothing; expected some of red, blue, black"),
        ("category", ["footwear"], "Category cannot be Shoe; expected one of Shirt, Bag, "),
        ("heel", ["flat"], "Heel is not asked about Shirt; look at the item again"),
    ],
)
def test_refusals_have_the_labels_that_the_page_shows(
    backend: Backend, attribute: str, values: list[str], said: str
) -> None:
    put_items(backend.database, [backend.item("one", findings=[finding()])])

    backend.cell("one", "fix", attribute, *values)

    assert refusal(backend).startswith(f"Not taken: {said}")


def test_a_leads_matter_is_named_by_its_label(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", findings=[finding("color")])])
    backend.cell("one", "fix", "pattern", "plain")
    backend.sign_in("Ben")

    backend.cell("one", "fix", "pattern", "floral")

    assert "only a lead may change what Ada decided about Pattern;" in refusal(backend)
