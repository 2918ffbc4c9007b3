from __future__ import annotations

import numpy as np
import pytest

from tagger.promise import PromiseCell
from tagger.promise_curve import lowest_score, risk_at, risk_curve


def answers(score: float, num_right: int, num_wrong: int) -> list[PromiseCell]:
    return [
        PromiseCell(
            attribute="a", product=str(at), cell=str(at), is_right=at < num_right, score=score
        )
        for at in range(num_right + num_wrong)
    ]


def test_without_answers_scores_are_taken_as_they_are() -> None:
    curve = risk_curve([])

    assert risk_at(curve, 0.9) == pytest.approx(0.1, abs=1e-6)
    assert lowest_score(curve, 0.1 + 1e-6) == 0.9


def test_many_answers_outweigh_the_scores_and_few_do_not() -> None:
    many, few = risk_curve(answers(0.9, 600, 400)), risk_curve(answers(0.9, 1, 1))

    assert risk_at(many, 0.9) == pytest.approx(0.4, abs=0.02)
    assert 0.1 < risk_at(few, 0.9) < 0.2


def test_the_risk_never_rises_with_the_score() -> None:
    curve = risk_curve([*answers(0.6, 100, 0), *answers(0.95, 0, 100)])

    assert (np.diff(curve) <= 0).all()


def test_what_no_score_reaches_has_no_lowest_score() -> None:
    assert lowest_score(risk_curve([]), 0.0) is None
    assert lowest_score(risk_curve([]), None) is None


@pytest.mark.parametrize("score", [0.0, 0.50004, 0.97735, 0.99999, 1.0])
def test_a_score_is_accepted_at_its_own_risk(score: float) -> None:
    curve = risk_curve(answers(0.8, 30, 3))

    found = lowest_score(curve, risk_at(curve, score))

    assert found is not None
    assert found <= round(score, 4)
