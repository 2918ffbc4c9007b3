"""The loss against a plain loop over its formula."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tagger.loss import LossWeights, TargetBatch, attribute_loss, category_loss, total_loss

OWNER = torch.tensor([0, 0, 0, 1, 1])
NUM_ATTRIBUTES = 2


def _random_batch(seed: int, rows: int = 7) -> tuple[torch.Tensor, TargetBatch]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, 5, generator=generator)
    values = torch.randint(-1, 2, (rows, 5), generator=generator)
    any_of = (torch.rand(rows, 5, generator=generator) < 0.3).long()
    values[any_of == 1] = -1
    return logits, TargetBatch(
        category=torch.full((rows, 3), -1),
        values=values,
        any_of=any_of,
        not_applicable=torch.rand(rows, NUM_ATTRIBUTES, generator=generator) < 0.3,
        weights=torch.rand(rows, NUM_ATTRIBUTES, generator=generator),
    )


def _by_the_book(logits: torch.Tensor, targets: TargetBatch, weights: LossWeights) -> list[float]:
    losses = []
    for row in range(len(logits)):
        total = 0.0
        for attribute in range(NUM_ATTRIBUTES):
            cell, none, has_set = 0.0, 1.0, False
            for value in range(5):
                if OWNER[value] != attribute:
                    continue
                p = 1 / (1 + math.exp(-float(logits[row, value])))
                target = int(targets.values[row, value])
                if target == 1:
                    cell -= math.log(p)
                elif target == 0:
                    cell -= math.log(1 - p)
                if targets.any_of[row, value]:
                    has_set, none = True, none * (1 - p)
            if has_set:
                cell -= math.log(1 - none)
            not_applicable = bool(targets.not_applicable[row, attribute])
            factor = weights.not_applicable if not_applicable else weights.labelled
            total += cell * float(factor[attribute]) * float(targets.weights[row, attribute])
        losses.append(total)
    return losses


@pytest.mark.parametrize("seed", range(5))
def test_attribute_loss_equals_the_formula_written_as_a_loop(seed):
    logits, targets = _random_batch(seed)
    weights = LossWeights(
        labelled=torch.tensor([1.5, 0.7]), not_applicable=torch.tensor([0.2, 0.05])
    )

    found = attribute_loss(logits, targets, OWNER, weights=weights)

    assert found.tolist() == pytest.approx(_by_the_book(logits, targets, weights), rel=1e-4)


def test_missing_cells_have_no_value_and_no_gradient():
    logits = torch.randn(4, 5, requires_grad=True)
    nothing = TargetBatch(
        category=torch.full((4, 3), -1),
        values=torch.full((4, 5), -1),
        any_of=torch.zeros(4, 5),
        not_applicable=torch.zeros(4, NUM_ATTRIBUTES, dtype=torch.bool),
        weights=torch.ones(4, NUM_ATTRIBUTES),
    )
    weights = LossWeights(labelled=torch.ones(2), not_applicable=torch.ones(2))
    category = torch.randn(4, 3, requires_grad=True)

    loss = total_loss(category, logits, nothing, OWNER, weights=weights, smoothing=0.1)
    loss.backward()

    assert loss.item() == 0.0
    assert torch.equal(logits.grad, torch.zeros_like(logits))
    assert torch.equal(category.grad, torch.zeros_like(category))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_weight_of_a_sample_scales_its_category_and_nothing_else(smoothing):
    logits, targets = _random_batch(3, rows=4)
    target = torch.tensor([[1, 0, 0], [0, 1, 1], [-1, -1, -1], [0, 0, 1]])
    trust = torch.tensor([1.0, 0.25, 0.5, 0.0])
    targets = replace(targets, category=target, category_weights=trust)
    category = torch.randn(4, 3, generator=torch.Generator().manual_seed(8))
    weights = LossWeights(labelled=torch.ones(2), not_applicable=torch.ones(2), category=0.7)

    found = total_loss(category, logits, targets, OWNER, weights=weights, smoothing=smoothing)

    expected = sum(_by_the_book(logits, targets, weights))
    for row in range(4):
        chances = category[row].softmax(dim=0).tolist()
        some = [p for p, member in zip(chances, target[row].tolist(), strict=True) if member == 1]
        if some:
            even = sum(map(math.log, chances)) / 3
            loss = -(1 - smoothing) * math.log(sum(some)) - smoothing * even
            expected += 0.7 * float(trust[row]) * loss
    assert found.item() == pytest.approx(expected / 4, rel=1e-4)


def test_without_weights_of_samples_every_category_counts_in_full():
    logits, targets = _random_batch(4, rows=3)
    targets = replace(targets, category=torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))
    category = torch.randn(3, 3, generator=torch.Generator().manual_seed(9))
    weights = LossWeights(labelled=torch.ones(2), not_applicable=torch.ones(2))
    full = replace(targets, category_weights=torch.ones(3))

    found = [total_loss(category, logits, one, OWNER, weights=weights) for one in (targets, full)]

    assert found[0].item() == found[1].item()


def test_a_set_label_is_content_with_any_of_its_values():
    targets = TargetBatch(
        category=torch.full((2, 3), -1),
        values=torch.full((2, 5), -1),
        any_of=torch.tensor([[1, 1, 0, 0, 0], [1, 1, 0, 0, 0]]),
        not_applicable=torch.zeros(2, NUM_ATTRIBUTES, dtype=torch.bool),
        weights=torch.ones(2, NUM_ATTRIBUTES),
    )
    logits = torch.tensor([[8.0, -8.0, 0, 0, 0], [-8.0, -8.0, 8.0, 0, 0]])
    weights = LossWeights(labelled=torch.ones(2), not_applicable=torch.ones(2))

    satisfied, violated = attribute_loss(logits, targets, OWNER, weights=weights).tolist()

    assert satisfied < 0.001
    assert violated > 6


def test_set_loss_stays_finite_at_extreme_logits():
    targets = TargetBatch(
        category=torch.full((2, 3), -1),
        values=torch.full((2, 5), -1),
        any_of=torch.tensor([[1, 1, 0, 0, 0], [0, 0, 0, 1, 1]]),
        not_applicable=torch.zeros(2, NUM_ATTRIBUTES, dtype=torch.bool),
        weights=torch.ones(2, NUM_ATTRIBUTES),
    )
    logits = torch.tensor([[90.0, 90, 0, 0, 0], [0, 0, 0, -90.0, -90.0]], requires_grad=True)
    weights = LossWeights(labelled=torch.ones(2), not_applicable=torch.ones(2))

    loss = attribute_loss(logits, targets, OWNER, weights=weights).sum()
    loss.backward()

    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_category_loss_is_the_log_probability_of_the_set():
    logits = torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5], [3.0, 0.0, 0.0]])
    target = torch.tensor([[1, 1, 0], [0, 0, 1], [-1, -1, -1]])
    probability = logits.softmax(dim=1)

    found = category_loss(logits, target).tolist()

    assert found[0] == pytest.approx(-math.log(float(probability[0, :2].sum())), rel=1e-5)
    assert found[1] == pytest.approx(math.log(3), rel=1e-5)
    assert found[2] == 0.0


def test_counts_of_the_training_set_make_attributes_equal_in_total_when_asked():
    labelled = torch.tensor([900, 30])

    weights = LossWeights.from_counts(
        labelled, torch.tensor([100, 500]), num_samples=1000, rarity=1.0, not_applicable_share=0.1
    )

    totals = weights.labelled * labelled
    assert totals.tolist() == pytest.approx([1000.0, 1000.0])
    assert (weights.not_applicable * torch.tensor([100, 500])).tolist() == pytest.approx([100, 100])


def test_an_attribute_that_nobody_labelled_weighs_nothing():
    weights = LossWeights.from_counts(torch.tensor([10, 0]), torch.tensor([0, 50]), num_samples=100)

    assert weights.labelled[1] == 0
    assert weights.not_applicable[1] == 0
