"""Training heads on tiny embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from bench.missing_labels.heads import (
    Plan,
    attribute_targets,
    encode_table,
    fit_attributes,
    fit_category,
)
from bench.missing_labels.labels import blank_means_no, hide_half
from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.loss import attribute_loss
from tagger.training_set import encode_targets

SHADES = ("cone", "drum", "globe")


@dataclass(frozen=True)
class Record:
    label: GarmentLabel


def _cell(shade):
    return CellLabel(state=CellState.VALUE, any_of=frozenset({shade}))


def _samples(shades):
    return [
        Record(
            GarmentLabel(
                categories=frozenset({"lantern"}),
                cells={} if shade is None else {"shade": _cell(shade)},
            )
        )
        for shade in shades
    ]


def _half_hidden(samples):
    labels = hide_half([sample.label for sample in samples], np.random.default_rng(0))
    return [Record(label) for label in labels]


@pytest.fixture
def told(lamps):
    def encode(samples, visible, blank_weight=None):
        return attribute_targets(
            lamps, encode_table(lamps, samples), visible, blank_weight=blank_weight, rarity=0.5
        )

    return encode


def _losses(logits, targets):
    return attribute_loss(logits, targets.targets, targets.owner, weights=targets.weights)


@pytest.fixture
def given():
    return _samples([SHADES[at % 3] for at in range(30)])


def test_attributes_without_labels_are_left_out(told, given):
    targets = told(given, given)

    assert targets.columns.tolist() == [0, 1, 2, 3]  # the shade's values
    assert targets.owner.tolist() == [0, 0, 0, 0]
    assert targets.weights.labelled.shape == (1,)


@pytest.mark.parametrize("blank_weight", [None, 1.0])
def test_filling_cells_is_encoding_the_labels_that_are_left(lamps, told, given, blank_weight):
    visible = _half_hidden(given)
    labels = [sample.label for sample in visible]
    if blank_weight is not None:
        labels = [blank_means_no(lamps, label) for label in labels]

    targets = told(given, visible, blank_weight)

    expected = encode_targets(lamps, [Record(label) for label in labels])
    assert torch.equal(targets.targets.values, expected.values[:, :4])
    assert torch.equal(targets.targets.any_of, expected.any_of[:, :4])


def test_hidden_cells_add_exactly_nothing_with_four_states(told, given):
    visible = _half_hidden(given)
    hidden = torch.tensor([not sample.label.cells for sample in visible])
    logits = torch.randn(30, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)

    losses = _losses(logits, told(given, visible))
    losses.sum().backward()

    assert hidden.sum() == 15
    assert (losses[hidden] == 0).all()
    assert (losses[~hidden] > 0).all()
    assert (logits.grad[hidden] == 0).all()
    noes = _losses(logits, told(given, visible, 1.0))
    assert (noes[hidden] > 0).all()
    assert torch.equal(noes[~hidden], losses[~hidden])


def test_blanks_become_zeros_and_the_lower_weight_scales_their_loss(told, given):
    samples = [*_samples([None]), *given]
    full, weak = (told(samples, samples, weight) for weight in (1.0, 0.1))
    logits = torch.zeros(31, 4)

    assert full.targets.values[0].tolist() == [0, 0, 0, -1]  # the last is not for lanterns
    assert torch.equal(full.weights.labelled, weak.weights.labelled)
    strong, light = _losses(logits, full), _losses(logits, weak)
    assert light[0] == pytest.approx(0.1 * float(strong[0]))
    assert torch.equal(strong[1:], light[1:])


def test_an_attribute_that_does_not_apply_is_the_same_to_every_trainer(told):
    samples = _samples(["cone"] * 12)
    torches = [Record(GarmentLabel(categories=frozenset({"torch"})))] * 3

    masked, filled = (told([*samples, *torches], [*samples, *torches], w) for w in (None, 1.0))

    assert masked.targets.not_applicable[:, 0].tolist() == [False] * 12 + [True] * 3
    assert torch.equal(masked.targets.values[12:], filled.targets.values[12:])
    assert (filled.targets.values[12:] == 0).all()


def test_blanks_drag_probabilities_down_unless_they_are_masked(told):
    embeddings = torch.eye(3).repeat(40, 1)
    visible = _samples([SHADES[at % 3] if at < 60 else None for at in range(120)])
    plan = Plan(epochs=60, batch_size=40, rate=2e-2, dropout=0.0)

    tops = []
    for weight in (None, 1.0):
        head = fit_attributes(embeddings, told(visible, visible, weight), plan, seed=0)
        probability = torch.sigmoid(head(embeddings[:3])).detach()
        assert probability[:, :3].argmax(dim=1).tolist() == [0, 1, 2]
        tops.append(float(probability.max(dim=1).values.mean()))

    assert tops[0] > 0.9
    assert tops[1] == pytest.approx(0.5, abs=0.1)


def test_the_category_head_learns_and_the_same_seed_gives_the_same_head():
    embeddings, target = torch.eye(3).repeat(20, 1), torch.eye(3).repeat(20, 1)
    plan = Plan(epochs=40, batch_size=20, rate=5e-2, dropout=0.0)

    first, second = (fit_category(embeddings, target, plan, seed=4) for _ in range(2))

    assert first(torch.eye(3)).argmax(dim=1).tolist() == [0, 1, 2]
    assert torch.equal(first.weight, second.weight)
