"""Tell what the columns of a seller's file mean; what is not clear is listed, never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ontology.model import normalise_name

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["CATEGORY", "PICTURES", "PRODUCT", "SELLER", "TITLE", "understand_columns"]

PRODUCT, TITLE, PICTURES, CATEGORY = "product", "title", "pictures", "category"
SELLER = "seller"
_KNOWN = {
    PRODUCT: ("id", "product id", "sku", "product", "item id", "listing id", "style id"),
    TITLE: ("title", "name", "product name", "product title"),
    SELLER: (
        *("seller", "seller id", "seller name", "vendor", "vendor id", "vendor name"),
        *("merchant", "merchant id", "merchant name", "supplier", "supplier id", "supplier name"),
    ),
    CATEGORY: ("category", "article type", "product type", "product category"),
}
_PICTURE = re.compile(r"(image|images|picture|pictures|photo|photos|img|view)( ?(url|file|path))?")
_MIN_SIMILAR = 88.0


def understand_columns(
    columns: Sequence[str], ontology: Ontology
) -> tuple[dict[str, str], list[str]]:
    """Map column names to `product`, `title`, `pictures`, `seller`, `category` or an attribute.

    Only pictures may have several columns; of other repeated meanings the first one counts.

    Returns:
        The meanings by column name, and one line for each column that has none.
    """
    meaning: dict[str, str] = {}
    notes = []
    for column in columns:
        found = _meaning(column, ontology)
        if found is None:
            notes.append(f"column {column!r} is not understood; left out")
        elif found != PICTURES and found in meaning.values():
            notes.append(f"column {column!r} says {found} once more; left out")
        else:
            meaning[column] = found
    return meaning, notes


def _meaning(column: str, ontology: Ontology) -> str | None:
    name = normalise_name(re.sub(r"[_\-/.:]+", " ", column))
    if _PICTURE.fullmatch(re.sub(r" ?\d+$", "", name)):
        return PICTURES
    for meaning, spellings in _KNOWN.items():
        if name in spellings:
            return meaning
    names = {
        spelling: str(attribute.id)
        for attribute in ontology.attributes
        for spelling in (
            normalise_name(attribute.id.replace("_", " ")),
            normalise_name(attribute.label),
            *map(normalise_name, attribute.translations.values()),
        )
    }
    return names.get(name) or _similar(name, names)


def _similar(name: str, names: dict[str, str]) -> str | None:
    """Find the one attribute whose name, or one word of it, is spelt nearly so."""
    from rapidfuzz.fuzz import ratio

    found = {
        attribute
        for spelling, attribute in names.items()
        if len(name) > 3
        and max(ratio(name, part) for part in (spelling, *spelling.split())) >= _MIN_SIMILAR
    }
    return found.pop() if len(found) == 1 else None
