from __future__ import annotations

import numpy as np
import pytest

from tagger.calibrate import LabelledCells, fit_temperature, fit_threshold
from tagger.scoring import softmax


def _cells(temperature: float, count: int = 4000) -> LabelledCells:
    """Cells whose labels follow softmax(logits / temperature)."""
    random = np.random.default_rng(3)
    logits = random.normal(scale=4.0, size=(count, 5))
    cumulative = softmax(logits / temperature).cumsum(axis=1)
    chosen = (random.random((count, 1)) > cumulative).sum(axis=1).clip(max=4)
    return LabelledCells(logits=logits, member=np.eye(5, dtype=bool)[chosen])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_fit_temperature_recovers_the_temperature_that_made_the_labels(temperature):
    assert fit_temperature([_cells(temperature)]) == pytest.approx(temperature, rel=0.12)


def test_fit_temperature_gives_the_prior_for_few_cells():
    assert fit_temperature([_cells(1.0, count=10)], prior=1.7) == 1.7


def test_fit_threshold_keeps_the_error_of_answers_within_the_limit():
    random = np.random.default_rng(5)
    scores = random.uniform(0.2, 1.0, 5000)
    correct = random.random(5000) < scores

    threshold = fit_threshold(scores, correct, floor=0.5, max_error=0.10)

    answered = scores >= threshold
    assert 0.05 < 1 - correct[answered].mean() <= 0.10
    assert answered.mean() > 0.15


def test_fit_threshold_never_answers_a_head_that_is_always_wrong():
    assert fit_threshold(np.full(200, 0.9), np.zeros(200, dtype=bool), floor=0.5) == 1.0


def test_fit_threshold_has_a_floor():
    assert fit_threshold(np.linspace(0.1, 1, 300), np.ones(300, dtype=bool), floor=0.5) == 0.5
