"""Turn the source's words about a garment into a label in the ontology's ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeId, AttributeKind, CategoryId, Ontology, ValueId
from tagger.sources.check import check_description
from tagger.sources.description import CATEGORY, DatasetDescription, LabelMap
from tagger.sources.record import DatasetError, Record

__all__ = ["LabelledRecord", "Labeller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRecord:
    """A label, and the words that it was made of.

    Attributes:
        source_labels: Per column the source's one label, where it is in the column's vocabulary
            and was not dropped.
        rivals: Per such column, the labels among which the source chose.
    """

    label: GarmentLabel
    source_labels: Mapping[str, str]
    rivals: Mapping[str, frozenset[str]]


@dataclass(slots=True, kw_only=True)
class Labeller:
    """Labels the records of one source and counts what it could not use.

    Attributes:
        unmapped: (column, word) that the description does not mention; counted as missing.
        dropped: (column, category, word) whose values the ontology does not allow there.
    """

    description: DatasetDescription
    ontology: Ontology
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _maps: dict[str, tuple[LabelMap, ...]] = field(init=False)
    _leaves: frozenset[CategoryId] | None = field(init=False)
    _named: dict[int, frozenset[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Check the description and look its maps up once.

        Raises:
            DatasetError: If the description names ids that the ontology does not have.
        """
        faults = check_description(self.description, self.ontology)
        if faults:
            raise DatasetError("\n".join(faults))
        columns = self.description.columns(self.ontology)
        self._maps = {c: self.description.column_maps(c, self.ontology) for c in columns}
        named = [ids for m in self._maps.get(CATEGORY, ()) for ids in m.labels.values()]
        self._leaves = frozenset(CategoryId(id_) for ids in named for id_ in ids) or None

    def label(self, record: Record) -> LabelledRecord:
        """Make the label of a record."""
        words: dict[str, str] = {}
        rivals: dict[str, frozenset[str]] = {}
        categories = self._categories(record, words)
        cells: dict[AttributeId, CellLabel] = {}
        for column, maps in self._maps.items():
            if column == CATEGORY:
                continue
            for label_map in maps:
                cell = self._cell(record, column, label_map, categories, words)
                if cell is not None:
                    cells[AttributeId(column)] = cell
                    rivals[column] = self._rivals(label_map)
        for attribute, cell in self._implied(words, categories):
            cells.setdefault(attribute, cell)
        categories = self._possible(categories, cells)
        label = GarmentLabel(categories=categories, category_vocabulary=self._leaves, cells=cells)
        for label_map in self._maps.get(CATEGORY, ()):
            rivals[CATEGORY] = self._rivals(label_map)
        return LabelledRecord(
            label=label,
            source_labels=words,
            rivals={column: rivals[column] for column in words},
        )

    def _rivals(self, label_map: LabelMap) -> frozenset[str]:
        """Give the labels of a map, one set a map however often it is asked for."""
        return self._named.setdefault(id(label_map), frozenset(label_map.labels))

    def _categories(self, record: Record, words: dict[str, str]) -> frozenset[CategoryId]:
        found: frozenset[CategoryId] = frozenset()
        for label_map in self._maps.get(CATEGORY, ()):
            for word in _words(record, CATEGORY, label_map):
                if word in label_map.labels:
                    words[CATEGORY] = word
                    found = frozenset(map(CategoryId, label_map.labels[word]))
                elif word not in (*label_map.cannot_tell, *label_map.none_of, *label_map.na):
                    self.unmapped[CATEGORY, word] += 1
        return self._refined(record, found)

    def _refined(self, record: Record, found: frozenset[CategoryId]) -> frozenset[CategoryId]:
        refine = self.description.category.refine if self.description.category else []
        for label_map in refine:
            for word in _words(record, CATEGORY, label_map):
                if word in label_map.labels:
                    found = found & frozenset(map(CategoryId, label_map.labels[word])) or found
                elif word not in (*label_map.cannot_tell, *label_map.none_of, *label_map.na):
                    self.unmapped[label_map.column or CATEGORY, word] += 1
        return found

    def _possible(
        self, categories: frozenset[CategoryId], cells: Mapping[AttributeId, CellLabel]
    ) -> frozenset[CategoryId]:
        """Leave out leaves that do not allow what is known about the attributes."""
        if len(categories) < 2:
            return categories
        for attribute, cell in cells.items():
            some = cell.any_of or cell.positives
            if cell.state is CellState.VALUE and some:
                fits = {
                    leaf
                    for leaf in categories
                    if not some.isdisjoint(self.ontology.allowed(leaf, attribute))
                }
                categories = categories & fits or categories
        return categories

    def _cell(
        self,
        record: Record,
        column: str,
        label_map: LabelMap,
        categories: frozenset[CategoryId],
        words: dict[str, str],
    ) -> CellLabel | None:
        given = _words(record, column, label_map)
        if not given:
            return None
        undecided = _undecided(label_map, given)
        if undecided is not None:
            return undecided
        attribute = AttributeId(column)
        known = [word for word in given if word in label_map.labels]
        for word in given:
            if word not in label_map.labels and word not in label_map.none_of:
                self.unmapped[column, word] += 1
        trust = record.weights.get((label_map.table, label_map.column or column), 1.0)
        weight = trust * label_map.weight
        if not known and any(word in label_map.none_of for word in given):
            outside = self._vocabulary(attribute, label_map)
            return CellLabel(state=CellState.VALUE, negatives=outside, weight=weight)
        cell = self._legal(attribute, categories, self._valued(attribute, label_map, known, weight))
        if cell is None and known:
            for category in sorted(map(str, categories)) or ["?"]:
                self.dropped[column, category, "/".join(known)] += 1
        if cell is not None and len(known) == 1:
            words[column] = known[0]
        return cell

    def _vocabulary(self, attribute: AttributeId, label_map: LabelMap) -> frozenset[ValueId]:
        if label_map.vocabulary is not None:
            return frozenset(map(ValueId, label_map.vocabulary))
        return frozenset(ValueId(id_) for ids in label_map.labels.values() for id_ in ids)

    def _valued(
        self, attribute: AttributeId, label_map: LabelMap, known: list[str], weight: float
    ) -> CellLabel | None:
        sets = [frozenset(map(ValueId, label_map.labels[word])) for word in known]
        if not sets:
            return None
        vocabulary = self._vocabulary(attribute, label_map)
        if self.ontology.attribute(attribute).kind is AttributeKind.EXCLUSIVE:
            any_of = frozenset.intersection(*sets)
            if not any_of:
                return None
            return CellLabel(
                state=CellState.VALUE, any_of=any_of, vocabulary=vocabulary, weight=weight
            )
        exact = frozenset(value for ids in sets if len(ids) == 1 for value in ids)
        loose = [ids for ids in sets if len(ids) > 1]
        return CellLabel(
            state=CellState.VALUE,
            any_of=loose[0] if len(loose) == 1 else frozenset(),
            positives=exact,
            vocabulary=vocabulary,
            looked_at=label_map.looked_at and len(loose) < 2,
            weight=weight,
        )

    def _legal(
        self, attribute: AttributeId, categories: frozenset[CategoryId], cell: CellLabel | None
    ) -> CellLabel | None:
        """Take out what no possible category allows; None if nothing is left."""
        if cell is None or not categories:
            return cell
        allowed = frozenset(
            value for leaf in categories for value in self.ontology.allowed(leaf, attribute)
        )
        any_of, positives = cell.any_of & allowed, cell.positives & allowed
        if not any_of and not positives:
            return None
        return CellLabel(
            state=cell.state,
            any_of=any_of,
            positives=positives,
            vocabulary=cell.vocabulary,
            looked_at=cell.looked_at,
            weight=cell.weight,
        )

    def _implied(
        self, words: Mapping[str, str], categories: frozenset[CategoryId]
    ) -> Iterator[tuple[AttributeId, CellLabel]]:
        for column, by_word in self.description.implies.items():
            for attribute, ids in by_word.get(words.get(column, ""), {}).items():
                name = AttributeId(attribute)
                values = frozenset(map(ValueId, ids))
                is_multiple = self.ontology.attribute(name).kind is AttributeKind.MULTIPLE
                exact = is_multiple and len(values) == 1
                cell = CellLabel(
                    state=CellState.VALUE,
                    any_of=frozenset() if exact else values,
                    positives=values if exact else frozenset(),
                )
                legal = self._legal(name, categories, cell)
                if legal is not None:
                    yield name, legal


def _undecided(label_map: LabelMap, given: tuple[str, ...]) -> CellLabel | None:
    if any(word in label_map.cannot_tell for word in given):
        return CellLabel(state=CellState.CANNOT_TELL)
    if any(word in label_map.na for word in given):
        return CellLabel(state=CellState.NOT_APPLICABLE)
    return None


def _words(record: Record, column: str, label_map: LabelMap) -> tuple[str, ...]:
    words = record.words.get((label_map.table, label_map.column or column), ())
    if label_map.match == "word":
        text = " ".join(words)
        return tuple(
            label
            for label in label_map.labels
            if re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text, flags=re.IGNORECASE)
        )
    if label_map.separator is not None:
        words = tuple(part.strip() for word in words for part in word.split(label_map.separator))
    return tuple(word for word in words if word)
