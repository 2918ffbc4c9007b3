"""Train the model's heads on fixed embeddings, with the model's own loss.

Legend: N samples, C channels, K leaf categories, V values, A attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from bench.missing_labels.labels import blank_means_no, given_cells
from ontology.targets import layout
from tagger.loss import MISSING, LossWeights, TargetBatch, attribute_loss, category_loss
from tagger.model import Branches
from tagger.training_set import encode_targets, rows_of
from tagger.weighting import count_weights

if TYPE_CHECKING:
    from ontology.model import AttributeId, Ontology
    from tagger.dataset import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the heads are trained; rates, decay and dropout are those of `weft train`.

    Attributes:
        epochs: Passes over the training rows.
        batch_size: Rows a step.
        rate: Peak learning rate.
        weight_decay: AdamW's decay of matrices.
        dropout: Applied to the embeddings, 0..1.
        warm_up: Share of all steps over which the rate rises, 0..1.
        branch_width: Hidden units an attribute.
        rarity: As in `LossWeights.from_counts`.
    """

    epochs: int = 10
    batch_size: int = 256
    rate: float = 2e-3
    weight_decay: float = 0.02
    dropout: float = 0.2
    warm_up: float = 0.1
    branch_width: int = 16
    rarity: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeTargets:
    """Encoded labels of the attributes that training says anything about.

    Attributes:
        targets: N rows, with the columns of the kept attributes only.
        weights: Factors of the kept attributes.
        columns: Where the kept values stand among all values of the ontology.
        owner: Position of each kept value's attribute among the kept ones.
    """

    targets: TargetBatch
    weights: LossWeights
    columns: Tensor
    owner: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All training labels, encoded once.

    Attributes:
        full: Nothing hidden, blank cells masked.
        blank: Every applicable cell as one whose blank means "no".
        given: (N, A) which cells hold values.
    """

    full: TargetBatch
    blank: TargetBatch
    given: Tensor


def encode_table(ontology: Ontology, samples: Sequence[Sample]) -> Table:
    """Encode the labels of all training samples."""
    emptied = [
        replace(sample, label=blank_means_no(ontology, replace(sample.label, cells={})))
        for sample in samples
    ]
    given = given_cells([sample.label for sample in samples], list(layout(ontology).slices))
    return Table(
        full=encode_targets(ontology, samples),
        blank=encode_targets(ontology, emptied),
        given=torch.from_numpy(given),
    )


def attribute_targets(
    ontology: Ontology,
    table: Table,
    visible: Sequence[Sample],
    *,
    blank_weight: float | None,
    rarity: float,
) -> AttributeTargets:
    """Encode what a trainer is told.

    Args:
        ontology: Gives the order of attributes and values.
        table: All labels, hidden ones included.
        visible: Samples with the labels that are left; their counts set the loss's factors, and
            attributes without any are left out.
        blank_weight: None masks blank cells; a number makes all their values "no" at that weight.
        rarity: As in `LossWeights.from_counts`.
    """
    slices = layout(ontology).slices
    left = torch.from_numpy(given_cells([sample.label for sample in visible], list(slices)))
    told = _fill(table, left, blank_weight, torch.tensor(_owners(slices)))
    kept = left.any(dim=0).nonzero().flatten().tolist()
    spans = [torch.arange(span.start, span.stop) for span in slices.values()]
    columns = torch.cat([spans[at] for at in kept])
    weights = count_weights(ontology, visible, told, rarity=rarity)
    return AttributeTargets(
        targets=TargetBatch(
            category=told.category,
            values=told.values[:, columns],
            any_of=told.any_of[:, columns],
            not_applicable=told.not_applicable[:, kept],
            weights=told.weights[:, kept],
        ),
        weights=replace(
            weights,
            labelled=weights.labelled[kept],
            not_applicable=weights.not_applicable[kept],
        ),
        columns=columns,
        owner=torch.cat([torch.full((len(spans[at]),), n) for n, at in enumerate(kept)]),
    )


def _owners(slices: Mapping[AttributeId, slice]) -> list[int]:
    return [at for at, span in enumerate(slices.values()) for _ in range(span.stop - span.start)]


def _fill(table: Table, left: Tensor, blank_weight: float | None, owner: Tensor) -> TargetBatch:
    """Take the hidden cells out, and put "no" into all blank ones where that is asked for."""
    full, applies = table.full, ~table.full.not_applicable
    if blank_weight is None:
        hidden = (table.given & ~left & applies)[:, owner]
        return replace(
            full,
            values=full.values.masked_fill(hidden, MISSING),
            any_of=full.any_of.masked_fill(hidden, 0),
        )
    blank = ~left & applies
    return replace(
        full,
        values=torch.where(blank[:, owner], table.blank.values, full.values),
        any_of=full.any_of.masked_fill(blank[:, owner], 0),
        weights=full.weights.masked_fill(blank, blank_weight),
    )


def fit_attributes(
    embeddings: Tensor, told: AttributeTargets, plan: Plan, *, seed: int
) -> nn.Module:
    """Train one branch an attribute on embeddings (N, C)."""
    torch.manual_seed(seed)
    branches = Branches(
        embeddings.shape[1], width=plan.branch_width, attribute_of_value=told.owner.tolist()
    )

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        targets = rows_of(told.targets, rows)
        return attribute_loss(logits, targets, told.owner, weights=told.weights).mean()

    return _fit(branches, embeddings, loss, plan, seed=seed)


def fit_category(embeddings: Tensor, target: Tensor, plan: Plan, *, seed: int) -> nn.Module:
    """Train the category head on embeddings (N, C) and targets (N, K)."""
    torch.manual_seed(seed)
    head = nn.Linear(embeddings.shape[1], target.shape[1])

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        return category_loss(logits, target[rows]).mean()

    return _fit(head, embeddings, loss, plan, seed=seed)


def _fit(
    head: nn.Module,
    embeddings: Tensor,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    plan: Plan,
    *,
    seed: int,
) -> nn.Module:
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in head.parameters() if p.ndim > 1]},
            {"params": [p for p in head.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ],
        weight_decay=plan.weight_decay,
    )
    steps_per_epoch = math.ceil(len(embeddings) / plan.batch_size)
    num_steps, step = steps_per_epoch * plan.epochs, 0
    for _ in range(plan.epochs):
        for rows in torch.randperm(len(embeddings), generator=order).split(plan.batch_size):
            for group in optimizer.param_groups:
                group["lr"] = plan.rate * _factor(step / num_steps, plan.warm_up)
            logits = head(nn.functional.dropout(embeddings[rows], plan.dropout))
            loss = loss_of(logits, rows)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            step += 1
    return head.eval()


def _factor(done: float, warm: float) -> float:
    """Rise linearly over the first `warm` share of the steps, then fall as a half cosine."""
    if done < warm:
        return max(done / warm, 1e-3)
    return max(0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm))), 1e-3)
