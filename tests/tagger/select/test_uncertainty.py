from __future__ import annotations

from pathlib import Path

import pytest

from ontology.load import load_ontology
from ontology.model import AttributeId, CategoryId, Ontology, ValueId
from tagger.known import Taught
from tagger.select.uncertainty import CellDoubt, cell_doubts, informativeness, most_doubtful

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


def taught(ontology: Ontology, **values: list[str]) -> Taught:
    known = {AttributeId(name): frozenset(map(ValueId, ids)) for name, ids in values.items()}
    return Taught(
        categories=frozenset(ontology.leaves),
        values=known,
        mentioned=known,
        mentioned_categories=frozenset(ontology.leaves),
        carriers=dict.fromkeys(known, frozenset(ontology.leaves)),
    )


def doubts(
    ontology: Ontology, known: Taught, category: str = "shirt", score: float = 0.9, **scores: object
) -> dict[str, CellDoubt]:
    found = cell_doubts(
        ontology,
        known,
        category=CategoryId(category),
        category_score=score,
        scores=scores,  # type: ignore[arg-type]  # plain dictionaries will do
    )
    return {doubt.attribute: doubt for doubt in found}


def test_a_cell_is_as_doubtful_as_its_two_best_answers_are_close(ontology: Ontology) -> None:
    known = taught(ontology, sleeve=["long", "short", "sleeveless"])
    sure = doubts(ontology, known, sleeve={"long": 0.9, "short": 0.1})
    close = doubts(ontology, known, sleeve={"long": 0.5, "short": 0.4, "sleeveless": 0.1})
    assert sure["sleeve"].uncertainty == pytest.approx(0.2)
    assert close["sleeve"].uncertainty == pytest.approx(0.9)
    assert (close["sleeve"].value, close["sleeve"].confidence) == ("long", 0.5)


def test_what_the_version_does_not_know_contributes_nothing(ontology: Ontology) -> None:
    scores = {"long": 0.5, "short": 0.5}
    assert "sleeve" not in doubts(ontology, taught(ontology), sleeve=scores)
    assert "sleeve" not in doubts(ontology, taught(ontology, sleeve=["long"]), sleeve=scores)


def test_what_does_not_apply_to_the_category_contributes_nothing(ontology: Ontology) -> None:
    known = taught(ontology, sleeve=["long", "short"])
    assert not ontology.applies(CategoryId("bag"), AttributeId("sleeve"))
    assert "sleeve" not in doubts(ontology, known, "bag", sleeve={"long": 0.5, "short": 0.5})


def test_an_attribute_is_left_out_where_the_category_never_carried_it(ontology: Ontology) -> None:
    known = taught(ontology, pattern=["plain", "striped"])
    elsewhere = Taught(
        categories=known.categories,
        values=known.values,
        mentioned=known.mentioned,
        mentioned_categories=known.mentioned_categories,
        carriers={AttributeId("pattern"): frozenset({CategoryId("dress")})},
    )
    scores = {"plain": 0.5, "striped": 0.5}
    assert "pattern" in doubts(ontology, known, pattern=scores)
    assert "pattern" not in doubts(ontology, elsewhere, pattern=scores)


def test_the_category_is_as_doubtful_as_its_score_leaves_room_for_another(
    ontology: Ontology,
) -> None:
    known = taught(ontology)
    assert doubts(ontology, known, score=1.0)["category"].uncertainty == 0.0
    assert doubts(ontology, known, score=0.75)["category"].uncertainty == pytest.approx(0.5)
    assert doubts(ontology, known, score=0.3)["category"].uncertainty == 1.0


def cell(attribute: str, uncertainty: float) -> CellDoubt:
    return CellDoubt(attribute=attribute, value="v", confidence=0.5, uncertainty=uncertainty)


def test_missing_cells_do_not_thin_a_garment_out() -> None:
    assert informativeness([cell("a", 0.8)]) == pytest.approx(0.8)
    assert informativeness([cell("a", 0.8), cell("b", 0.2)]) == pytest.approx(0.5)
    assert informativeness([]) == 0.0


def test_weights_lead_towards_an_attribute() -> None:
    cells = [cell("a", 0.8), cell("b", 0.2)]
    assert informativeness(cells, weights={"a": 3.0}) == pytest.approx(0.65)
    assert informativeness(cells, weights={"a": 0.0, "b": 0.0}) == 0.0


def test_only_the_most_doubtful_cells_are_named_and_never_the_category() -> None:
    cells = [cell("category", 1.0), cell("a", 0.6), cell("b", 0.9), cell("c", 0.7), cell("d", 0.1)]
    assert [doubt.attribute for doubt in most_doubtful(cells)] == ["b", "c"]
    assert most_doubtful([cell("d", 0.1)]) == ()
