from __future__ import annotations

import math

import numpy as np
import pytest

from bench.active_learning.figures import labels_needed, summarise

SIZES = (100, 200, 400)


def test_the_target_is_reached_between_two_rounds() -> None:
    assert labels_needed(SIZES, np.array([0.2, 0.4, 0.8]), 0.6) == pytest.approx(300)
    assert labels_needed(SIZES, np.array([0.7, 0.8, 0.9]), 0.6) == 100
    assert math.isinf(labels_needed(SIZES, np.array([0.2, 0.3, 0.4]), 0.6))


def test_one_lucky_round_is_evened_out() -> None:
    lucky = labels_needed(SIZES, np.array([0.61, 0.3, 0.8]), 0.6)
    assert lucky > 200


def runs(offset: float) -> list[list[dict[str, float]]]:
    return [
        [{"a": base + offset + 0.01 * seed, "b": base + offset} for base in (0.4, 0.6, 0.8)]
        for seed in range(3)
    ]


def test_strategies_are_compared_with_random_seed_by_seed() -> None:
    found = summarise(
        {"random": runs(0.0), "better": runs(0.1)}, sizes=SIZES, whole={"a": 0.9, "b": 0.9}
    )
    assert found["target"] == pytest.approx(0.855)
    random, better = found["strategies"]["random"], found["strategies"]["better"]
    assert random["needed"] is None
    assert better["needed"] < 400
    assert better["gain"] == pytest.approx(0.1)
    assert better["gain_ci95"] == pytest.approx([0.1, 0.1], abs=1e-4)
    assert better["heads"]["b"] == pytest.approx([0.5, 0.7, 0.9])


def test_what_random_never_reaches_has_no_share() -> None:
    found = summarise(
        {"random": runs(0.0), "better": runs(0.1)}, sizes=SIZES, whole={"a": 0.9, "b": 0.9}
    )
    assert found["strategies"]["better"]["share_of_random"] is None
    reached = summarise(
        {"random": runs(0.0), "better": runs(0.1)}, sizes=SIZES, whole={"a": 0.7, "b": 0.7}
    )
    row = reached["strategies"]["better"]
    assert row["share_of_random"] < 0.8
    low, high = row["share_of_random_ci95"]
    assert low <= row["share_of_random"] <= high
