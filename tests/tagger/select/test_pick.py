from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ontology.load import load_ontology
from ontology.model import Ontology
from tagger.select.batch import BatchRule
from tagger.select.pick import Candidate, attribute_weights, pick_next
from tagger.select.uncertainty import CellDoubt

FIXTURES = Path(__file__).parents[2] / "fixtures"
NO_RANDOM = BatchRule(random_share=0.0, max_similarity=2.0)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


def candidate(name: str, lead: float, *, at: int = 0, attribute: str = "pattern") -> Candidate:
    first = (1 + lead) / 2
    return Candidate(
        id=name,
        doubts=(
            CellDoubt(attribute=attribute, value="striped", confidence=first, uncertainty=1 - lead),
        ),
        probabilities={attribute: {"striped": first, "plain": 1 - first}},
        embedding=np.eye(12, dtype=np.float16)[at],
        confidence=0.9,
    )


def test_the_doubtful_are_picked_before_the_sure(ontology: Ontology) -> None:
    candidates = [candidate(f"sure {at}", 0.98, at=at) for at in range(6)]
    candidates += [candidate(f"doubtful {at}", 0.05, at=at) for at in range(6, 12)]
    picks = pick_next(
        candidates, budget=5, ontology=ontology, rng=np.random.default_rng(0), rule=NO_RANDOM
    )
    assert sum(pick.id.startswith("doubtful") for pick in picks) >= 4
    assert picks[0].uncertainty == pytest.approx(0.95)
    assert picks[0].confidence == 0.9
    assert [pick.priority for pick in picks] == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2])


def test_reasons_name_the_attribute_its_answer_and_the_doubt(ontology: Ontology) -> None:
    pick = pick_next(
        [candidate("only", 0.1)],
        budget=1,
        ontology=ontology,
        rng=np.random.default_rng(0),
        rule=NO_RANDOM,
    )[0]
    attribute = next(a for a in ontology.attributes if a.id == "pattern")
    value = next(v for v in attribute.values if v.id == "striped")
    assert pick.reasons == (f"{attribute.label}: {value.label} at 55 %, uncertainty 0.90",)


def test_a_random_pick_says_so(ontology: Ontology) -> None:
    picks = pick_next(
        [candidate(str(at), 0.1, at=at) for at in range(10)],
        budget=5,
        ontology=ontology,
        rng=np.random.default_rng(0),
    )
    (drawn,) = [pick for pick in picks if pick.is_random]
    assert drawn.reasons == ("drawn at random, to measure what picking gains",)


def test_a_round_that_is_broken_off_has_its_share_of_random_picks(ontology: Ontology) -> None:
    picks = pick_next(
        [candidate(str(at), 0.1, at=at % 12) for at in range(60)],
        budget=40,
        ontology=ontology,
        rng=np.random.default_rng(0),
        rule=BatchRule(random_share=0.25, max_similarity=2.0),
    )
    counts = [sum(pick.is_random for pick in picks[at : at + 8]) for at in range(0, 40, 8)]
    assert counts == [2, 2, 2, 2, 2]
    assert [pick.priority for pick in picks] == sorted((p.priority for p in picks), reverse=True)


def test_look_alikes_are_counted_in_the_reasons(ontology: Ontology) -> None:
    alike = [candidate(f"a{at}", 0.1) for at in range(4)]
    other = [candidate("b", 0.1, at=3)]
    picks = pick_next(
        alike + other,
        budget=4,
        ontology=ontology,
        rng=np.random.default_rng(0),
        rule=BatchRule(random_share=0.0),
    )
    assert sorted(pick.id[0] for pick in picks) == ["a", "b"]
    first = next(pick for pick in picks if pick.id[0] == "a")
    assert "stands for 3 more that look almost the same" in first.reasons


def test_weights_turn_the_choice_towards_an_attribute(ontology: Ontology) -> None:
    candidates = [candidate(f"pattern {at}", 0.2, at=at) for at in range(6)]
    candidates += [candidate(f"sleeve {at}", 0.2, at=at, attribute="sleeve") for at in range(6, 12)]
    picks = pick_next(
        candidates,
        budget=4,
        ontology=ontology,
        rng=np.random.default_rng(1),
        weights={"sleeve": 100.0, "pattern": 0.01},
        rule=NO_RANDOM,
    )
    assert all(pick.id.startswith("sleeve") for pick in picks)
    assert "few labels so far" in picks[0].reasons[-1]


def test_rarely_labelled_and_weak_attributes_weigh_more() -> None:
    weights = attribute_weights({"a": 1000, "b": 10, "c": 10}, shortfall={"c": 1.0, "b": 0.0})
    assert weights["a"] < weights["b"] < weights["c"]
    assert sum(weights.values()) / 3 == pytest.approx(1.0)


def test_without_candidates_there_is_nothing_to_pick(ontology: Ontology) -> None:
    assert pick_next([], budget=3, ontology=ontology, rng=np.random.default_rng(0)) == []
