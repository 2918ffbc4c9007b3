"""Score each correction by heads that were fitted without its picture.

Legend: N corrections, C channels.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from tagger.judged import scored
from tagger.refit_heads import HeadData, RefitConfig, fit_heads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.corrections import CorrectedGarment
    from tagger.model import AttributeModel
    from tagger.scored import ScoredSamples

__all__ = ["score_left_out"]


def score_left_out(
    model: AttributeModel,
    data: HeadData,
    garments: Sequence[CorrectedGarment],
    rows: Mapping[str, NDArray[np.floating]],
    *,
    config: RefitConfig,
    folds: int,
    watch: Callable[[int], None] = lambda _: None,
) -> ScoredSamples:
    """Fit heads as often as there are folds, each time without one of them, and score that one.

    Args:
        model: The live version; left as it is.
        data: The N corrections and the memory after them.
        garments: The N corrections; those of one picture are in one fold.
        rows: Their embeddings (C,) by id.
        config: How heads are fitted.
        folds: At least 2.
        watch: Called with the number of steps done so far.
    """
    fold_of = torch.full((len(data.embeddings),), -1)
    fold_of[: len(garments)] = torch.tensor([_fold(garment, folds) for garment in garments])
    parts = []
    for fold in range(folds):
        fitted = copy.deepcopy(model)
        rest = data.rows(torch.nonzero(fold_of != fold).flatten())
        if len(rest.embeddings):
            fit_heads(fitted, rest, config=config, watch=_from(fold * config.steps, watch))
        asked = [garment for garment in garments if _fold(garment, folds) == fold]
        parts.append(scored(fitted, asked, rows))
    return replace(
        parts[0],
        samples=tuple(sample for part in parts for sample in part.samples),
        category_logits=np.concatenate([part.category_logits for part in parts]),
        value_logits=np.concatenate([part.value_logits for part in parts]),
        embedding=np.concatenate([part.embedding for part in parts]),
    )


def _fold(garment: CorrectedGarment, folds: int) -> int:
    return int(hashlib.sha256(garment.group.encode()).hexdigest()[:8], 16) % folds


def _from(done_before: int, watch: Callable[[int], None]) -> Callable[[int, int], None]:
    return lambda done, _: watch(done_before + done)
