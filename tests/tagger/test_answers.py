from __future__ import annotations

import numpy as np
import pytest

from ontology.decode import Scores
from tagger.answers import best_answers, counted, coverage_at_errors, wrong_by_score
from tagger.known import Taught

KNOWN = Taught(
    categories=frozenset({"desk_lamp"}),
    values={"shade": frozenset({"drum", "globe"}), "stand": frozenset({"base"})},
    mentioned={},
    mentioned_categories=frozenset({"desk_lamp"}),
    carriers={"shade": frozenset({"desk_lamp"}), "stand": frozenset()},
)


def test_the_best_answer_is_the_likeliest_value_that_was_taught_for_the_leaf():
    scores = Scores(
        category={"desk_lamp": 0.8, "torch": 0.2},
        attributes={"shade": {"cone": 0.6, "drum": 0.3, "globe": 0.1}, "stand": {"base": 0.9}},
    )

    best = best_answers(scores, "desk_lamp", KNOWN)

    assert best == {"category": ("desk_lamp", 0.8), "shade": ("drum", 0.3)}


def test_coverage_rises_with_the_error_that_is_allowed():
    # The surest 100 are right; of the next 100 every tenth is wrong.
    best = [("drum", 1 - at / 1000) for at in range(200)]
    truths = [{"globe"} if at >= 100 and at % 10 == 0 else {"drum"} for at in range(200)]

    coverage = coverage_at_errors(best, truths)

    assert coverage["0.02"] == pytest.approx(0.55, abs=0.06)
    assert coverage["0.02"] < coverage["0.05"] < coverage["0.10"] == 1.0


def test_cells_without_an_answer_are_never_covered():
    best = [("drum", 0.9)] * 100 + [None] * 100

    assert coverage_at_errors(best, [{"drum"}] * 200)["0.05"] == 0.5


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (29, {"0.02": None, "0.05": None, "0.10": None}),
        (48, {"0.02": None, "0.05": 1.0, "0.10": 1.0}),  # 48 right ones cannot prove 2 %
        (49, {"0.02": 1.0, "0.05": 1.0, "0.10": 1.0}),
    ],
)
def test_too_few_cells_prove_no_coverage(count, expected):
    assert coverage_at_errors([("drum", 0.9)] * count, [{"drum"}] * count) == expected


def test_wrong_answers_are_counted_by_score_and_the_surest_are_named():
    scores = np.array([1.0, 0.95, 0.9, 0.8, 0.72, 0.71, 0.6, 0.2])
    truth = np.array([0, 0, 0, 0, 1, 1, 0, 0])
    forced = np.array([0, 1, 1, 1, 0, 0, 1, 1])

    found = wrong_by_score(
        pictures=[f"p{at}" for at in range(8)],
        truth=truth,
        forced=forced,
        top_scores=scores,
        names=["cone", "drum"],
    )

    assert found["bands"] == [[0.9, 3, 2], [0.7, 3, 3], [0.5, 1, 1], [0.0, 1, 1]]
    assert found["surest"][0] == ["p1", "cone", "drum", 0.95]
    assert [row[0] for row in found["surest"]] == ["p1", "p2", "p3", "p4", "p5"]


def test_answered_and_wrong_cells_are_counted_from_their_shares():
    assert counted({"n": 80, "coverage": 0.75, "selective_error": 0.05}) == (60, 3)
    assert counted({"n": 9, "coverage": 0.0, "selective_error": None}) == (0, 0)
