"""Faithfulness tells a map of what the answer depends on from any other map."""

from __future__ import annotations

import numpy as np
import pytest

from tagger.explain.faithful import faithfulness


@pytest.fixture(scope="module")
def crop():
    """A bright square on dark noise."""
    pixels = np.random.default_rng(1).integers(0, 60, (96, 96, 3)).astype(np.uint8)
    pixels[16:32, 64:80] = 250
    return pixels


def _brightness_of_the_square(changed):
    return np.array([float(crop[16:32, 64:80].mean()) for crop, _ in changed])


def _map(row, column):
    heat = np.zeros((6, 6), dtype=np.float32)
    heat[row, column] = 1.0
    return heat


def test_the_true_map_beats_every_random_one(crop):
    assert faithfulness(_brightness_of_the_square, crop, _map(1, 4)) > 0.6


def test_a_map_of_the_wrong_place_does_not(crop):
    assert faithfulness(_brightness_of_the_square, crop, _map(4, 1)) < 0.3


def test_random_maps_come_out_around_nothing(crop):
    random = np.random.default_rng(0)
    scores = [
        faithfulness(
            _brightness_of_the_square,
            crop,
            random.random((6, 6), dtype=np.float32),
            seed=seed,
        )
        for seed in range(8)
    ]

    assert abs(float(np.mean(scores))) < 0.45


def test_a_flat_map_says_nothing(crop):
    flat = np.zeros((6, 6), dtype=np.float32)

    assert faithfulness(_brightness_of_the_square, crop, flat) == 0.0


def test_the_same_map_gets_the_same_score_twice(crop):
    scores = {faithfulness(_brightness_of_the_square, crop, _map(1, 4)) for _ in range(2)}

    assert len(scores) == 1
