"""The detector's coarse classes: named sets of leaf categories, and what they leave over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ontology.errors import CatalogError
from ontology.model import CategoryId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ontology.model import Ontology
    from tagger.dataset import DatasetDescription

__all__ = ["REST", "ClassError", "CoarseClasses", "classes_of"]

REST = "other"


class ClassError(CatalogError):
    """A description gives no coarse classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseClasses:
    """What the detector tells apart.

    Attributes:
        leaves: For each class, in the order of the network's outputs, its leaf categories. The
            last one, `other`, holds every leaf that no class of the described set holds.
    """

    leaves: Mapping[str, frozenset[CategoryId]]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in the order of the network's outputs, without the background."""
        return tuple(self.leaves)

    def position(self, name: str) -> int:
        """Give a class's number as the network counts it, from 1."""
        return self.names.index(name) + 1

    def of(self, categories: frozenset[CategoryId]) -> str | None:
        """Give the one class that holds all of some leaves; None if they lie in several."""
        held = [name for name, leaves in self.leaves.items() if categories & leaves]
        return held[0] if len(held) == 1 else None


def classes_of(description: DatasetDescription, ontology: Ontology) -> CoarseClasses:
    """Read the classes from a described set of instances: its category labels.

    Raises:
        ClassError: If the description's category labels do not name disjoint sets of leaves.
    """
    labels = description.category.labels if description.category is not None else {}
    leaves = {
        name: frozenset(CategoryId(member) for member in members)
        for name, members in labels.items()
    }
    taken = frozenset[CategoryId]().union(*leaves.values())
    if not leaves or len(taken) != sum(len(members) for members in leaves.values()):
        raise ClassError(
            f"description {description.name!r} gives no coarse classes: its category labels must "
            "name disjoint sets of leaves"
        )
    rest = frozenset(ontology.leaves) - taken
    return CoarseClasses(leaves={**leaves, REST: rest})
