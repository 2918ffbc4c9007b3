"""What is scored apart: a column of a data set, once for each vocabulary that it was labelled in.

A source can label one attribute in several vocabularies, such as two forms for two kinds of
product. Their labels compete within a form only, and one average over both would say little about
either, so every form is a head of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tagger.dataset import DatasetDescription, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One column in one vocabulary.

    Attributes:
        key: The column; for a second form `column@table`, after the form's file.
        column: `category` or an attribute's id.
        vocabulary: Source labels that compete, with their sets of ontology ids.
        rows: Positions of the samples that were labelled in it.
    """

    key: str
    column: str
    vocabulary: Mapping[str, frozenset[Any]]
    rows: tuple[int, ...]


def heads(description: DatasetDescription, samples: Sequence[Sample]) -> tuple[Head, ...]:
    """Sort labelled cells of samples into heads, `category` first, then by key."""
    rows: dict[tuple[str, frozenset[str]], list[int]] = {}
    for at, sample in enumerate(samples):
        for column in sample.source_labels:
            rows.setdefault((column, sample.rivals[column]), []).append(at)
    found = [
        Head(
            key=_key(description, column, rivals),
            column=column,
            vocabulary={
                name: values
                for name, values in description.vocabulary(column).items()
                if name in rivals
            },
            rows=tuple(members),
        )
        for (column, rivals), members in rows.items()
    ]
    return tuple(sorted(found, key=lambda head: (head.column != CATEGORY, head.key)))


def _key(description: DatasetDescription, column: str, rivals: frozenset[str]) -> str:
    if description.speaks_ontology:
        return column
    for label_map in description.column_maps(column)[1:]:
        if frozenset(label_map.labels) == rivals and label_map.table is not None:
            return f"{column}@{PurePath(label_map.table).stem}"
    return column
