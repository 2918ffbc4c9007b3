from __future__ import annotations

import pytest
from scipy.stats import binomtest

from tagger.promise_statistics import exact_interval, fewest_answers, is_shown


@pytest.mark.parametrize(("num_wrong", "count"), [(0, 10), (3, 10), (10, 10), (7, 812)])
def test_the_interval_is_the_exact_one(num_wrong: int, count: int) -> None:
    wanted = binomtest(num_wrong, count).proportion_ci(confidence_level=0.95, method="exact")

    assert exact_interval(num_wrong, count, confidence=0.95) == pytest.approx(tuple(wanted))


@pytest.mark.parametrize("num_wrong", [0, 1, 5])
def test_the_fewest_answers_show_the_error_and_one_less_does_not(num_wrong: int) -> None:
    count = fewest_answers(1000, error=0.02, risk=0.05)[num_wrong]

    assert binomtest(num_wrong, count, 0.02, alternative="less").pvalue <= 0.05
    assert binomtest(num_wrong, count - 1, 0.02, alternative="less").pvalue > 0.05


def test_an_error_is_shown_by_149_faultless_answers_at_95_percent() -> None:
    assert not is_shown(0, 148, error=0.02, risk=0.05)
    assert is_shown(0, 149, error=0.02, risk=0.05)
