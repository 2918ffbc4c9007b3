"""The gate's test is exact, its correction is Holm's, and its bounds hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.gate_statistics import bounds_of, fall_p_value, group_sums, holm


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4), max_size=10))
def test_the_p_value_is_that_of_all_signs_written_out(sums: list[int]) -> None:
    totals = [
        sum(sign * size for sign, size in zip(signs, sums, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(sums))
    ]
    expected = sum(total <= sum(sums) for total in totals) / len(totals)

    assert fall_p_value(np.array(sums, dtype=float)) == pytest.approx(expected)


def test_many_groups_agree_with_the_normal_curve() -> None:
    from scipy import stats

    sums = np.array([1.0] * 4000 + [-1.0] * 4200 + [2.0] * 300 + [-2.0] * 330)
    curve = stats.norm.cdf(sums.sum() / np.sqrt(sums @ sums))

    assert fall_p_value(sums) == pytest.approx(curve, rel=0.05)


def test_sums_and_counts_go_by_group() -> None:
    sums, counts = group_sums(np.array([5, 2, 5, 2, 9]), np.array([1, -1, 1, 0, 0], dtype=np.int8))

    assert sums.tolist() == [-1, 2, 0]
    assert counts.tolist() == [2, 2, 1]


def test_bounds_have_width_even_where_nothing_changed() -> None:
    found = bounds_of(np.zeros(100), np.ones(100))

    assert found.change == 0
    assert found.low < 0 < found.high
    assert found.low == pytest.approx(-found.high)


def test_cells_of_one_group_count_as_one_witness() -> None:
    single = bounds_of(np.array([1.0, -1.0] * 50), np.ones(100))
    bunched = bounds_of(np.array([10.0, -10.0] * 5), np.full(10, 10.0))

    assert bunched.error > 2 * single.error


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([], []),
        ([0.02], [0.02]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.9, 0.6], [1.0, 1.0]),  # never above 1, never below an earlier one
    ],
)
def test_p_values_are_corrected_step_by_step(p_values: list[float], expected: list[float]) -> None:
    assert holm(p_values) == pytest.approx(expected)
