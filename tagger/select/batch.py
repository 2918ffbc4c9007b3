"""Choose a batch of garments that teaches much without repeating itself.

Each garment stands as the gradient that its labels would send into the heads if the model's own
answer were right (BADGE, Ash et al. 2020, arXiv:1906.03671), over all heads at once: the residual
"probabilities minus the answer" of every head, times the embedding. A sure garment has a short
gradient, two alike have the same one. k-means++ seeding then takes long ones that lie far apart.
The product of residual and embedding is never written out: distances need only the two inner
products.

Legend: N candidates, C channels, V values over all heads, B picks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BatchRule", "Chosen", "SelectionError", "choose_batch", "gradient_residuals"]


class SelectionError(CatalogError):
    """A selection was asked for that cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRule:
    """How a batch is composed.

    Attributes:
        random_share: Part of the batch that is drawn evenly from all candidates, 0..1. What the
            rest gains is measured against it.
        max_similarity: Of garments whose embeddings are at least this similar (cosine), one is
            taken at most, -1..1; above 1 nothing is refused.
    """

    random_share: float = 0.2
    max_similarity: float = 0.97

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            SelectionError: If `random_share` is not within 0..1.
        """
        if not 0.0 <= self.random_share <= 1.0:
            raise SelectionError(f"random share {self.random_share}: expected 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One pick.

    Attributes:
        at: Position among the candidates.
        is_random: Whether it belongs to the random slice.
        num_alike: Candidates that were passed over because they resemble it.
    """

    at: int
    is_random: bool
    num_alike: int


def gradient_residuals(probabilities: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """Give probabilities minus the best answer of every head, side by side.

    Each head is scaled to the same mean length, so that one with many values does not drown the
    others.

    Args:
        probabilities: Per head (N, n) calibrated probabilities; all zero in rows where the head
            has nothing to learn (it does not apply, or is not known), which then add nothing.

    Returns:
        (N, V).
    """
    parts = []
    for given in probabilities:
        residual = np.array(given, dtype=np.float32)
        asked = np.flatnonzero(residual.any(axis=1))
        residual[asked, residual[asked].argmax(axis=1)] -= 1.0
        length = float(np.sqrt((residual[asked] ** 2).sum(axis=1).mean())) if len(asked) else 0.0
        parts.append(residual / length if length > 0 else residual)
    return np.concatenate(parts, axis=1)


def choose_batch(
    residuals: NDArray[np.floating],
    embeddings: NDArray[np.floating],
    *,
    count: int,
    rng: np.random.Generator,
    rule: BatchRule | None = None,
) -> list[Chosen]:
    """Choose garments to label, the most telling first and the random slice last.

    Args:
        residuals: (N, V) of `gradient_residuals`.
        embeddings: (N, C).
        count: How many; fewer are returned where the candidates, or those that are not alike, are
            fewer.
        rng: Draws both kinds of picks.
        rule: How the batch is composed.

    Raises:
        SelectionError: If `count` is not positive or the arrays do not belong together.
    """
    rule = rule or BatchRule()
    if count <= 0:
        raise SelectionError(f"budget {count}: expected at least 1")
    if len(residuals) != len(embeddings):
        raise SelectionError(
            f"{len(residuals)} residuals for {len(embeddings)} embeddings: expected as many"
        )
    count = min(count, len(embeddings))
    num_random = round(rule.random_share * count)
    draw = _Draw(residuals, embeddings, max_similarity=rule.max_similarity)
    # The random slice comes first so that it is drawn from all candidates alike.
    order = rng.permutation(len(embeddings))
    random_picks = [draw.take(int(at)) for at in order[:num_random]]
    picks: list[int] = []
    while len(picks) < count - num_random and (at := draw.next(rng)) is not None:
        picks.append(draw.take(at))
    return [
        Chosen(at=at, is_random=is_random, num_alike=draw.num_alike[at])
        for found, is_random in ((picks, False), (random_picks, True))
        for at in found
    ]


class _Draw:
    """k-means++ seeding over products of residual and embedding, without near duplicates."""

    def __init__(
        self,
        residuals: NDArray[np.floating],
        embeddings: NDArray[np.floating],
        *,
        max_similarity: float,
    ) -> None:
        self._residuals = np.asarray(residuals, dtype=np.float32)
        inputs = np.asarray(embeddings, dtype=np.float32)
        lengths = np.linalg.norm(inputs, axis=1, keepdims=True)
        self._directions = inputs / np.where(lengths > 0, lengths, 1.0)
        self._squares = (self._residuals**2).sum(axis=1)
        self._distances = self._squares.copy()
        self._is_free = np.ones(len(inputs), dtype=bool)
        self._max_similarity = max_similarity
        self._num_taken = 0
        self.num_alike: dict[int, int] = {}

    def next(self, rng: np.random.Generator) -> int | None:
        """Draw a free candidate by its squared distance to what was taken; None without any."""
        free = np.flatnonzero(self._is_free)
        if not len(free):
            return None
        chances = self._distances[free].astype(np.float64)
        if not self._num_taken or chances.sum() <= 0:
            return int(free[chances.argmax()])
        return int(rng.choice(free, p=chances / chances.sum()))

    def take(self, at: int) -> int:
        """Take a candidate; what resembles it is not free any more."""
        similarity = self._directions @ self._directions[at]
        inner = (self._residuals @ self._residuals[at]) * similarity
        distances = np.maximum(self._squares + self._squares[at] - 2.0 * inner, 0.0)
        np.minimum(self._distances, distances, out=self._distances)
        alike = self._is_free & (similarity >= self._max_similarity)
        alike[at] = False
        self._is_free[alike] = False
        self._is_free[at] = False
        self.num_alike[at] = int(alike.sum())
        self._num_taken += 1
        return at
