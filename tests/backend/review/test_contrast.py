"""The two values between which the model hesitates, on the page and as a map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.review.contrast import contrast_of
from backend.review.items import put_items
from tests.backend.review.support import Backend, ontology, region, running_backend
from tests.backend.test_overlays import FakeExplainer

PATTERNS = ("plain", "striped", "floral")


class Noting(FakeExplainer):
    """Notes which contrasts it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    def explain(self, *args: Any, contrasts: Any = (), check: Any = ()) -> Any:
        self.asked += contrasts
        return super().explain(*args, contrasts=contrasts, check=check)


@pytest.fixture
def explainer() -> Noting:
    return Noting()


@pytest.fixture
def reviewed(tmp_path: Path, explainer: Noting) -> Iterator[Backend]:
    with running_backend(tmp_path, explainer=explainer) as made:
        made.sign_in()
        put_items(made.database, [made.item("one")])
        yield made


def patterned(answered: bool = True, **scores: float) -> dict[str, Any]:
    answers = [{"value": max(scores, key=lambda v: scores[v]), "score": max(scores.values())}]
    return region(attributes={"pattern": answers if answered else []}, scores={"pattern": scores})


def test_the_likelier_value_is_told_from_the_next() -> None:
    found = contrast_of(
        patterned(striped=0.5, plain=0.3, floral=0.2), "pattern", PATTERNS, ontology()
    )

    assert found is not None
    assert (found.value, found.other) == ("striped", "plain")
    assert found.text == "what speaks for striped (50 %) and against plain (30 %)"


def test_what_the_model_left_blank_is_told_apart_too() -> None:
    scores = patterned(answered=False, plain=0.3, striped=0.4)

    found = contrast_of(scores, "pattern", PATTERNS, ontology())

    assert found is not None
    assert (found.value, found.other) == ("striped", "plain")


@pytest.mark.parametrize(
    "scores",
    [
        patterned(striped=0.95, plain=0.05),
        patterned(answered=False, striped=0.05, plain=0.04),
        patterned(striped=0.6, paisley=0.4),
        region(scores={}),
    ],
    ids=["sure", "neither", "the other is not legal", "scores are not known"],
)
def test_nothing_is_offered_without_a_second_plausible_value(scores: dict[str, Any]) -> None:
    assert contrast_of(scores, "pattern", PATTERNS, ontology()) is None


def test_values_that_may_hold_together_are_no_alternatives() -> None:
    assert contrast_of(region(), "color", ("red", "blue"), ontology()) is None


def test_the_page_offers_the_contrast_where_the_model_hesitates_only(reviewed: Backend) -> None:
    page = reviewed.client.get("/review/items/one").text

    assert "Why striped, not plain" in page
    assert 'aria-label="Pattern: why striped and not plain"' in page
    assert "Why red" not in page
    assert page.count('class="contrast"') == 2  # short against long sleeves is the other one


def test_the_map_is_of_the_one_value_against_the_other(
    reviewed: Backend, explainer: Noting
) -> None:
    where = "/review/items/one/map/w_1/pattern/striped.jpg"

    plain = reviewed.client.get(where)
    against = reviewed.client.get(f"{where}?against=plain&checked")

    assert (plain.status_code, against.status_code) == (200, 200)
    assert explainer.asked == [("pattern", "striped", "plain")]
    assert against.headers["X-Weft-Trusted"] == "no"
    assert explainer.calls == 2, "one is not the other's kept copy"
