"""Samples as rows of plain JSON data, with what repeats kept once.

Labels of a source repeat: tens of thousands of samples share a few thousand labels, which share a
few hundred sets of ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.boxes import PixelBox
from tagger.dataset import Sample
from tagger.packed import PackedPicture

__all__ = ["RowReader", "RowWriter"]

_DIGITS = 4


@dataclass(slots=True, kw_only=True)
class _Table:
    """Entries that are referred to by their position."""

    entries: list[Any] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)

    def position(self, entry: Any) -> int:
        key = json.dumps(entry)
        if key not in self.positions:
            self.positions[key] = len(self.entries)
            self.entries.append(entry)
        return self.positions[key]


class RowWriter:
    """Turns samples into rows, and gathers what they share."""

    def __init__(self) -> None:
        """Begin with empty tables."""
        self._sets, self._labels, self._words = _Table(), _Table(), _Table()
        self._rows: list[list[Any]] = []

    def add(
        self, sample: Sample, *, image: str, picture: int, box: PixelBox, aspect: float
    ) -> None:
        """Add a sample.

        Args:
            sample: Its labels are kept; its mask is not.
            image: Name of the picture that it was cut from.
            picture: Position of the stored picture.
            box: The garment in pixels of the stored picture.
            aspect: True width of a pixel of the stored picture relative to its height.
        """
        words = [
            [column, word, self._set(sample.rivals[column])]
            for column, word in sorted(sample.source_labels.items())
        ]
        self._rows.append(
            [
                sample.id,
                image,
                sample.group,
                sample.split,
                sample.origin,
                picture,
                round(aspect, 6),
                int(sample.box is not None),
                [round(edge, _DIGITS) for edge in box.xyxy],
                self._words.position(words),
                self._labels.position(self._label(sample.label)),
            ]
        )

    def tables(self) -> dict[str, Any]:
        """Give everything as plain data for JSON."""
        return {
            "sets": self._sets.entries,
            "labels": self._labels.entries,
            "words": self._words.entries,
            "samples": self._rows,
        }

    def _set(self, ids: Iterable[str] | None) -> int | None:
        return None if ids is None else self._sets.position(sorted(ids))

    def _label(self, label: GarmentLabel) -> list[Any]:
        cells = {
            attribute: [
                cell.state.value,
                self._set(cell.any_of),
                self._set(cell.positives),
                self._set(cell.negatives),
                self._set(cell.vocabulary),
                int(cell.looked_at),
                cell.weight,
            ]
            for attribute, cell in sorted(label.cells.items())
        }
        return [self._set(label.categories), self._set(label.category_vocabulary), cells]


class RowReader:
    """Turns rows back into samples."""

    def __init__(
        self,
        tables: Mapping[str, Any],
        *,
        directory: Path,
        pictures: Sequence[tuple[Path, int, int]],
    ) -> None:
        """Read the shared tables.

        Args:
            tables: What `RowWriter.tables` gave.
            directory: The pack; names of pictures are given as paths under it.
            pictures: Shard, offset and length of each stored picture.
        """
        self._sets = [frozenset(map(str, entry)) for entry in tables["sets"]]
        self._labels = [self._label(entry) for entry in tables["labels"]]
        self._words = [
            (
                {str(column): str(word) for column, word, _ in entry},
                {str(column): self._sets[rivals] for column, _, rivals in entry},
            )
            for entry in tables["words"]
        ]
        self._rows, self._directory, self._pictures = tables["samples"], directory, pictures

    def samples(self) -> list[Sample]:
        """Give every sample in the order of writing.

        Raises:
            LookupError, TypeError, ValueError: If the rows are not what `RowWriter` writes.
        """
        return [self._sample(*row) for row in self._rows]

    def _sample(
        self, id_: str, image: str, group: str, split: Any, origin: Any, picture: int, *rest: Any
    ) -> Sample:
        aspect, has_own_box, edges, words, label = rest
        box = PixelBox(**dict(zip(("x0", "y0", "x1", "y1"), edges, strict=True)))
        file, offset, length = self._pictures[picture]
        source_labels, rivals = self._words[words]
        return Sample(
            id=id_,
            image=self._directory / image,
            group=group,
            split=split,
            aspect=aspect,
            box=box if has_own_box else None,
            mask=None,
            source_labels=source_labels,
            rivals=rivals,
            label=self._labels[label],
            origin=origin,
            packed=PackedPicture(file=file, offset=offset, length=length, garment=box),
        )

    def _label(self, entry: Sequence[Any]) -> GarmentLabel:
        categories, vocabulary, cells = entry
        return GarmentLabel(
            categories=frozenset(map(CategoryId, self._sets[categories])),
            category_vocabulary=(
                None if vocabulary is None else frozenset(map(CategoryId, self._sets[vocabulary]))
            ),
            cells={AttributeId(name): self._cell(cell) for name, cell in cells.items()},
        )

    def _cell(self, entry: Sequence[Any]) -> CellLabel:
        state, any_of, positives, negatives, vocabulary, looked_at, weight = entry
        return CellLabel(
            state=CellState(state),
            any_of=self._values(any_of),
            positives=self._values(positives),
            negatives=self._values(negatives),
            vocabulary=None if vocabulary is None else self._values(vocabulary),
            looked_at=bool(looked_at),
            weight=float(weight),
        )

    def _values(self, position: int) -> frozenset[ValueId]:
        return frozenset(map(ValueId, self._sets[position]))
