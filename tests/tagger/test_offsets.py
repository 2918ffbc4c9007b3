"""How much more often a source writes a label than the model expects."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tagger.offsets import MIN_CELLS, Offsets, fit_offsets
from tagger.scoring import Calibration

NAMES = ["dress", "jacket", "shirt"]


def _cells(count, *, leaning, seed=1):
    """Give probabilities that are right but for a leaning, and what was written."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, size=(count, len(NAMES)))
    share = np.exp(logits + np.array(leaning))
    share /= share.sum(axis=1, keepdims=True)
    truth = np.array([random.choice(len(NAMES), p=row) for row in share])
    probability = np.exp(logits)
    return probability / probability.sum(axis=1, keepdims=True), truth


def test_a_leaning_is_found_and_mends_the_answers():
    probability, truth = _cells(1500, leaning=[1.5, -1.0, 0.0])

    offsets = fit_offsets("shop", "category", probability, truth, NAMES)

    assert offsets is not None
    assert offsets.by_label["dress"] > offsets.by_label["shirt"] > offsets.by_label["jacket"]
    unseen, said = _cells(1500, leaning=[1.5, -1.0, 0.0], seed=2)
    shifted = offsets.applied(unseen, NAMES)
    assert shifted.sum(axis=1) == pytest.approx(np.ones(1500))
    assert (shifted.argmax(1) == said).mean() > (unseen.argmax(1) == said).mean() + 0.02


def test_without_a_leaning_nothing_is_kept():
    kept = [
        fit_offsets("shop", "category", *_cells(400, leaning=[0, 0, 0], seed=seed), NAMES)
        for seed in range(20)
    ]

    assert sum(offsets is not None for offsets in kept) <= 4


def test_offsets_that_raise_the_likelihood_alone_are_not_kept():
    """The rare label would never be answered again."""
    random = np.random.default_rng(3)
    truth = np.array([0] * 570 + [1] * 30)
    score = np.where(truth == 1, 0.55, 0.2) + random.uniform(-0.1, 0.1, size=600)
    probability = np.column_stack([1 - score, score])

    assert (probability.argmax(1) == truth).mean() > 0.98
    found = fit_offsets("shop", "usage", probability, truth, ["casual", "party"])
    assert found is not None
    assert found.by_label == {}


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_answers_that_are_too_sure_or_not_sure_enough_are_scaled(scale):
    right, truth = _cells(1500, leaning=[0, 0, 0])
    probability = right ** (1 / scale)
    probability /= probability.sum(axis=1, keepdims=True)

    offsets = fit_offsets("shop", "category", probability, truth, NAMES)

    assert offsets is not None
    assert offsets.scale == pytest.approx(scale, rel=0.15)
    scaled = offsets.applied(probability, NAMES)
    assert (scaled.argmax(1) == probability.argmax(1)).mean() > 0.99
    assert scaled.max(axis=1).mean() == pytest.approx(right.max(axis=1).mean(), abs=0.03)


def test_few_cells_fit_nothing():
    probability, truth = _cells(MIN_CELLS - 1, leaning=[3.0, -3.0, 0.0])

    assert fit_offsets("shop", "category", probability, truth, NAMES) is None


def test_a_label_that_was_never_met_is_left_alone():
    offsets = Offsets(source="shop", key="category", by_label={"dress": 1.0})

    shifted = offsets.applied(np.array([[0.25, 0.75]]), ["dress", "hat"])

    total = np.e * 0.25 + 0.75
    assert shifted[0] == pytest.approx([np.e * 0.25 / total, 0.75 / total])


def test_offsets_survive_the_version_file():
    offsets = Offsets(
        source="shop", key="category", by_label={"dress": 0.5, "hat": -0.25}, scale=1.25
    )
    stored = json.loads(json.dumps(Calibration(offsets=(offsets,)).to_dict()))

    read = Calibration.from_dict(stored)

    assert read.source_offsets("shop", "category") == offsets
    assert read.source_offsets("shop", "gender") is None
    assert Calibration.from_dict({**stored, "offsets": []}).offsets == ()
