"""The one place where categories, attributes, values and their rules are said.

This package is pure: no network, no model, no web; it reads files only when asked to.
"""

from __future__ import annotations

from ontology.decode import Answer, Assignment, DecodePolicy, Scores, decode, violations
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
from ontology.targets import HeadLayout, Targets, decode_targets, encode, layout

__all__ = [
    "Answer",
    "Assignment",
    "Attribute",
    "AttributeId",
    "AttributeKind",
    "CatalogError",
    "Category",
    "CategoryId",
    "CellLabel",
    "CellState",
    "DecodePolicy",
    "Fault",
    "GarmentLabel",
    "HeadLayout",
    "LabelConfigError",
    "Ontology",
    "OntologyError",
    "Rule",
    "Scores",
    "Targets",
    "UnknownIdError",
    "Value",
    "ValueId",
    "decode",
    "decode_targets",
    "default_ontology_path",
    "encode",
    "layout",
    "load_ontology",
    "parse_ontology",
    "violations",
]
