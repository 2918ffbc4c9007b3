"""Read the XML of a labeling config, which anybody may have written, into a flat list of tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from ontology.errors import LabelConfigError

__all__ = ["PlacedTag", "meant_ids", "parse_config", "placed_tags", "result_text"]

_MAX_CHARACTERS = 8_000_000
_DECLARATION = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)

Restriction = tuple[str, tuple[str, ...]]
"""Name of the tag that a region's label is looked up in, and the labels that show the control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTag:
    """A tag with what it and the views around it ask of a region's label."""

    element: ET.Element
    restrictions: tuple[Restriction, ...]


def parse_config(xml: str) -> ET.Element:
    """Parse a config.

    Raises:
        LabelConfigError: If the text is not XML, or declares a document type or entities.
    """
    if len(xml) > _MAX_CHARACTERS:
        raise LabelConfigError(
            f"the labeling config has {len(xml)} characters; expected at most {_MAX_CHARACTERS}"
        )
    if _DECLARATION.search(xml):
        raise LabelConfigError(
            "the labeling config declares a document type or an entity; remove the declaration, "
            "a config needs none"
        )
    try:
        # No entity can be declared in the text (checked above), so none can be expanded.
        return ET.fromstring(xml)  # noqa: S314  # declarations are refused above
    except (ET.ParseError, ValueError) as error:
        raise LabelConfigError(
            f"the labeling config is not XML ({error}); give what Label Studio shows under "
            "Settings, Labeling Interface, Code"
        ) from error


def placed_tags(root: ET.Element) -> list[PlacedTag]:
    """Return every tag below and including the root in document order."""
    found: list[PlacedTag] = []
    waiting: list[tuple[ET.Element, tuple[Restriction, ...]]] = [(root, ())]
    while waiting:
        element, outer = waiting.pop()
        own = _restriction(element)
        restrictions = outer if own is None or own in outer else (*outer, own)
        found.append(PlacedTag(element=element, restrictions=restrictions))
        waiting.extend((child, restrictions) for child in reversed(element))
    return found


def _restriction(element: ET.Element) -> Restriction | None:
    where, labels = element.get("whenTagName"), element.get("whenLabelValue")
    if not where or not labels:
        return None
    return where, tuple(dict.fromkeys(text for text in labels.split(",") if text))


def result_text(element: ET.Element) -> str:
    """Return what Label Studio writes into results: the alias where there is one."""
    return element.get("alias") or element.get("value") or ""


def meant_ids(element: ET.Element) -> tuple[str, ...] | None:
    """Return the ids that `of` names, see `ontology.keep_config`; None where there is no `of`."""
    named = element.get("of")
    return None if named is None else tuple(named.split())
