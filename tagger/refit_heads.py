"""Fit category head and branches to corrections on embeddings, and keep what they knew.

A labelled cell is learnt with the project's own loss (`tagger.loss`). Every cell that no label
speaks of, on corrected garments and on the replay memory, keeps the answer that the heads gave
before (learning without forgetting, Li and Hoiem 2016, https://arxiv.org/abs/1606.09282), and the
weights are drawn back to where they were (L2-SP, Li et al. 2018,
https://arxiv.org/abs/1802.01483).

Legend: N garments, M rows of memory, C channels, K leaf categories, V values, A attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ontology.labels import CellState, GarmentLabel
from ontology.model import AttributeKind
from ontology.targets import layout
from tagger.loss import MISSING, LossWeights, TargetBatch, total_loss
from tagger.training_set import encode_targets, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.known import Taught
    from tagger.model import AttributeModel, Outputs

__all__ = [
    "HeadData",
    "RefitConfig",
    "fit_heads",
    "head_logits",
    "kept_loss",
    "kept_share",
    "prepare",
    "round_weights",
]


_LEAST_SHARE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitConfig:
    """How long heads are fitted, and how strongly they are held back.

    Attributes:
        steps: Optimiser steps.
        batch_size: Rows a step.
        rate: Peak learning rate, which falls to 0 along half a cosine.
        keep: Weight of a row's unlabelled cells, relative to its labelled ones.
        pull: How strongly weights are drawn back: a step of rate r takes r * pull of the way.
        seed: Of order and dropout.
    """

    steps: int = 240
    batch_size: int = 256
    rate: float = 2e-3
    keep: float = 4.0
    pull: float = 1.0
    seed: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Give the plain values for a manifest."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadData:
    """What heads are fitted to: corrected garments first, then the memory without labels.

    Attributes:
        embeddings: (N + M, C).
        targets: Encoded labels, N + M rows; those of the memory are missing throughout.
        weights: Factors per attribute.
        category_logits: (N + M, K) of the heads as they were.
        value_logits: (N + M, V) likewise.
        kept: (N + M, V) how much of each value's answer is to be kept, 0..1.
    """

    embeddings: Tensor
    targets: TargetBatch
    weights: LossWeights
    category_logits: Tensor
    value_logits: Tensor
    kept: Tensor

    def rows(self, index: Tensor) -> HeadData:
        """Take rows by an index (B,)."""
        return HeadData(
            embeddings=self.embeddings[index],
            targets=rows_of(self.targets, index),
            weights=self.weights,
            category_logits=self.category_logits[index],
            value_logits=self.value_logits[index],
            kept=self.kept[index],
        )


@dataclass(frozen=True, slots=True)
class _Blank:
    label: GarmentLabel = field(default_factory=GarmentLabel)


def prepare(
    model: AttributeModel,
    ontology: Ontology,
    *,
    garments: Sequence[Any],
    embeddings: NDArray[np.floating],
    memory: NDArray[np.floating],
    taught: Taught,
) -> HeadData:
    """Encode corrections and ask the heads, as they are now, what they would answer.

    Args:
        model: The live heads; left as they are.
        ontology: What they answer in.
        garments: N things with a `label`, 1 or more.
        embeddings: (N, C) of theirs.
        memory: (M, C), M may be 0.
        taught: What taught the live heads, for the weight of each attribute.
    """
    rows = np.concatenate([embeddings, memory]).astype(np.float32)
    category, values = head_logits(model, rows)
    # One blank row stands for all of the memory: encoding is slow, and they are all the same.
    targets = encode_targets(ontology, [*garments, _Blank()])
    index = torch.arange(len(rows)).clamp(max=len(garments))
    return HeadData(
        embeddings=torch.from_numpy(rows),
        targets=rows_of(targets, index),
        weights=round_weights(ontology, garments, taught),
        category_logits=torch.from_numpy(category),
        value_logits=torch.from_numpy(values),
        kept=kept_share(torch.from_numpy(values), ontology, taught),
    )


def head_logits(
    model: AttributeModel, embeddings: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read embeddings (N, C) through a network's heads: category (N, K) and value (N, V) logits."""
    was_training = model.training
    model.eval()
    with torch.no_grad():
        rows = torch.from_numpy(np.asarray(embeddings, dtype=np.float32))
        outputs = model.heads(rows.to(model.category.weight.device))
    model.train(was_training)
    return (
        outputs.category_logits.float().cpu().numpy(),
        outputs.value_logits.float().cpu().numpy(),
    )


