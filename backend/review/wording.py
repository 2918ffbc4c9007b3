"""Words for the ids that reviewers see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.review.items import CATEGORY_KEY
from ontology.errors import UnknownIdError
from ontology.model import AttributeId, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Wording"]

_EXCLUDES = re.compile(r"(?P<name>\w+)=(?P<value>\w+) excludes (?P<other>\w+)=(?P<refused>.+)")
_IMPLIES = re.compile(
    r"(?P<name>\w+)=(?P<value>\w+) needs (?P<other>\w+) to be one of (?P<needed>\[.*\]), "
    r"found (?P<found>.+)"
)
_ID = re.compile(r"'(\w+)'")


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

    def rule(self, fault: str) -> str:
        """Give what `ontology.decode.violations` says of a broken rule, with labels for ids."""
        excluded, implied = _EXCLUDES.fullmatch(fault), _IMPLIES.fullmatch(fault)
        if excluded is not None:
            name, value, other, refused = excluded.groups()
            words = self.values(other, refused.split(", "))
            return f"{self._cell(name, value)} excludes {self.attribute(other)} {words}"
        if implied is not None:
            name, value, other, needed, found = implied.groups()
            wanted, given = (self.values(other, _ID.findall(ids)) or ids for ids in (needed, found))
            needs = f"needs {self.attribute(other)} to be one of {wanted}, found {given}"
            return f"{self._cell(name, value)} {needs}"
        return fault

    def _cell(self, attribute: str, value: str) -> str:
        return f"{self.attribute(attribute)} {self.value(attribute, value)}"
