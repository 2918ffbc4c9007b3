"""How sources word what they see."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from tagger.heads import Head
from tagger.reading import Reading
from tagger.scoring import Calibration
from tagger.texture_words import TextureLayer
from tagger.wording import MIN_ROWS, Wording, fit_embedding_words, frequent_words, overlaps


def _rows(count, centre, rng):
    return rng.normal(centre, 0.3, size=(count, 4)).astype(np.float32)


@pytest.fixture
def fitted():
    rng = np.random.default_rng(1)
    inputs = np.concatenate(
        [
            _rows(80, [0, 0, 0, 0], rng),
            _rows(60, [2, 0, 0, 0], rng),
            _rows(40, [2, 2, 0, 0], rng),
            _rows(MIN_ROWS - 1, [9, 9, 9, 9], rng),
        ]
    )
    words = ["plain"] * 80 + ["printed"] * 60 + ["graphic"] * 40 + ["rare"] * (MIN_ROWS - 1)
    return _fit(inputs, words), inputs, words


def _fit(inputs, words):
    names = frequent_words(words)
    reading = fit_embedding_words(inputs, words, names)
    return Wording(source="shop", key="pattern", names=names, embedding=reading)


def _joined(wording, said, inputs, names):
    return wording.joined(said, names, embedding=inputs, hidden=None)


def _habit(wording, inputs, names):
    """Give (N, S) what a wording adds to a model that finds all labels equally likely."""
    even = np.full((len(inputs), len(names)), 1 / len(names))
    return 2 * _joined(wording, even, inputs, names) - even


def test_a_narrow_word_wins_over_the_wide_one_where_the_source_uses_it(fitted):
    wording, inputs, words = fitted
    names = ["graphic", "plain", "printed"]

    share = _habit(wording, inputs[:180], names)

    said = [names[at] for at in share.argmax(axis=1)]
    right = sum(a == b for a, b in zip(said, words, strict=False)) / 180
    assert right > 0.95
    assert share.sum(axis=1) == pytest.approx(np.ones(180))


def test_a_word_that_was_too_rare_to_learn_keeps_what_the_model_says(fitted):
    wording, inputs, _ = fitted
    names = ["rare", "plain", "printed", "graphic"]
    said = np.tile([0.4, 0.3, 0.2, 0.1], (len(inputs), 1))

    joined = _joined(wording, said, inputs, names)

    assert "rare" not in wording.names
    assert joined[:, 0] == pytest.approx(said[:, 0])
    assert joined.sum(axis=1) == pytest.approx(np.ones(len(inputs)))
    assert (said == [0.4, 0.3, 0.2, 0.1]).all()


def test_of_labels_that_it_never_met_a_habit_knows_nothing(fitted):
    wording, inputs, _ = fitted
    said = np.tile([0.7, 0.3], (len(inputs), 1))

    assert _joined(wording, said, inputs, ["woven", "knitted"]) == pytest.approx(said)


def test_where_labels_overlap_no_probability_passes_one(fitted):
    wording, inputs, _ = fitted
    said = np.tile([0.05, 0.95, 0.95], (len(inputs), 1))  # what is graphic is printed, too

    assert _joined(wording, said, inputs, ["plain", "printed", "graphic"]).max() <= 1


def test_two_words_share_one_probability():
    rng = np.random.default_rng(2)
    inputs = np.concatenate([_rows(30, [0, 0, 0, 0], rng), _rows(30, [3, 3, 0, 0], rng)])

    wording = _fit(inputs, ["wide"] * 30 + ["narrow"] * 30)

    share = _habit(wording, inputs, ["wide", "narrow"])
    assert share.sum(axis=1) == pytest.approx(np.ones(60))
    assert share[:30, 0].min() > 0.5 > share[30:, 0].max()


def test_one_frequent_word_is_no_choice():
    assert frequent_words(["wide"] * 30 + ["narrow"] * (MIN_ROWS - 1)) == ()


def test_a_wording_survives_the_version_file(fitted):
    wording, inputs, _ = fitted
    stored = json.loads(json.dumps(Calibration(wordings=(wording,)).to_dict()))

    read = Calibration.from_dict(stored)

    assert read.wording("shop", "colour") is None
    again = read.wording("shop", "pattern")
    assert isinstance(again, Wording)
    names = list(wording.names)
    assert _habit(again, inputs, names) == pytest.approx(_habit(wording, inputs, names), abs=1e-3)


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(lambda weight: weight.tolist(), id="lists"),
        pytest.param(
            lambda weight: base64.b64encode(weight.astype("<f2").tobytes()).decode(), id="Base64"
        ),
    ],
)
def test_an_older_version_s_weights_are_read(fitted, older):
    wording, inputs, _ = fitted
    plain = {**wording.to_dict(), "weight": older(wording.embedding.weight)}

    names = list(wording.names)
    assert _habit(Wording.from_dict(plain), inputs, names) == pytest.approx(
        _habit(wording, inputs, names), abs=1e-3
    )


@pytest.mark.parametrize(
    ("vocabulary", "expected"),
    [
        ({"printed": {"a", "b"}, "graphic": {"a"}, "plain": {"c"}}, True),
        ({"printed": {"a", "b"}, "plain": {"c"}}, False),
    ],
)
def test_labels_overlap_if_two_of_them_share_a_value(vocabulary, expected):
    sets = {name: frozenset(values) for name, values in vocabulary.items()}

    assert overlaps(Head(key="pattern", column="pattern", vocabulary=sets, rows=())) is expected


def test_a_model_and_two_readings_weigh_alike():
    zeros = np.zeros((2, 3))
    wording = Wording(
        source="shop",
        key="pattern",
        names=("graphic", "printed"),
        embedding=Reading(weight=zeros, bias=np.log([0.9, 0.1])),
        texture=Reading(weight=zeros, bias=np.log([0.3, 0.7])),
    )
    said, nothing = np.array([[0.5, 0.3, 0.2]]), np.zeros((1, 3), np.float32)
    names = ["plain", "graphic", "printed"]

    both = wording.joined(said, names, embedding=nothing, hidden=nothing)
    blind = wording.joined(said, names, embedding=nothing, hidden=None)

    assert both[0] == pytest.approx([0.5, (0.3 + 0.45 + 0.15) / 3, (0.2 + 0.05 + 0.35) / 3])
    assert blind[0] == pytest.approx([0.5, (0.3 + 0.45) / 2, (0.2 + 0.05) / 2])


def test_a_wording_of_texture_alone_survives_the_version_file():
    weight = np.array([[0.5, -1.0], [0.25, 2.0]])
    reading = Reading(weight=weight, bias=np.array([0.1, 0.2]))
    wording = Wording(source="shop", key="pattern", names=("a", "b"), texture=reading)
    layer = TextureLayer(source="shop", inner=Reading(weight=np.eye(2), bias=np.zeros(2)))
    stored = Calibration(wordings=(wording,), textures=(layer,)).to_dict()

    read = Calibration.from_dict(json.loads(json.dumps(stored)))

    again = read.wording("shop", "pattern")
    assert again is not None
    assert again.embedding is None
    assert again.texture is not None
    assert np.array_equal(again.texture.weight, weight)
    assert read.texture("other") is None
    found = read.texture("shop")
    assert found is not None
    assert np.array_equal(found.inner.weight, np.eye(2))
