"""Find what is wrong with an ontology whose file has the right shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ontology._schema import OntologySpec
    from ontology._yaml import Document
    from ontology.model import Ontology

__all__ = ["check_legality", "check_spec"]


def check_spec(spec: OntologySpec, document: Document) -> None:
    """Record names that clash and references that lead nowhere."""


def check_legality(ontology: Ontology, document: Document) -> None:
    """Record rules that contradict each other and attributes that apply nowhere."""
