"""Which ontology the served model answers in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.model_source import find_model
from ontology.load import default_ontology_path, load_ontology

if TYPE_CHECKING:
    from backend.settings import Settings
    from ontology.model import Ontology

__all__ = ["served_ontology"]


def served_ontology(settings: Settings) -> Ontology:
    """Read the ontology of the version that `weft serve` would serve; the shipped one without any.

    A project that is made from another ontology than the model's would get answers that its
    labeling config has no place for.

    Raises:
        OntologyError: If the version's ontology file is wrong.
    """
    source = find_model(settings)
    if source.path is None:
        return load_ontology(default_ontology_path())
    return load_ontology(source.path / "ontology.yaml")
