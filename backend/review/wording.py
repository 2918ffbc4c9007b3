"""Words for the ids that reviewers see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.review.items import CATEGORY_KEY
from ontology.errors import UnknownIdError
from ontology.model import AttributeId, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Wording"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Gives words for ids; an id that the ontology does not have stands for itself."""

    ontology: Ontology

    def attribute(self, attribute: str) -> str:
        """Give an attribute's label."""
        if attribute == CATEGORY_KEY:
            return "Category"
        try:
            return self.ontology.attribute(AttributeId(attribute)).label
        except (KeyError, UnknownIdError):
            return attribute

    def value(self, attribute: str, value: str) -> str:
        """Give a value's or a category's label."""
        try:
            if attribute == CATEGORY_KEY:
                return self.ontology.category(CategoryId(value)).label
            return self.ontology.value(AttributeId(attribute), ValueId(value)).label
        except (KeyError, UnknownIdError):
            return value

    def values(self, attribute: str, values: Sequence[str]) -> str:
        """Give several values' labels, with commas between."""
        return ", ".join(self.value(attribute, value) for value in values)
