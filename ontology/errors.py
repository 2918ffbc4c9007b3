"""The errors that the whole project raises for a user's mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CatalogError", "Fault", "LabelConfigError", "OntologyError", "UnknownIdError"]


class CatalogError(Exception):
    """Base of every error that is somebody's to mend; its text is one clear sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an ontology file.

    Attributes:
        file: Name of the file as the caller gave it.
        line: Line of the fault, counted from 1.
        reason: What is wrong, what was expected and what to do.
    """

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """Return `file:line: reason`."""
        return f"{self.file}:{self.line}: {self.reason}"


class OntologyError(CatalogError):
    """An ontology file is wrong, or something was asked of an ontology that it cannot answer.

    Attributes:
        faults: Every fault that was found in the file, in line order; empty for other causes.
    """

    def __init__(self, message: str, *, faults: Iterable[Fault] = ()) -> None:
        """Store the message and the faults behind it."""
        super().__init__(message)
        self.faults: tuple[Fault, ...] = tuple(faults)

    @classmethod
    def from_faults(cls, faults: Iterable[Fault]) -> OntologyError:
        """Make one error of all faults of a file, one line each."""
        found = tuple(faults)
        return cls("\n".join(str(fault) for fault in found), faults=found)


class UnknownIdError(OntologyError):
    """A category, attribute or value id is not in the ontology."""


class LabelConfigError(CatalogError):
    """A Label Studio labeling config cannot be used with the ontology."""
