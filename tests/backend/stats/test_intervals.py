from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from backend.stats.intervals import clustered_share, mean_of, median_of


def test_single_cells_get_wilsons_interval() -> None:
    found = clustered_share([(1, 1)] * 18 + [(0, 1)] * 6)
    expected = binomtest(18, 24).proportion_ci(method="wilson")

    assert found is not None
    assert found.value == pytest.approx(0.75)
    # The variance over clusters has n - 1 below, Wilson's has n: one part in 24.
    assert found.low == pytest.approx(expected.low, abs=0.01)
    assert found.high == pytest.approx(expected.high, abs=0.01)


def test_cells_that_agree_within_a_task_count_little_more_than_one() -> None:
    together = clustered_share([(5, 5)] * 18 + [(0, 5)] * 6)
    alone = clustered_share([(1, 1)] * 18 + [(0, 1)] * 6)

    assert together is not None
    assert alone is not None
    assert together.low == pytest.approx(alone.low, abs=1e-9)
    assert together.num == 24


def test_interval_covers_the_truth_where_tasks_differ() -> None:
    rng = np.random.default_rng(3)
    num_hit, draws = 0, 400
    for _ in range(draws):
        chances = rng.beta(4, 1, size=60)
        sizes = rng.integers(1, 9, size=60)
        good = rng.binomial(sizes, chances)
        found = clustered_share(list(zip(good.tolist(), sizes.tolist(), strict=True)))
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        num_hit += found.low <= 0.8 <= found.high

    assert num_hit / draws >= 0.92


@pytest.mark.parametrize("good", [0, 4])
def test_agreement_of_all_cells_still_leaves_doubt(good: int) -> None:
    found = clustered_share([(good, 4)] * 3)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.5


def test_nothing_gives_nothing() -> None:
    assert clustered_share([(0, 0)]) is None
    assert mean_of([]) is None
    assert median_of([]) is None


def test_mean_has_students_interval() -> None:
    found = mean_of([1.0, 2.0, 3.0])

    assert found is not None
    assert (found.value, found.num) == (2.0, 3)
    assert found.high == pytest.approx(2.0 + 4.303 / 3**0.5, abs=1e-3)
    only = mean_of([7.0])
    assert only is not None
    assert only.low is None


def test_median_lies_between_order_statistics() -> None:
    found = median_of([float(value) for value in range(1, 11)])

    assert found is not None
    assert found.value == 5.5
    assert (found.low, found.high) == (2.0, 9.0)  # Conover's table for n = 10
    few = median_of([3.0, 1.0, 2.0])
    assert few is not None
    assert (few.value, few.low) == (2.0, None)


def test_interval_of_the_median_covers_it() -> None:
    rng = np.random.default_rng(5)
    num_hit = 0
    for _ in range(400):
        found = median_of(rng.lognormal(size=17).tolist())
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        num_hit += found.low <= 1.0 <= found.high

    assert num_hit / 400 >= 0.93
