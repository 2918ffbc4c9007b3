"""The ontology in memory: categories, attributes, values, where they apply and their rules.

An `Ontology` is immutable; `ontology.load` makes one from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from ontology.errors import UnknownIdError

__all__ = [
    "Attribute",
    "AttributeId",
    "AttributeKind",
    "Category",
    "CategoryId",
    "Ontology",
    "Rule",
    "Value",
    "ValueId",
    "normalise_name",
]

CategoryId = NewType("CategoryId", str)
AttributeId = NewType("AttributeId", str)
ValueId = NewType("ValueId", str)


class AttributeKind(StrEnum):
    """How many values of an attribute may hold at once."""

    EXCLUSIVE = "exclusive"
    MULTIPLE = "multiple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A node of the category tree; only leaves are given to regions.

    Attributes:
        parent: The node above, or None at the top.
        aliases: Other names of the same thing, for import and search.
        translations: Label by language code.
        was: Ids that it had, or that were merged into it or split, in an earlier file.
    """

    id: CategoryId
    label: str
    parent: CategoryId | None = None
    aliases: tuple[str, ...] = ()
    translations: Mapping[str, str] = field(default_factory=dict)
    is_leaf: bool = True
    was: tuple[CategoryId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One answer that an attribute can have.

    Attributes:
        was: Ids that it had, or that were merged into it or split, in an earlier file.
    """

    id: ValueId
    label: str
    aliases: tuple[str, ...] = ()
    translations: Mapping[str, str] = field(default_factory=dict)
    was: tuple[ValueId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A question about a region, with its possible values in file order.

    Attributes:
        weakly_visible: A picture hardly shows it.
        offer_cannot_tell: Annotators may answer "cannot tell".
        offer_other: Annotators may answer "other / not in the list".
        was: Ids that it had, or that were merged into it or split, in an earlier file.
    """

    id: AttributeId
    label: str
    kind: AttributeKind
    values: tuple[Value, ...]
    weakly_visible: bool = False
    offer_cannot_tell: bool = True
    offer_other: bool = True
    translations: Mapping[str, str] = field(default_factory=dict)
    was: tuple[AttributeId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What choosing one value asks of other attributes.

    Attributes:
        implies: For each attribute, one of the values must hold (where the attribute applies).
        excludes: For each attribute, none of the values may hold; `any` is already written out.
    """

    attribute: AttributeId
    value: ValueId
    implies: Mapping[AttributeId, frozenset[ValueId]] = field(default_factory=dict)
    excludes: Mapping[AttributeId, frozenset[ValueId]] = field(default_factory=dict)


def normalise_name(text: str) -> str:
    """Fold case and spacing, so that names can be compared."""
    return " ".join(text.casefold().split())


def _spellings(entry: Category | Value) -> tuple[str, ...]:
    names = (entry.id, entry.label, *entry.aliases, *entry.translations.values())
    return tuple(dict.fromkeys(normalise_name(name) for name in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Look-up tables of one ontology; categories include the coarse ones."""

    categories: dict[CategoryId, Category]
    attributes: dict[AttributeId, Attribute]
    leaves: tuple[CategoryId, ...]
    leaves_under: dict[CategoryId, frozenset[CategoryId]]
    allowed: dict[CategoryId, dict[AttributeId, tuple[ValueId, ...]]]
    category_names: dict[str, CategoryId]
    value_names: dict[AttributeId, dict[str, ValueId]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ontology:
    """Everything that one ontology file says.

    Attributes:
        categories: Every node, a parent before its children, in file order.
        legal_values: Per attribute and leaf category, the values allowed there in file order;
            a leaf that is not a key does not have the attribute.
        required: Per attribute, the leaf categories that must have an answer.
        source: Text of the file that this was read from.
    """

    id: str
    version: str
    label: str
    cannot_tell_label: str
    other_label: str
    categories: tuple[Category, ...]
    attributes: tuple[Attribute, ...]
    rules: tuple[Rule, ...]
    legal_values: Mapping[AttributeId, Mapping[CategoryId, tuple[ValueId, ...]]]
    required: Mapping[AttributeId, frozenset[CategoryId]]
    source: str = ""
    _index: _Index = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the look-up tables."""
        object.__setattr__(self, "_index", _build_index(self))

    def __eq__(self, other: object) -> bool:
        """Two ontologies are equal when their files say the same text under the same id."""
        if not isinstance(other, Ontology):
            return NotImplemented
        return self is other or (
            (self.id, self.version, self.source) == (other.id, other.version, other.source)
            and self.categories == other.categories
            and self.attributes == other.attributes
            and self.rules == other.rules
            and self.legal_values == other.legal_values
            and self.required == other.required
        )

    def __hash__(self) -> int:
        """Hash by id, version and text."""
        return hash((self.id, self.version, self.source))

    @property
    def leaves(self) -> tuple[CategoryId, ...]:
        """Ids of the categories that a region can have, in file order."""
        return self._index.leaves

    def category(self, category: CategoryId) -> Category:
        """Return a category by its id.

        Raises:
            UnknownIdError: If no category has this id.
        """
        found = self._index.categories.get(category)
        if found is None:
            raise UnknownIdError(
                f"unknown category {category!r} in ontology {self.id!r}; "
                "use a category id of the ontology file"
            )
        return found

    def attribute(self, attribute: AttributeId) -> Attribute:
        """Return an attribute by its id.

        Raises:
            UnknownIdError: If no attribute has this id.
        """
        found = self._index.attributes.get(attribute)
        if found is None:
            raise UnknownIdError(
                f"unknown attribute {attribute!r} in ontology {self.id!r}; "
                "use an attribute id of the ontology file"
            )
        return found

    def value(self, attribute: AttributeId, value: ValueId) -> Value:
        """Return a value of an attribute by its id.

        Raises:
            UnknownIdError: If there is no such attribute, or no such value in it.
        """
        for candidate in self.attribute(attribute).values:
            if candidate.id == value:
                return candidate
        raise UnknownIdError(
            f"unknown value {value!r} of attribute {attribute!r} in ontology {self.id!r}; "
            "use a value id of the ontology file"
        )

    def leaves_under(self, category: CategoryId) -> frozenset[CategoryId]:
        """Return the leaves of a node's subtree; a leaf is its own only leaf."""
        return self._index.leaves_under[self.category(category).id]

    def applies(self, category: CategoryId, attribute: AttributeId) -> bool:
        """Say whether a category has an attribute; a coarse one if any leaf under it has."""
        self.attribute(attribute)
        return attribute in self._index.allowed[self.category(category).id]

    def applicable(self, category: CategoryId) -> tuple[AttributeId, ...]:
        """Return the attributes that a category has, in file order."""
        return tuple(self._index.allowed[self.category(category).id])

    def allowed(self, category: CategoryId, attribute: AttributeId) -> tuple[ValueId, ...]:
        """Return the values allowed for a category, in file order.

        A coarse category allows what any leaf under it allows.
        The result is empty where the attribute does not apply.
        """
        self.attribute(attribute)
        return self._index.allowed[self.category(category).id].get(attribute, ())

    def is_required(self, category: CategoryId, attribute: AttributeId) -> bool:
        """Say whether an answer is asked for; for a coarse category, in every leaf under it."""
        self.attribute(attribute)
        return self.leaves_under(category) <= self.required.get(attribute, frozenset())

    def find_category(self, text: str) -> CategoryId | None:
        """Find a category by id, label, alias or translation, whatever the case and spacing."""
        return self._index.category_names.get(normalise_name(text))

    def find_value(self, attribute: AttributeId, text: str) -> ValueId | None:
        """Find a value by id, label, alias or translation, whatever the case and spacing."""
        self.attribute(attribute)
        return self._index.value_names[attribute].get(normalise_name(text))


def _build_index(ontology: Ontology) -> _Index:
    categories = {category.id: category for category in ontology.categories}
    under: dict[CategoryId, set[CategoryId]] = {id_: set() for id_ in categories}
    for leaf in (category for category in ontology.categories if category.is_leaf):
        node: CategoryId | None = leaf.id
        while node is not None:
            under[node].add(leaf.id)
            node = categories[node].parent
    return _Index(
        categories=categories,
        attributes={attribute.id: attribute for attribute in ontology.attributes},
        leaves=tuple(category.id for category in ontology.categories if category.is_leaf),
        leaves_under={id_: frozenset(leaves) for id_, leaves in under.items()},
        allowed={id_: _allowed_under(ontology, leaves) for id_, leaves in under.items()},
        category_names={
            name: category.id for category in ontology.categories for name in _spellings(category)
        },
        value_names={
            attribute.id: {
                name: value.id for value in attribute.values for name in _spellings(value)
            }
            for attribute in ontology.attributes
        },
    )


def _allowed_under(
    ontology: Ontology, leaves: set[CategoryId]
) -> dict[AttributeId, tuple[ValueId, ...]]:
    table: dict[AttributeId, tuple[ValueId, ...]] = {}
    for attribute in ontology.attributes:
        by_leaf = ontology.legal_values.get(attribute.id, {})
        union = {value for leaf in leaves for value in by_leaf.get(leaf, ())}
        if union:
            table[attribute.id] = tuple(v.id for v in attribute.values if v.id in union)
    return table
