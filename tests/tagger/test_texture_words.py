"""What the network of one source learns from texture."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tagger.reading import Reading
from tagger.texture_words import TextureLayer, fit_texture_words


@pytest.fixture(scope="module")
def shop():
    """A shop that writes striped where exactly one of two statistics is high, and not always."""
    rng = np.random.default_rng(3)
    texture = rng.normal(size=(900, 6)).astype(np.float32) * [5, 1, 1, 0.1, 1, 1] + [
        9,
        0,
        0,
        3,
        0,
        0,
    ]
    texture = texture.astype(np.float32)
    striped = (texture[:, 0] > 9) ^ (texture[:, 1] > 0)
    heavy = texture[:, 2] > 0.3
    columns = {"pattern": striped.astype(np.int64), "usage": heavy.astype(np.int64)}
    columns["pattern"][::3] = -1
    columns["usage"][1::3] = -1
    layer, readings = fit_texture_words("shop", texture, columns)
    return texture, {"pattern": striped, "usage": heavy}, columns, layer, readings


def _accuracy(layer, reading, texture, truth):
    return (reading.share(layer.hidden(texture), [0, 1]).argmax(axis=1) == truth).mean()


@pytest.mark.parametrize(("column", "least"), [("pattern", 0.85), ("usage", 0.9)])
def test_words_that_no_line_parts_are_learnt_and_gaps_are_no_words(shop, column, least):
    texture, truth, columns, layer, readings = shop
    blank = columns[column] < 0

    assert _accuracy(layer, readings[column], texture[blank], truth[column][blank]) > least


def test_the_same_rows_and_seed_give_the_same_network_and_leave_chance_alone(shop):
    texture, _, columns, layer, readings = shop
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)

    again, read_again = fit_texture_words("shop", texture, columns)

    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(again.inner.weight, layer.inner.weight)
    assert np.array_equal(read_again["usage"].weight, readings["usage"].weight)


def test_a_network_survives_the_version_file(shop):
    texture, _, _, layer, readings = shop

    read = TextureLayer.from_dict(json.loads(json.dumps(layer.to_dict())))
    reading = Reading.from_dict(json.loads(json.dumps(readings["pattern"].to_dict())))

    assert read.source == "shop"
    assert np.array_equal(read.inner.weight, layer.inner.weight)  # rounded before the bias was set
    expected = readings["pattern"].share(layer.hidden(texture), [0, 1])
    assert reading.share(read.hidden(texture), [0, 1]) == pytest.approx(expected, abs=2e-3)


def test_the_hidden_units_are_those_of_torch(shop):
    texture, _, _, layer, _ = shop
    inner = torch.from_numpy(texture.astype(np.float64) @ layer.inner.weight.T + layer.inner.bias)

    assert layer.hidden(texture) == pytest.approx(torch.nn.functional.gelu(inner).numpy())


def test_words_that_do_not_compete_get_no_share(shop):
    texture, _, _, layer, readings = shop

    assert readings["usage"].share(layer.hidden(texture), [1]) == pytest.approx(1.0)
