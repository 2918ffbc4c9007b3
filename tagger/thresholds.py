"""Choose from which scores answers are given, so that the stated error holds everywhere.

It has to hold in every data set of photographs with enough labels, not only in their sum: a shop
that sends one kind of picture meets that kind's error. Hence the highest of the sets' thresholds;
sets with few labels are pooled. Garments of street photographs are harder, and serving knows them
as such, so they have thresholds of their own; catalogs need not pay for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tagger.calibrate import MIN_CELLS, fit_threshold
from tagger.scoring import DEFAULT_THRESHOLD
from tagger.sources.description import CATEGORY

__all__ = ["Answer", "JudgedHead", "Thresholds", "choose_thresholds", "head_threshold"]

Answer = tuple[float, bool]
"""A best answer's score, 0..1, and whether it is right."""


@dataclass(frozen=True, slots=True)
class JudgedHead:
    """The best answers of one head.

    Attributes:
        plain: By data set, those in other photographs: on a plain background, or where the
            detector saw nothing.
        street: By data set, those in street photographs.
        drawn: Those in drawings.
    """

    plain: dict[str, list[Answer]] = field(default_factory=dict)
    street: dict[str, list[Answer]] = field(default_factory=dict)
    drawn: list[Answer] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Lowest scores that are answered, 0..1, by head.

    Attributes:
        general: Of every head.
        street: In street photographs, where that is higher.
    """

    general: dict[str, float]
    street: dict[str, float]


def choose_thresholds(judged: Mapping[str, JudgedHead]) -> Thresholds:
    """Choose the thresholds of heads, by column.

    A head with fewer than `MIN_CELLS` answers in street photographs has none of its own there, and
    they decide with the others; so they do where there are fewer outside. Drawings decide where
    there are fewer in all.
    """
    general = {column: _general(column, head) for column, head in judged.items()}
    street = {
        column: _highest(column, head.street, pooled)
        for column, head in judged.items()
        if len(pooled := _pooled(head.street)) >= MIN_CELLS
    }
    return Thresholds(
        general=general,
        street={column: least for column, least in street.items() if least > general[column]},
    )


def _general(column: str, head: JudgedHead) -> float:
    pooled, street = _pooled(head.plain), _pooled(head.street)
    if min(len(pooled), len(street)) < MIN_CELLS:
        pooled = pooled + street
    if len(pooled) < MIN_CELLS:
        pooled = pooled + head.drawn
    return _highest(column, head.plain, pooled)


def _pooled(by_set: Mapping[str, list[Answer]]) -> list[Answer]:
    return [answer for answers in by_set.values() for answer in answers]


def _highest(column: str, by_set: Mapping[str, list[Answer]], pooled: list[Answer]) -> float:
    """Give the threshold that keeps the stated error in each large set, and in all together."""
    large = [answers for answers in by_set.values() if len(answers) >= MIN_CELLS]
    return max(head_threshold(column, answers) for answers in [*large, pooled])


def head_threshold(column: str, answers: Sequence[Answer]) -> float:
    """Fit the threshold of one head, see `fit_threshold`; an attribute's has a floor."""
    return fit_threshold(
        np.array([score for score, _ in answers]),
        np.array([is_right for _, is_right in answers], dtype=bool),
        floor=0.0 if column == CATEGORY else DEFAULT_THRESHOLD,
    )
