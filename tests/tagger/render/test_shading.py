from __future__ import annotations

import numpy as np
import pytest

from tagger.render import shading


def grid(size: int = 60):
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    return x, y


def test_flat_cloth_has_even_light():
    lit, slope_x, slope_y = shading.light(np.full((20, 20), 3.0, np.float32), px_per_cm=4.0)

    assert lit == pytest.approx(1.0, abs=1e-5)
    assert not slope_x.any()
    assert not slope_y.any()


def test_a_slope_towards_the_lamp_is_brighter_than_one_away_from_it():
    x, y = grid()
    towards, _, _ = shading.light((x + y) * np.float32(0.05), px_per_cm=4.0)
    away, _, _ = shading.light((x + y) * np.float32(-0.05), px_per_cm=4.0)

    assert towards.mean() > 1.0 > away.mean()


def test_blur_keeps_the_total_and_spreads_it():
    field = np.zeros((61, 61), np.float32)
    field[30, 30] = 1.0

    soft = shading.blur(field, 3.0)

    assert soft.sum() == pytest.approx(1.0, abs=1e-4)
    assert soft[30, 30] < 0.1
    assert soft[30, 33] == pytest.approx(soft[33, 30], rel=1e-3)


def test_puff_rises_from_the_edge_to_the_middle():
    mask = np.zeros((60, 60), np.float32)
    mask[10:50, 10:50] = 1.0

    height = shading.puff(mask, px_per_cm=3.0, edge=4.0, height=2.0)

    assert height[30, 30] == pytest.approx(2.0, abs=0.05)
    assert height[30, 11] < 0.7
    assert height[5, 5] == 0.0


def test_an_open_end_is_not_rounded_off():
    mask = np.zeros((60, 60), np.float32)
    mask[10:50, 10:50] = 1.0

    closed = shading.puff(mask, px_per_cm=3.0, edge=4.0, height=2.0)
    hanging = shading.puff(mask, px_per_cm=3.0, edge=4.0, height=2.0, open_end=True)

    assert hanging[49, 30] > closed[49, 30] + 1.0


def test_a_fold_is_highest_where_it_starts():
    x, y = grid()
    fold = shading.Fold(start=(10.0, 30.0), end=(40.0, 30.0), width=2.0, height=1.0)

    height = shading.fold_height((fold,), x, y)

    assert height[30, 10] == pytest.approx(1.0, abs=0.05)
    assert height[30, 35] < 0.5
    assert height[50, 10] < 0.01


def test_noise_is_periodic_and_the_same_for_the_same_seed():
    first = shading.noise_tile(np.random.default_rng(1), size=64, cells=(4, 4))
    second = shading.noise_tile(np.random.default_rng(1), size=64, cells=(4, 4))
    jump = np.abs(first[:, 0] - first[:, -1]).max()

    assert (first == second).all()
    assert jump < 3 * np.abs(np.diff(first, axis=1)).max()
    assert first.std() == pytest.approx(1.0, abs=1e-3)
