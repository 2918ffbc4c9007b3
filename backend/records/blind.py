"""The blind slice of the ledger as cells of a promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tagger.judged import scored
from tagger.promise_cells import promise_cells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagger.corrections import CorrectedGarment
    from tagger.promise import PromiseCell

__all__ = ["blind_cells"]


def blind_cells(
    parts: Mapping[str, Any],
    garments: Sequence[CorrectedGarment],
    *,
    embed: Callable[[Sequence[CorrectedGarment]], Mapping[str, NDArray[np.floating]]],
) -> list[PromiseCell]:
    """Judge what a version shows for garments that were labelled without a suggestion.

    Blind garments are never trained on. As for any box that a person drew, the garment finder's
    word on the category is not asked.

    Args:
        parts: The version, as `tagger.loading.load_parts` gives it.
        garments: All corrections; only blind ones and ground truths are used.
        embed: Gives embeddings (C,) by garment id.
    """
    blind = [one for one in garments if one.is_blind]
    rows = embed(blind)
    if not rows:
        return []
    answered = scored(parts["model"], blind, rows)
    return promise_cells(parts["scorer"], answered, parts["real"])
