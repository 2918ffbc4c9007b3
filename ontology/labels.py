"""What is known about one garment or object: the four label states, kept apart.

A cell is one attribute of one region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ontology.model import AttributeId, CategoryId, ValueId

__all__ = ["CellLabel", "CellState", "GarmentLabel"]


class CellState(StrEnum):
    """What somebody said about a cell.

    Attributes:
        VALUE: Values were given or ruled out.
        CANNOT_TELL: Somebody looked and could not tell; an answer that teaches nothing.
        NOT_APPLICABLE: The category does not have the attribute; derived from the ontology.
        MISSING: Nobody said.
    """

    VALUE = "value"
    CANNOT_TELL = "cannot_tell"
    NOT_APPLICABLE = "not_applicable"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLabel:
    """What is known about one attribute of one region.

    Attributes:
        any_of: The true value is one of these (for a multiple attribute: at least one of them
            holds); a single member is an exact label.
        positives: Values of a multiple attribute that hold.
        negatives: Values known to be absent, such as those an annotator removed.
        vocabulary: Values inside which absence means "no"; None stands for every value that is
            allowed for the category.
        looked_at: Somebody looked at the whole multiple attribute, so what was not chosen is
            absent.
        weight: Trust in the label, 0 or more.
    """

    state: CellState
    any_of: frozenset[ValueId] = frozenset()
    positives: frozenset[ValueId] = frozenset()
    negatives: frozenset[ValueId] = frozenset()
    vocabulary: frozenset[ValueId] | None = None
    looked_at: bool = False
    weight: float = 1.0

    def candidates(self, allowed: frozenset[ValueId]) -> frozenset[ValueId]:
        """Give those of `any_of` of which one holds: allowed, and not among the negatives.

        If every allowed one is also a negative, the label contradicts itself and they all stay.
        None are left if one of them is known to hold, for then the set says nothing more.
        """
        legal = self.any_of & allowed
        some = legal - self.negatives or legal
        return frozenset() if some & self.positives else some


@dataclass(frozen=True, slots=True, kw_only=True)
class GarmentLabel:
    """What is known about one region.

    Attributes:
        categories: Leaves that it may be; one member is an exact label, none means missing.
        category_vocabulary: The closed set of leaves that the source tells apart; None for all.
        cells: Known cells; an attribute that is not a key is missing or not applicable.
        category_weight: Trust in `categories`, 0 or more.
    """

    categories: frozenset[CategoryId] = frozenset()
    category_vocabulary: frozenset[CategoryId] | None = None
    cells: Mapping[AttributeId, CellLabel] = field(default_factory=dict)
    category_weight: float = 1.0
