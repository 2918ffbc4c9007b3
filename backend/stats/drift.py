"""Tell whether the newest predictions look like earlier ones of the same model version.

Three kinds of figures are compared: the embeddings (energy distance; Szekely and Rizzo 2013,
"Energy statistics: a class of statistics based on distances"), which values are answered, and how
confidently. Their p-values come from permuting pictures between the two windows, since regions of
one picture are not independent, and are corrected for the number of figures by the distribution of
the largest standardised one (Westfall and Young 1993): if nothing changed, at most a share `level`
of the windows raises any alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "DriftLimits", "DriftReport", "SentRegion", "compare_windows"]

Floats = NDArray[np.float64]

_EMBEDDING = "embedding"
# A figure that differs by less under every order is the same in both windows.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLimits:
    """Sizes of the windows and the alarm's threshold.

    Attributes:
        reference: Regions of the reference window.
        newest: Regions of each window that is compared with it.
        level: An alarm is raised at a corrected p-value of this or less.
        num_permutations: So many pictures' orders are drawn.
        min_present: An attribute that fewer regions of either window have is not compared.
    """

    reference: int = 1000
    newest: int = 300
    level: float = 0.01
    num_permutations: int = 999
    min_present: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRegion:
    """One region as it was predicted.

    Attributes:
        image: Digest of its picture.
        embedding: (C,) numbers of the encoder.
        scores: Calibrated probability by attribute and value, 0..1.
    """

    image: str
    embedding: NDArray[np.float16]
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure in both windows.

    Attributes:
        kind: `embedding`, `answers` (which value is likeliest) or `confidence` (of that value).
        attribute: Empty for the embedding.
        size: Energy distance (root), total variation 0..1, or difference of mean confidence.
        p_value: Corrected for the number of figures.
    """

    kind: str
    attribute: str
    size: float
    p_value: float

    @property
    def what(self) -> str:
        """Name the figure in a sentence."""
        if self.kind == _EMBEDDING:
            return "the embeddings"
        return f"the {self.kind} {'to' if self.kind == 'answers' else 'in'} {self.attribute}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What the newest window is like.

    Attributes:
        num_reference: Regions of the reference window, as `num_newest` of the newest.
        changes: Every figure, the most surprising first.
        is_alarm: Whether any figure is beyond the threshold.
    """

    model_version: str
    num_reference: int
    num_newest: int
    level: float
    changes: tuple[Change, ...]
    is_alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """One figure under each drawn order.

    Attributes:
        values: (B + 1,) statistics; the first belongs to the true order.
    """

    kind: str
    attribute: str
    size: float
    values: Floats


def compare_windows(
    reference: Sequence[SentRegion],
    newest: Sequence[SentRegion],
    *,
    model_version: str,
    limits: DriftLimits | None = None,
    seed: int = 0,
) -> DriftReport:
    """Compare two windows of one model version.

    Args:
        reference: Earlier regions.
        newest: Later ones; a picture should not be in both.
        model_version: Whose they are.
        limits: Threshold and number of permutations.
        seed: Of the permutations.
    """
    limits = limits or DriftLimits()
    regions = [*reference, *newest]
    is_new = np.arange(len(regions)) >= len(reference)
    drawn = _orders(
        [region.image for region in regions],
        is_new,
        num=limits.num_permutations,
        rng=np.random.default_rng(seed),
    )
    figures = [_embedding_figure(regions, drawn)]
    for attribute in sorted({name for region in regions for name in region.scores}):
        figures += _attribute_figures(regions, drawn, attribute, limits.min_present)
    changes = _judged([figure for figure in figures if np.ptp(figure.values) > _ROUNDING])
    return DriftReport(
        model_version=model_version,
        num_reference=len(reference),
        num_newest=len(newest),
        level=limits.level,
        changes=tuple(sorted(changes, key=lambda change: change.p_value)),
        is_alarm=any(change.p_value <= limits.level for change in changes),
    )


def _orders(
    images: Sequence[str], is_new: NDArray[np.bool_], *, num: int, rng: np.random.Generator
) -> Floats:
    """Draw which regions are new: (N, B + 1) zeros and ones, the true order first.

    Whole pictures change sides, as many as are new in truth, so the numbers of regions vary a
    little; the statistics are made of means.
    """
    index = {image: at for at, image in enumerate(dict.fromkeys(images))}
    of_region = np.array([index[image] for image in images])
    sides = np.zeros(len(index))
    sides[of_region[is_new]] = 1.0
    drawn = np.stack([sides, *(rng.permutation(sides) for _ in range(num))], axis=1)
    regions: Floats = drawn[of_region]
    return regions


def _embedding_figure(regions: Sequence[SentRegion], drawn: Floats) -> _Figure:
    embeddings = np.stack([region.embedding for region in regions]).astype(np.float32)
    distances = _distances(embeddings)
    new = drawn.astype(np.float32)
    among_new = np.einsum("nb,nb->b", new, distances @ new).astype(np.float64)
    to_all = (distances.sum(axis=1) @ new).astype(np.float64)
    between = to_all - among_new
    among_old = float(distances.sum(dtype=np.float64)) - 2 * between - among_new
    num_new = drawn.sum(axis=0)
    num_old = len(regions) - num_new
    energy = 2 * between / (num_new * num_old) - among_new / num_new**2 - among_old / num_old**2
    values = np.sqrt(np.maximum(energy, 0.0))
    return _Figure(kind=_EMBEDDING, attribute="", size=float(values[0]), values=values)


def _distances(points: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = points - points.mean(axis=0)
    squares = np.einsum("nc,nc->n", centred, centred)
    squared = squares[:, None] + squares[None, :] - 2 * (centred @ centred.T)
    np.fill_diagonal(squared, 0.0)
    distances: NDArray[np.float32] = np.sqrt(np.maximum(squared, 0.0))
    return distances


def _attribute_figures(
    regions: Sequence[SentRegion], drawn: Floats, attribute: str, min_present: int
) -> list[_Figure]:
    """Compare one attribute's likeliest values and confidence among the regions that have it."""
    present = [bool(region.scores.get(attribute)) for region in regions]
    new = drawn[np.array(present)]
    num_new = new.sum(axis=0)
    num_old = len(new) - num_new
    if min(num_new.min(), num_old.min()) < min_present:
        return []
    tops = [
        max(region.scores[attribute].items(), key=lambda item: (item[1], item[0]))
        for region, is_there in zip(regions, present, strict=True)
        if is_there
    ]
    confidence = np.array([score for _, score in tops])
    shift = confidence @ new / num_new - confidence @ (1 - new) / num_old
    names = sorted({value for value, _ in tops})
    chosen = np.array([[value == name for name in names] for value, _ in tops], dtype=np.float64)
    gap = chosen.T @ new / num_new - chosen.T @ (1 - new) / num_old  # (V, B + 1)
    spread = np.sqrt((gap**2 / chosen.mean(axis=0)[:, None]).sum(axis=0))
    return [
        _Figure(
            kind="answers",
            attribute=attribute,
            size=float(np.abs(gap[:, 0]).sum() / 2),
            values=spread,
        ),
        _Figure(
            kind="confidence",
            attribute=attribute,
            size=float(shift[0]),
            values=np.abs(shift),
        ),
    ]


def _judged(figures: Sequence[_Figure]) -> list[Change]:
    """Give each figure its p-value, corrected by the largest standardised figure of each order."""
    if not figures:
        return []
    values = np.stack([figure.values for figure in figures])
    standard = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)
    largest = standard.max(axis=0)
    return [
        Change(
            kind=figure.kind,
            attribute=figure.attribute,
            size=figure.size,
            p_value=float(np.mean(largest >= own[0] - 1e-12)),
        )
        for figure, own in zip(figures, standard, strict=True)
    ]