def fit_heads(
    model: AttributeModel,
    data: HeadData,
    *,
    config: RefitConfig,
    only_category: bool = False,
    watch: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Fit a network's heads in place; backbone and attention are not touched.

    Args:
        model: Changed in place; in evaluation mode afterwards.
        data: What to learn and what to keep.
        config: How.
        only_category: Leave the branches as they are, because no label speaks of an attribute.
        watch: Called with (done, all) steps.
    """
    heads = [*model.category.parameters()]
    if not only_category:
        heads += model.branches.parameters()
    starts = [parameter.detach().clone() for parameter in heads]
    optimizer = torch.optim.Adam(heads, lr=config.rate)
    owner = model.branches.get_buffer("owner")
    generator = torch.Generator().manual_seed(config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model.dropout.train()
        for step in range(config.steps):
            rate = config.rate * 0.5 * (1 + math.cos(math.pi * step / config.steps))
            optimizer.param_groups[0]["lr"] = rate
            size = min(config.batch_size, len(data.embeddings))
            index = torch.randperm(len(data.embeddings), generator=generator)[:size]
            loss = _loss(model, data.rows(index), owner, keep=config.keep)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            with torch.no_grad():
                for parameter, start in zip(heads, starts, strict=True):
                    parameter.lerp_(start, min(1.0, rate * config.pull))
            watch(step + 1, config.steps)
    model.eval()


def _loss(model: AttributeModel, data: HeadData, owner: Tensor, *, keep: float) -> Tensor:
    outputs = model.heads(data.embeddings)
    learnt = total_loss(
        outputs.category_logits, outputs.value_logits, data.targets, owner, weights=data.weights
    )
    return learnt + keep * kept_loss(outputs, data, owner)


def kept_loss(outputs: Outputs, data: HeadData, owner: Tensor) -> Tensor:
    """Give how far outputs moved away from earlier ones where no label speaks, a scalar, 0 or more.

    Values are compared by the divergence of their probabilities, categories by that of their
    distribution; each attribute has the weight that a labelled cell of it has.

    Args:
        outputs: Of the network that learns, for B rows.
        data: The same B rows, with the earlier outputs.
        owner: (V,) position of each value's attribute.
    """
    unlabelled = (data.targets.values == MISSING) & (data.targets.any_of == 0)
    target = torch.sigmoid(data.value_logits)
    value_gap = functional.binary_cross_entropy_with_logits(
        outputs.value_logits, target, reduction="none"
    ) - functional.binary_cross_entropy_with_logits(data.value_logits, target, reduction="none")
    values = (value_gap * unlabelled * data.weights.labelled[owner] * data.kept).sum(dim=1)
    category_gap = functional.kl_div(
        functional.log_softmax(outputs.category_logits, dim=1),
        functional.log_softmax(data.category_logits, dim=1),
        reduction="none",
        log_target=True,
    ).sum(dim=1)
    is_open = ~(data.targets.category == 1).any(dim=1)
    return (values + data.weights.category * category_gap * is_open).mean()


def kept_share(value_logits: Tensor, ontology: Ontology, taught: Taught) -> Tensor:
    """Say how much each value's answer (N + M, V) counts as knowledge.

    A value that nothing ever taught has no answer to keep, but where the heads were sure of
    another value of an exclusive attribute, this one is known to be absent.
    """
    order = layout(ontology)
    kept = torch.ones_like(value_logits)
    sure = torch.sigmoid(value_logits)
    for attribute in ontology.attributes:
        where = order.slices[attribute.id]
        mentioned = taught.mentioned.get(attribute.id, frozenset())
        known = torch.tensor([value.id in mentioned for value in attribute.values])
        if attribute.kind is AttributeKind.EXCLUSIVE and known.any():
            doubt = sure[:, where][:, known].amax(dim=1, keepdim=True)
        else:
            doubt = torch.zeros((len(sure), 1))
        kept[:, where] = torch.where(known[None], torch.ones_like(doubt), doubt)
    return kept


def round_weights(ontology: Ontology, garments: Sequence[Any], taught: Taught) -> LossWeights:
    """Give the loss's factors for what taught the live heads and the corrections together.

    An attribute counts as labelled on at least a hundredth of the garments, so that one with
    hardly any labels does not outweigh the others by more than ten times.
    """
    attributes = list(layout(ontology).slices)
    before = {name: sum(counts.values()) for name, counts in taught.counts.items()}
    labelled = [
        before.get(name, 0)
        + sum(
            name in garment.label.cells and garment.label.cells[name].state is CellState.VALUE
            for garment in garments
        )
        for name in attributes
    ]
    num_samples = max(before.get("category", 0) + len(garments), max(labelled, default=0), 1)
    found = torch.tensor(labelled).clamp(min=max(1, num_samples // _LEAST_SHARE))
    return LossWeights.from_counts(
        found, num_samples - found, num_samples=num_samples, category=2.0
    )
