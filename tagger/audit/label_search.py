"""Search labelled garments, of a data set or of the ledger, for labels that are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.labels import CellState
from ontology.model import AttributeKind
from tagger.audit.columns import CATEGORY
from tagger.audit.label_errors import (
    Column,
    SearchPlan,
    deal_folds,
    encode_column,
    mistake_log_odds,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.labels import GarmentLabel
    from ontology.model import Ontology

__all__ = ["Labelled", "Suspect", "search_labels"]

_MIN_LABELS = 50
_BETWEEN = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A garment with what was said of it.

    Attributes:
        group: What shares it is judged by heads that saw none of it: product or picture.
        embedding: (C,) of its crop, from one encoder for all.
        picture: File or reference; for people who look.
    """

    id: str
    group: str
    label: GarmentLabel
    embedding: NDArray[Any]
    picture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A cell whose label may be wrong.

    Attributes:
        attribute: `category` or an attribute's id.
        said: Ids of the label, with `|` between those that it leaves open.
        seen: The likeliest other label.
        risk: Probability that the label is wrong, 0..1.
        picture: The garment's.
    """

    id: str
    attribute: str
    said: str
    seen: str
    risk: float
    picture: str = ""


def search_labels(
    garments: Sequence[Labelled],
    ontology: Ontology,
    *,
    plan: SearchPlan | None = None,
    seed: int = 0,
) -> list[Suspect]:
    """Rank all cells by the risk that their label is wrong.

    Blank cells, "cannot tell" and attributes that do not apply are no labels. Searched are the
    category and exclusive attributes that a picture shows, with at least 50 labels of two kinds;
    labels that leave several values open agree with each of them.

    Args:
        garments: N garments.
        ontology: Says which attributes a picture shows.
        plan: How the search goes.
        seed: Of folds, starts and known mistakes.

    Returns:
        The riskiest first.
    """
    plan = plan or SearchPlan()
    columns = _columns(garments, ontology)
    if not columns:
        return []
    looks = np.stack([one.embedding for one in garments]).astype(np.float32)
    looks = (looks - looks.mean(axis=0)) / np.maximum(looks.std(axis=0), 1e-3)
    folds = deal_folds([one.group for one in garments], num_folds=plan.num_folds, seed=seed)
    odds, answers = mistake_log_odds(
        columns, {column.name: looks for column in columns}, folds, plan=plan, seed=seed
    )
    found = []
    for at, column in enumerate(columns):
        mean = np.mean(answers[column.name], axis=0)
        for row in np.flatnonzero(column.codes >= 0).tolist():
            agrees = column.agrees[column.codes[row]]
            found.append(
                Suspect(
                    id=garments[row].id,
                    attribute=column.name,
                    said=column.words[column.codes[row]],
                    seen=column.words[int(np.where(agrees, -1.0, mean[row]).argmax())],
                    risk=float(1.0 / (1.0 + np.exp(-odds[row, at]))),
                    picture=garments[row].picture,
                )
            )
    return sorted(found, key=lambda one: (-one.risk, one.id, one.attribute))


def _columns(garments: Sequence[Labelled], ontology: Ontology) -> list[Column]:
    said = {CATEGORY: [_word(one.label.categories) for one in garments]}
    for attribute in ontology.attributes:
        if attribute.weakly_visible or attribute.kind is not AttributeKind.EXCLUSIVE:
            continue
        said[attribute.id] = [_cell(one.label, attribute.id) for one in garments]
    columns = []
    for name, words in said.items():
        meanings = {word: frozenset(word.split(_BETWEEN)) for word in set(words) if word}
        column = encode_column(name, words, meanings)
        if (column.codes >= 0).sum() >= _MIN_LABELS and not column.agrees.all():
            columns.append(column)
    return columns


def _word(ids: frozenset[Any]) -> str:
    return _BETWEEN.join(sorted(ids))


def _cell(label: GarmentLabel, attribute: Any) -> str:
    cell = label.cells.get(attribute)
    if cell is None or cell.state is not CellState.VALUE:
        return ""
    return _word(cell.any_of | cell.positives)
