"""Score each correction by heads that were fitted without its picture.

Legend: C channels, M rows of memory.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tagger.judged import scored
from tagger.refit_heads import RefitConfig, fit_heads, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment
    from tagger.known import Taught
    from tagger.model import AttributeModel
    from tagger.scored import ScoredSamples

__all__ = ["score_left_out"]


def score_left_out(
    model: AttributeModel,
    ontology: Ontology,
    garments: Sequence[CorrectedGarment],
    rows: Mapping[str, NDArray[np.floating]],
    *,
    memory: NDArray[np.floating],
    taught: Taught,
    config: RefitConfig,
    folds: int,
    watch: Callable[[int], None] = lambda _: None,
) -> ScoredSamples:
    """Fit heads as often as there are folds, each time without one of them, and score that one.

    Args:
        model: The live version; left as it is.
        ontology: What it answers in.
        garments: Corrections; those of one picture are in one fold.
        rows: Their embeddings (C,) by id.
        memory: (M, C).
        taught: What taught the live version.
        config: How heads are fitted.
        folds: At least 2.
        watch: Called with the number of steps done so far.
    """
    parts = []
    for fold in range(folds):
        rest = [garment for garment in garments if _fold(garment, folds) != fold]
        asked = [garment for garment in garments if _fold(garment, folds) == fold]
        fitted = copy.deepcopy(model)
        if rest:
            data = prepare(
                fitted,
                ontology,
                garments=rest,
                embeddings=np.stack([rows[garment.id] for garment in rest]),
                memory=memory,
                taught=taught,
            )
            done_before = fold * config.steps
            fit_heads(fitted, data, config=config, watch=_from(done_before, watch))
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
