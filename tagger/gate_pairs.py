"""Pair two versions' answers to the same gold cells.

Legend: N paired cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ontology.errors import CatalogError

__all__ = ["CellOutcome", "GateError", "PairedCells", "pair"]


class GateError(CatalogError):
    """Two versions' answers cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOutcome:
    """One version's answer to one gold cell.

    Attributes:
        cell_id: The same for both versions.
        group: Cells that share it are not independent: the product, or the picture's content.
        head: `category` or an attribute's id.
        is_right: Whether the answer is in the gold label; no answer is not right.
        score: Calibrated probability of the answer, 0..1, or None where nothing was answered.
        truth: The gold label, ids joined by `|` where it is a set.
        answer: The id that was answered; empty for none.
        knows_truth: Whether the version could have given a right answer at all, whatever the
            picture shows; false for a value or category that it was never taught.
    """

    cell_id: str
    group: str
    head: str
    is_right: bool
    score: float | None = None
    truth: str = ""
    answer: str = ""
    knows_truth: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCells:
    """Cells that both versions answered, as arrays.

    Attributes:
        groups: (N,) number of each cell's group.
        heads: (N,) positions in `names`.
        live: (N,) whether the live version was right.
        candidate: (N,) whether the candidate was right.
        is_new: (N,) cells that the live version could not have answered rightly.
        names: Heads, in order of their names.
        only_live: Ids of cells that only the live version has.
        only_candidate: Likewise.
    """

    groups: NDArray[np.int64]
    heads: NDArray[np.int64]
    live: NDArray[np.bool_]
    candidate: NDArray[np.bool_]
    is_new: NDArray[np.bool_]
    names: tuple[str, ...]
    only_live: tuple[str, ...] = ()
    only_candidate: tuple[str, ...] = ()

    @property
    def differences(self) -> NDArray[np.int8]:
        """Give (N,) of 1 where only the candidate is right, -1 where only live is, else 0."""
        return self.candidate.astype(np.int8) - self.live.astype(np.int8)


def pair(live: Sequence[CellOutcome], candidate: Sequence[CellOutcome]) -> PairedCells:
    """Match two versions' answers by cell.

    Raises:
        GateError: If a cell occurs twice on a side, or the sides do not agree on its group, head
            or gold label.
    """
    left, right = _by_id(live, "live"), _by_id(candidate, "candidate")
    shared = sorted(left.keys() & right.keys())
    for cell in shared:
        _check_same(left[cell], right[cell])
    names = tuple(sorted({left[cell].head for cell in shared}))
    places = {name: at for at, name in enumerate(names)}
    numbers: dict[str, int] = {}
    return PairedCells(
        groups=np.array(
            [numbers.setdefault(left[cell].group, len(numbers)) for cell in shared], dtype=np.int64
        ),
        heads=np.array([places[left[cell].head] for cell in shared], dtype=np.int64),
        live=np.array([left[cell].is_right for cell in shared], dtype=bool),
        candidate=np.array([right[cell].is_right for cell in shared], dtype=bool),
        is_new=np.array([not left[cell].knows_truth for cell in shared], dtype=bool),
        names=names,
        only_live=tuple(sorted(left.keys() - right.keys())),
        only_candidate=tuple(sorted(right.keys() - left.keys())),
    )


def _by_id(cells: Sequence[CellOutcome], side: str) -> dict[str, CellOutcome]:
    found = {cell.cell_id: cell for cell in cells}
    if len(found) < len(cells):
        twice, _ = Counter(cell.cell_id for cell in cells).most_common(1)[0]
        raise GateError(
            f"cell {twice!r} occurs twice among the {len(cells)} answers of the {side} version; "
            "expected one answer a cell; give every garment once"
        )
    return found


def _check_same(live: CellOutcome, candidate: CellOutcome) -> None:
    for what in ("group", "head", "truth"):
        mine, other = getattr(live, what), getattr(candidate, what)
        if mine != other:
            raise GateError(
                f"cell {live.cell_id!r} has the {what} {mine!r} for the live version and "
                f"{other!r} for the candidate; expected one gold label; score both on the same gold"
            )
