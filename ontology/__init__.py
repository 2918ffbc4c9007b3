"""The one place where categories, attributes, values and their rules are said.

This package is pure: no network, no model, no web; it reads files only when asked to.
"""

from __future__ import annotations

from ontology.errors import CatalogError, Fault, LabelConfigError, OntologyError, UnknownIdError
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.load import default_ontology_path, load_ontology, parse_ontology
from ontology.model import (
    Attribute,
    AttributeId,
    AttributeKind,
    Category,
    CategoryId,
    Ontology,
    Rule,
    Value,
    ValueId,
)

__all__ = [
    "Attribute",
    "AttributeId",
    "AttributeKind",
    "CatalogError",
    "Category",
    "CategoryId",
    "CellLabel",
    "CellState",
    "Fault",
    "GarmentLabel",
    "LabelConfigError",
    "Ontology",
    "OntologyError",
    "Rule",
    "UnknownIdError",
    "Value",
    "ValueId",
    "default_ontology_path",
    "load_ontology",
    "parse_ontology",
]
