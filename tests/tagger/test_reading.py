"""How weights of a version's habits are stored."""

from __future__ import annotations

import numpy as np
import pytest

from tagger.reading import Reading, packed, unpacked


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 384)])
def test_a_matrix_comes_back_in_half_precision(shape):
    matrix = np.random.default_rng(1).normal(size=shape)

    assert np.array_equal(unpacked(packed(matrix), shape[0]), matrix.astype(np.float16))


def test_weights_of_one_kind_take_less_room_than_they_would_as_they_are():
    matrix = np.random.default_rng(1).normal(scale=0.02, size=(40, 1280))

    assert len(packed(matrix)) < 0.93 * matrix.size * 2 * 4 / 3


def test_only_words_that_compete_share_the_probability():
    reading = Reading(weight=np.eye(3), bias=np.zeros(3))

    share = reading.share(np.array([[2.0, 0.0, 9.0]]), [1, 0])

    assert share == pytest.approx(np.array([[1, np.exp(2)]]) / (1 + np.exp(2)))
