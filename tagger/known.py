"""Count what the training data taught about each category and value.

A value is known if enough labels name it alone. A label that says "one of these" names none of
them: its values share probability, but nothing told them apart.
An attribute is answered only for categories that carried it in training, by themselves or with
their siblings: labels of one kind of thing say little about another kind.
What is known from rendered pictures only is kept apart from what real ones taught.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ontology.labels import CellState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ontology.model import AttributeId, CategoryId, Ontology, ValueId
    from tagger.corrections import CorrectedGarment
    from tagger.dataset import Sample

Id = TypeVar("Id", bound=str)

MIN_EXACT = 10
MIN_CELLS_OF_LEAF = 10
MIN_CELLS_OF_SIBLINGS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What one kind of pictures taught.

    Attributes:
        categories: Leaves that the model tells apart.
        values: Values that the model tells apart, per attribute.
        mentioned: Values that occur in any positive label, sets included, per attribute; they take
            part in normalising scores, whether they can be answered or not.
        mentioned_categories: Likewise for leaves.
        carriers: Leaves on which each attribute was labelled often enough to be answered.
        counts: For `category` and per attribute, how many labels named each id alone; empty for
            versions that were written before these were kept.
    """

    categories: frozenset[CategoryId]
    values: Mapping[AttributeId, frozenset[ValueId]]
    mentioned: Mapping[AttributeId, frozenset[ValueId]]
    mentioned_categories: frozenset[CategoryId]
    carriers: Mapping[AttributeId, frozenset[CategoryId]]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give plain sorted lists for a manifest."""
        return {
            "categories": sorted(self.categories),
            "values": {name: sorted(values) for name, values in sorted(self.values.items())},
            "mentioned": {name: sorted(values) for name, values in sorted(self.mentioned.items())},
            "mentioned_categories": sorted(self.mentioned_categories),
            "carriers": {name: sorted(leaves) for name, leaves in sorted(self.carriers.items())},
            "counts": {name: dict(found) for name, found in sorted(self.counts.items())},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Taught:
        """Read what `to_dict` wrote."""
        return cls(
            categories=frozenset(plain["categories"]),
            values={name: frozenset(values) for name, values in plain["values"].items()},
            mentioned={name: frozenset(values) for name, values in plain["mentioned"].items()},
            mentioned_categories=frozenset(plain["mentioned_categories"]),
            carriers={name: frozenset(leaves) for name, leaves in plain["carriers"].items()},
            counts=plain.get("counts", {}),
        )

    def united(self, other: Taught) -> Taught:
        """Give what either of the two taught."""
        return Taught(
            categories=self.categories | other.categories,
            values=_united(self.values, other.values),
            mentioned=_united(self.mentioned, other.mentioned),
            mentioned_categories=self.mentioned_categories | other.mentioned_categories,
            carriers=_united(self.carriers, other.carriers),
            counts={
                name: dict(Counter(self.counts.get(name, {})) + Counter(other.counts.get(name, {})))
                for name in {*self.counts, *other.counts}
            },
        )

    def answerable(self, category: CategoryId) -> dict[AttributeId, frozenset[ValueId]]:
        """Give the values that may be answered for a leaf, for each attribute with any."""
        return {
            name: values
            for name, values in self.values.items()
            if category in self.carriers.get(name, frozenset())
        }


def taught_by(samples: Iterable[Sample | CorrectedGarment], ontology: Ontology) -> Taught:
    """Count the labels of samples and tell what they taught."""
    category_sets: list[frozenset[Any]] = []
    value_sets: dict[AttributeId, list[frozenset[Any]]] = {}
    cells: dict[AttributeId, Counter[CategoryId]] = {}
    for sample in samples:
        if sample.label.categories:
            category_sets.append(sample.label.categories)
        for attribute, cell in sample.label.cells.items():
            if cell.state is not CellState.VALUE:
                continue
            cells.setdefault(attribute, Counter()).update(sample.label.categories)
            sets = value_sets.setdefault(attribute, [])
            if cell.any_of:
                sets.append(cell.any_of)
            sets.extend(frozenset({value}) for value in cell.positives)
    return Taught(
        categories=_told_apart(category_sets),
        values={name: _told_apart(sets) for name, sets in value_sets.items()},
        mentioned={name: frozenset().union(*sets) for name, sets in value_sets.items()},
        mentioned_categories=frozenset().union(*category_sets),
        carriers={name: _carriers(counts, ontology) for name, counts in cells.items()},
        counts={
            "category": _named_alone(category_sets),
            **{name: _named_alone(sets) for name, sets in value_sets.items()},
        },
    )


def also_taught(before: Taught, corrections: Taught, ontology: Ontology) -> Taught:
    """Give what is known after corrections: their labels count together with those before.

    A leaf that only the corrections taught is answered an attribute where all its siblings that
    have it are, as it would be had it been in the ontology before.

    Args:
        before: What taught the version before any correction.
        corrections: What all corrections name, as `taught_by` counts it.
        ontology: Says which leaves are siblings.
    """
    both = before.united(corrections)

    def enough(name: str) -> frozenset[Any]:
        return frozenset(
            value for value, count in both.counts.get(name, {}).items() if count >= MIN_EXACT
        )

    categories = both.categories | enough("category")
    added = categories - before.categories

    def like_siblings(leaf: CategoryId, name: AttributeId) -> bool:
        siblings = _family(leaf, ontology) & before.categories
        having = {other for other in siblings if ontology.applies(other, name)}
        return bool(having) and having <= both.carriers[name] and ontology.applies(leaf, name)

    return replace(
        both,
        categories=categories,
        values={name: values | enough(name) for name, values in both.values.items()},
        carriers={
            name: leaves | {leaf for leaf in added if like_siblings(leaf, name)}
            for name, leaves in both.carriers.items()
        },
    )


def _family(leaf: CategoryId, ontology: Ontology) -> frozenset[CategoryId]:
    """Give the leaves under a leaf's parent, itself among them."""
    parent = ontology.category(leaf).parent
    return ontology.leaves_under(parent) if parent is not None else frozenset({leaf})


def _carriers(counts: Mapping[CategoryId, int], ontology: Ontology) -> frozenset[CategoryId]:
    """Choose the leaves with enough labelled cells, their own or their siblings'."""
    chosen = set()
    for leaf in ontology.leaves:
        if (
            counts.get(leaf, 0) >= MIN_CELLS_OF_LEAF
            or sum(counts.get(other, 0) for other in _family(leaf, ontology))
            >= MIN_CELLS_OF_SIBLINGS
        ):
            chosen.add(leaf)
    return frozenset(chosen)


def _told_apart(sets: Sequence[frozenset[Any]]) -> frozenset[Any]:
    return frozenset(name for name, count in _named_alone(sets).items() if count >= MIN_EXACT)


def _named_alone(sets: Sequence[frozenset[Any]]) -> dict[Any, int]:
    counts = Counter(next(iter(members)) for members in sets if len(members) == 1)
    return dict(sorted(counts.items()))


def _united(
    left: Mapping[AttributeId, frozenset[Id]], right: Mapping[AttributeId, frozenset[Id]]
) -> dict[AttributeId, frozenset[Id]]:
    return {
        name: left.get(name, frozenset()) | right.get(name, frozenset()) for name in {*left, *right}
    }
