"""The stated error holds in every kind of photograph, and none pays for another."""

from __future__ import annotations

import numpy as np
import pytest

from tagger.thresholds import Answer, JudgedHead, choose_thresholds


def _answers(count: int, *, right_from: float) -> list[Answer]:
    """Give evenly spread scores, of which every second is wrong below a limit."""
    return [
        (float(score), bool(score >= right_from or at % 2))
        for at, score in enumerate(np.linspace(0.0, 1.0, count))
    ]


EASY, HARD = _answers(200, right_from=0.55), _answers(200, right_from=0.85)


def test_a_hard_set_of_street_photographs_raises_their_threshold_alone():
    judged = {"neck": JudgedHead(plain={"shop": EASY}, street={"street": HARD})}

    found = choose_thresholds(judged)

    assert found.general["neck"] == pytest.approx(0.5, abs=0.05)
    assert found.street["neck"] == pytest.approx(0.8, abs=0.05)


def test_the_hardest_of_several_sets_decides():
    judged = {"neck": JudgedHead(plain={"shop": EASY, "other": HARD})}

    found = choose_thresholds(judged)

    assert found.general["neck"] == pytest.approx(0.8, abs=0.05)
    assert found.street == {}


def test_a_threshold_of_street_photographs_is_only_told_where_it_is_higher():
    judged = {"neck": JudgedHead(plain={"shop": HARD}, street={"street": EASY})}

    assert choose_thresholds(judged).street == {}


def test_few_street_photographs_have_no_threshold_of_their_own():
    wrong = [(0.99, False)] * 20
    judged = {"neck": JudgedHead(plain={"shop": EASY}, street={"street": wrong})}

    found = choose_thresholds(judged)

    assert found.street == {}
    assert found.general["neck"] > 0.6  # they decide with the others


def test_street_photographs_decide_where_there_are_hardly_others():
    alone = choose_thresholds({"neck": JudgedHead(street={"street": HARD})})
    beside = choose_thresholds(
        {"neck": JudgedHead(plain={"shop": EASY[-5:]}, street={"street": HARD}, drawn=EASY)}
    )

    assert alone.general["neck"] == pytest.approx(0.8, abs=0.05)
    assert beside.general["neck"] == pytest.approx(0.8, abs=0.05)


def test_drawings_decide_where_there_are_hardly_photographs():
    judged = {"neck": JudgedHead(plain={"shop": HARD[-5:]}, drawn=EASY)}

    assert choose_thresholds(judged).general["neck"] == pytest.approx(0.5, abs=0.05)


def test_a_category_may_be_answered_below_one_half():
    right = JudgedHead(plain={"shop": [(score, True) for score, _ in EASY]})

    found = choose_thresholds({"category": right, "neck": right})

    assert found.general["category"] == pytest.approx(0.0, abs=0.01)
    assert found.general["neck"] == 0.5
