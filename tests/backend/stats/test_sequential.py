"""The watch's test: rarely wrong however often one looks, and able to find a real fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.stats.sequential import (
    SequentialLimits,
    capital_against,
    compare,
    lower_bound,
)

LIMITS = SequentialLimits()


def draw(rng: np.random.Generator, mean: float, num: int) -> list[float]:
    """Draw shares of three to nine answers, of tasks that differ in difficulty."""
    chances = rng.beta(mean * 6, (1 - mean) * 6, num)
    sizes = rng.integers(3, 10, num)
    return list(rng.binomial(sizes, chances) / sizes)


def ever_alarms(before: list[float], now: list[float], *, every: int = 10) -> bool:
    looks = range(LIMITS.min_tasks, len(now) + 1, every)
    return any(compare(before, now[:num], limits=LIMITS).is_alarm for num in looks)


def test_equal_versions_are_hardly_ever_told_apart_however_often_one_looks() -> None:
    rng = np.random.default_rng(1)
    alarms = sum(
        ever_alarms(draw(rng, 0.85, 150), draw(rng, 0.85, 300), every=20) for _ in range(100)
    )

    assert alarms <= 5  # the level allows 5 of 100 on the average; the margin makes it rarer


def test_half_of_the_level_is_kept_where_nothing_else_protects() -> None:
    rng = np.random.default_rng(2)
    num_wrong, draws = 0, 400
    for _ in range(draws):
        values = (rng.random(200) < 0.8).astype(float)
        num_wrong += any(
            capital_against(values[:num], claimed=0.8) >= 2 / LIMITS.level
            for num in range(5, 201, 5)
        )

    assert num_wrong / draws <= LIMITS.level / 2 + 0.015


def test_bound_is_hardly_ever_above_the_mean_whenever_one_looks() -> None:
    rng = np.random.default_rng(3)
    num_wrong = 0
    for _ in range(100):
        values = draw(rng, 0.8, 200)
        num_wrong += any(lower_bound(values[:num], level=0.05) > 0.8 for num in (20, 60, 200))

    assert num_wrong <= 8


def test_fall_of_twenty_points_is_found_within_a_hundred_tasks() -> None:
    rng = np.random.default_rng(4)
    found = sum(ever_alarms(draw(rng, 0.85, 200), draw(rng, 0.65, 100)) for _ in range(30))

    assert found >= 28


def test_rise_is_no_alarm() -> None:
    found = compare([0.5] * 200, [0.9] * 200)

    assert not found.is_alarm
    assert found.capital < 1.0


def test_few_tasks_are_never_enough() -> None:
    few = [0.0] * (LIMITS.min_tasks - 1)

    assert not compare([1.0] * 500, few).is_alarm
    assert compare([1.0] * 500, [*few, 0.0]).is_alarm
    assert not compare([1.0] * (LIMITS.min_tasks - 1), [0.0] * 500).is_alarm


def test_no_tasks_are_no_evidence() -> None:
    found = compare([], [])

    assert (found.capital, found.floor, found.is_alarm) == (1.0, 0.0, False)


@pytest.mark.parametrize(
    ("values", "claimed", "is_refuted"),
    [([1.0], 1.0, False), ([0.5], 1.0, True), ([0.0], 0.0, False)],
)
def test_claims_at_the_edges_are_decided_plainly(
    values: list[float], claimed: float, is_refuted: bool
) -> None:
    assert (capital_against(values, claimed=claimed) > 1.0) is is_refuted


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.randoms())
def test_order_of_tasks_does_not_matter(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random

    one, other = (capital_against(item, claimed=0.7) for item in (values, shuffled))

    assert one == pytest.approx(other)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_bound_is_never_above_what_was_seen(values: list[float]) -> None:
    assert 0.0 <= lower_bound(values, level=0.05) <= (float(np.mean(values)) if values else 0.0)
