"""The missing-aware loss over categories and attribute values.

For attribute a with N_a labelled samples in the training set of N samples, a sample adds
`w_a * N / N_a * masked BCE` and the batch mean is taken, which is the sum over attributes of
`w_a / N_a * sum of masked BCE` over the whole set (equations 1 and 2 of the multi-branch attribute
paper, with the data-set count that it states). A cell that is missing adds exactly nothing.

A label that maps to a set of values adds `-log P(any value of the set)` with
`P(any) = 1 - prod(1 - p_v)`, and negatives on the rest of the source's vocabulary.

Legend: B samples, K leaf categories, V values over all attributes, A attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

MISSING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBatch:
    """Encoded labels of a batch.

    Attributes:
        category: (B, K) of 1 (may be this leaf), 0 (is not), -1 in every place when missing.
        values: (B, V) of 1, 0 or -1 (masked).
        any_of: (B, V) of 1 where the value belongs to a set label, else 0.
        not_applicable: (B, A) true where the attribute does not apply to the garment.
        weights: (B, A) sample weight of each cell, 0..1.
        category_weights: (B,) sample weight of the category, 0..1; None for 1 everywhere.
    """

    category: Tensor
    values: Tensor
    any_of: Tensor
    not_applicable: Tensor
    weights: Tensor
    category_weights: Tensor | None = None

    def to(self, device: torch.device) -> TargetBatch:
        """Give the same labels on a device."""
        return TargetBatch(
            category=self.category.to(device),
            values=self.values.to(device),
            any_of=self.any_of.to(device),
            not_applicable=self.not_applicable.to(device),
            weights=self.weights.to(device),
            category_weights=(
                self.category_weights.to(device) if self.category_weights is not None else None
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Per-attribute scale factors, fixed before training from the training set's counts.

    Attributes:
        labelled: (A,) factor of a labelled cell.
        not_applicable: (A,) factor of a not-applicable cell.
        category: Factor of the category term.
    """

    labelled: Tensor
    not_applicable: Tensor
    category: float = 1.0

    @classmethod
    def from_counts(
        cls,
        labelled: Tensor,
        not_applicable: Tensor,
        *,
        num_samples: int,
        rarity: float = 0.5,
        not_applicable_share: float = 0.1,
        category: float = 1.0,
    ) -> LossWeights:
        """Turn training-set counts into factors.

        Args:
            labelled: (A,) samples that carry each attribute.
            not_applicable: (A,) samples to which it does not apply.
            num_samples: N.
            rarity: 1 gives every attribute the same total weight whatever its count (w_a = 1);
                0 gives every labelled cell the same weight (w_a = N_a / N); between tempers.
            not_applicable_share: Total weight of an attribute's not-applicable cells, relative to
                that of its labelled ones.
            category: Factor of the category term.
        """
        scale = (num_samples / labelled.clamp(min=1).float()).pow(rarity)
        labelled_total = scale * labelled.float() / num_samples
        per_cell = not_applicable_share * labelled_total * num_samples
        return cls(
            labelled=torch.where(labelled > 0, scale, torch.zeros_like(scale)),
            not_applicable=per_cell / not_applicable.clamp(min=1).float(),
            category=category,
        )

    def to(self, device: torch.device) -> LossWeights:
        """Give the same factors on a device."""
        return LossWeights(
            labelled=self.labelled.to(device),
            not_applicable=self.not_applicable.to(device),
            category=self.category,
        )


def category_loss(logits: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """Give `-log P(any leaf of the set)` for each sample, (B,); 0 where the category is missing.

    Args:
        logits: (B, K).
        target: (B, K) as in `TargetBatch.category`.
        smoothing: Share of the weight given to the mean log probability of all leaves, 0..1.
    """
    log_probability = functional.log_softmax(logits.float(), dim=1)
    member = target == 1
    known = member.any(dim=1)
    chosen = log_probability.masked_fill(~member, -torch.inf)
    chosen = torch.where(known[:, None], chosen, log_probability)
    loss = -(1 - smoothing) * torch.logsumexp(chosen, dim=1)
    if smoothing:
        loss = loss - smoothing * log_probability.mean(dim=1)
    return torch.where(known, loss, torch.zeros_like(loss))


def attribute_loss(
    logits: Tensor, targets: TargetBatch, owner: Tensor, *, weights: LossWeights
) -> Tensor:
    """Give the weighted attribute loss of each sample, (B,).

    Args:
        logits: (B, V).
        targets: The encoded labels.
        owner: (V,) position of each value's attribute.
        weights: Factors per attribute.
    """
    logits = logits.float()
    num_attributes = weights.labelled.numel()
    positive = targets.values.clamp(min=0).float()
    cell = functional.binary_cross_entropy_with_logits(logits, positive, reduction="none")
    cell = torch.where(targets.values == MISSING, torch.zeros_like(cell), cell)
    per_attribute = _sum_by_owner(cell, owner, num_attributes)

    in_set = targets.any_of.bool()
    log_none = torch.where(in_set, -functional.softplus(logits), torch.zeros_like(logits))
    log_none = _sum_by_owner(log_none, owner, num_attributes)
    has_set = _sum_by_owner(in_set.float(), owner, num_attributes) > 0
    set_loss = torch.where(has_set, -_log1mexp(log_none), torch.zeros_like(log_none))

    factor = torch.where(targets.not_applicable, weights.not_applicable, weights.labelled)
    return ((per_attribute + set_loss) * factor * targets.weights).sum(dim=1)


def total_loss(
    category_logits: Tensor,
    value_logits: Tensor,
    targets: TargetBatch,
    owner: Tensor,
    *,
    weights: LossWeights,
    smoothing: float = 0.0,
) -> Tensor:
    """Give the batch mean of category and attribute terms, a scalar."""
    category = weights.category * category_loss(
        category_logits, targets.category, smoothing=smoothing
    )
    if targets.category_weights is not None:
        category = category * targets.category_weights
    attributes = attribute_loss(value_logits, targets, owner, weights=weights)
    return (category + attributes).mean()


def _sum_by_owner(cells: Tensor, owner: Tensor, num_attributes: int) -> Tensor:
    """Sum (B, V) into (B, A)."""
    total = cells.new_zeros((len(cells), num_attributes))
    return total.index_add_(1, owner, cells)


def _log1mexp(log_p: Tensor) -> Tensor:
    """Give log(1 - exp(log_p)) for log_p < 0, stable at both ends (Maechler 2012)."""
    log_p = log_p.clamp(max=-1e-6)
    split = -0.6931471805599453
    near = torch.log(-torch.expm1(log_p.clamp(min=split)))
    far = torch.log1p(-torch.exp(log_p.clamp(max=split)))
    return torch.where(log_p > split, near, far)
