"""Intervals against tables and against plain recomputation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.missing_labels.intervals import (
    paired_t,
    percentile_interval,
    resamples,
    t_quantile,
    weighted_macro_f1,
    weighted_mean,
)
from tagger.metrics import macro_f1, per_value


@pytest.mark.parametrize(
    ("degrees", "expected"), [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (30, 2.042)]
)
def test_t_quantiles_are_those_of_the_printed_tables(degrees, expected):
    assert t_quantile(degrees) == pytest.approx(expected, abs=6e-4)


def test_the_paired_interval_is_the_textbook_one():
    mean, low, high = paired_t([1.0, 2.0, 3.0, 4.0, 5.0])

    spread = 2.7764 * math.sqrt(2.5) / math.sqrt(5)
    assert (mean, low, high) == pytest.approx((3.0, 3.0 - spread, 3.0 + spread), abs=1e-3)


def test_one_seed_gives_no_interval():
    assert paired_t([0.5]) == (0.5, -math.inf, math.inf)


def test_every_resample_draws_as_many_products_as_there_are():
    drawn = resamples(7, count=50, seed=0)

    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert not (drawn == 1).all()


def test_a_weighted_mean_counts_a_cell_as_often_as_it_was_drawn():
    values = np.array([1.0, 0.0, 1.0])
    weights = np.array([[1.0, 1, 1], [0, 2, 1], [0, 0, 0]])

    found = weighted_mean(values, weights)

    assert found[:2] == pytest.approx([2 / 3, 1 / 3])
    assert math.isnan(found[2])


def test_weighted_macro_f1_is_the_metric_on_the_repeated_cells():
    random = np.random.default_rng(5)
    truth, forced = random.integers(0, 4, 60), random.integers(0, 5, 60)
    weights = resamples(60, count=8, seed=1)

    found = weighted_macro_f1(truth, forced, weights)

    for row, value in zip(weights.astype(int), found, strict=True):
        table = per_value(np.repeat(truth, row), np.repeat(forced, row), list("abcde"))
        assert value == pytest.approx(macro_f1(table))


def test_undefined_resamples_are_left_out_of_the_percentiles():
    low, high = percentile_interval(np.array([math.nan, *np.linspace(0, 1, 101)]))

    assert (low, high) == pytest.approx((0.025, 0.975))
