"""Read a file of `weft predict`; a line that cannot be used is named and the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ontology.nearest import or_which

if TYPE_CHECKING:
    from pathlib import Path

    from ontology.model import Ontology

__all__ = ["read_predictions"]

_SHAPE = (
    "expected `regions` as `weft predict` writes them: objects with `box`, `category` and "
    "`attributes`, and under each attribute a list of objects with `value` and `score`, 0 to 1"
)


def read_predictions(path: Path, ontology: Ontology) -> tuple[list[dict[str, Any]], list[str]]:
    """Read lines of predictions.

    A line is left out whole if one of its ids is not in the ontology: it answers in another one.

    Args:
        path: JSON, a picture a line.
        ontology: Whose ids the lines must have.

    Returns:
        The lines, and one sentence with file and line for each that was left out.

    Raises:
        OSError: If the file cannot be read.
    """
    known = {
        str(attribute.id): [str(value.id) for value in attribute.values]
        for attribute in ontology.attributes
    }
    leaves = [str(leaf) for leaf in ontology.leaves]
    found: list[dict[str, Any]] = []
    faults: list[str] = []
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                plain = _shaped(json.loads(line.decode("utf-8-sig")))
                unknown = next(_unknown(plain.get("regions") or [], leaves, known), "")
                if unknown:
                    raise ValueError(unknown)
            except RecursionError:
                faults.append(f"{path}:{number}: the JSON is nested too deeply; line left out")
            except ValueError as error:
                faults.append(f"{path}:{number}: {error}; line left out")
            else:
                found.append(plain)
    return found, faults


def _shaped(plain: Any) -> dict[str, Any]:
    """Give an object that has the shape of a line.

    Raises:
        ValueError: If it has not.
    """
    if not isinstance(plain, dict) or not isinstance(plain.get("image"), str):
        raise ValueError("expected an object with `image`")
    regions = plain.get("regions") or []
    if not isinstance(regions, list) or not all(map(_is_region, regions)):
        raise ValueError(_SHAPE)
    return plain


def _is_region(region: Any) -> bool:
    if not isinstance(region, dict):
        return False
    box, attributes = region.get("box"), region.get("attributes", {})
    return (
        (box is None or (isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))))
        and isinstance(region.get("category"), str | None)
        and (region.get("category_score") is None or _is_share(region["category_score"]))
        and isinstance(attributes, dict)
        and all(
            isinstance(answers, list)
            and all(
                isinstance(one, dict)
                and isinstance(one.get("value"), str)
                and _is_share(one.get("score"))
                for one in answers
            )
            for answers in attributes.values()
        )
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _unknown(
    regions: list[dict[str, Any]], leaves: list[str], known: Mapping[str, list[str]]
) -> Iterator[str]:
    """Say which ids are not in the ontology."""
    for region in regions:
        category = region.get("category")
        if category and category not in leaves:
            yield f"unknown category {category!r}; {or_which(category, leaves)}"
        for name, answers in region.get("attributes", {}).items():
            if name not in known:
                yield f"unknown attribute {name!r}; {or_which(name, known)}"
                continue
            for value in (one["value"] for one in answers):
                if value not in known[name]:
                    yield f"unknown value {value!r} of {name}; {or_which(value, known[name])}"
