"""A trainer that keeps old knowledge without the old pictures.

The version that it starts from answers along on every crop: what no label speaks of is to stay as
that version says, and embeddings are to stay near its own, so that the heads can be asked about
the replay memory as well.

Legend: B crops, M rows of memory, C channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from tagger.loss import MISSING, TargetBatch
from tagger.refit_heads import HeadData, kept_loss, kept_share, round_weights
from tagger.trainer import Trainer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.known import Taught
    from tagger.model import AttributeModel, Outputs

__all__ = ["ReplayTrainer"]

_MEMORY_ROWS = 64


class ReplayTrainer(Trainer):
    """Adds to the loss how far the network went from the version that it started from."""

    def __init__(
        self,
        *arguments: Any,
        teacher: AttributeModel,
        memory: NDArray[np.float32],
        ontology: Ontology,
        taught: Taught,
        keep: float = 1.0,
        **named: Any,
    ) -> None:
        """Prepare as `Trainer` does.

        Args:
            arguments: Of `Trainer`.
            teacher: The version to start from; not changed.
            memory: (M, C) by its encoder; M may be 0.
            ontology: What both answer in.
            taught: What taught the teacher.
            keep: Weight of keeping against learning.
            named: Of `Trainer`.
        """
        super().__init__(*arguments, **named)
        self._teacher = teacher.to(self._device).eval().requires_grad_(requires_grad=False)
        self._memory = torch.from_numpy(memory).to(self._device)
        self._ontology, self._taught, self._keep = ontology, taught, keep
        self._kept_weights = round_weights(ontology, (), taught)

    def loss(self, scaled: Tensor, outputs: Outputs, targets: TargetBatch) -> Tensor:
        """Give the loss of the labels, of what is to be kept, and of embeddings that moved."""
        with torch.no_grad():
            told = self._teacher(scaled)
        learnt = super().loss(scaled, outputs, targets)
        kept = kept_loss(outputs, self._data(told, targets), self._owner)
        spread = told.embedding.var(dim=1).mean().clamp(min=1e-6)
        moved = functional.mse_loss(outputs.embedding, told.embedding) / spread
        total: Tensor = learnt + self._keep * (kept + moved + self._forgotten())
        return total

    def _forgotten(self) -> Tensor:
        """Ask the heads about some rows of the memory."""
        if not len(self._memory):
            return self._memory.sum()
        rows = self._memory[torch.randint(len(self._memory), (_MEMORY_ROWS,))]
        with torch.no_grad():
            told = self._teacher.heads(rows)
        blank = _blank(told, self._kept_weights.labelled.numel())
        return kept_loss(self.model.heads(rows), self._data(told, blank), self._owner)

    def _data(self, told: Outputs, targets: TargetBatch) -> HeadData:
        return HeadData(
            embeddings=told.embedding,
            targets=targets,
            weights=self._kept_weights,
            category_logits=told.category_logits.float(),
            value_logits=told.value_logits.float(),
            kept=kept_share(told.value_logits.float(), self._ontology, self._taught),
        )


def _blank(told: Outputs, num_attributes: int) -> TargetBatch:
    """Give targets that say nothing."""
    rows = len(told.category_logits)
    return TargetBatch(
        category=torch.full_like(told.category_logits, MISSING),
        values=torch.full_like(told.value_logits, MISSING),
        any_of=torch.zeros_like(told.value_logits),
        not_applicable=told.value_logits.new_zeros((rows, num_attributes), dtype=torch.bool),
        weights=told.value_logits.new_ones((rows, num_attributes)),
    )
