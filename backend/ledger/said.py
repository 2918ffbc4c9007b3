"""Read the results of an annotation or a prediction as regions with answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from ontology.config_map import ChoicesTag, ConfigMap
    from ontology.model import AttributeId, CategoryId

__all__ = [
    "SIDES",
    "Said",
    "SaidRegion",
    "count_unknown",
    "members",
    "one_of",
    "own_answers",
    "read_regions",
]

SIDES = ("x", "y", "width", "height")
_MAX_SIDE_PX = 1_000_000
_MAX_PERCENT = 1e6
_OR = "|"


def one_of(ids: Iterable[str]) -> str:
    """Write that one of these ids is meant; a single id stays as it is."""
    return _OR.join(sorted(ids))


def members(entry: str) -> frozenset[str]:
    """Read what `one_of` wrote; none for an empty text."""
    return frozenset(entry.split(_OR)) if entry else frozenset()


@dataclass(slots=True, kw_only=True)
class Said:
    """The answer to one question.

    Attributes:
        tag: Name of the tag that asked.
        values: What was chosen, each entry a value id or what `one_of` writes.
        num_unknown: Choices that the config does not know, or whose value was removed.
        score: As the result carries it, 0..1.
    """

    tag: str
    values: frozenset[str]
    cannot_tell: bool
    other: bool
    num_unknown: int
    score: float | None


@dataclass(slots=True, kw_only=True)
class SaidRegion:
    """One box with its answers, by attribute and the name of the tag that asked.

    Attributes:
        box: `x, y, width, height` in percent of the picture, and `rotation` in degrees.
        image_wh: Width and height of the picture in pixels; 0 where nobody said.
        categories: Of which it is one; none for a label that the config does not know.
    """

    box: dict[str, float]
    image_wh: tuple[int, int]
    categories: frozenset[CategoryId]
    said: dict[tuple[AttributeId, str], Said] = field(default_factory=dict)

    def answer(self, attribute: AttributeId, config: ConfigMap) -> Said | None:
        """Return what was said; an answer to another category's question is stale."""
        asked = self.asked(attribute, config)
        found = [
            said
            for (about, name), said in self.said.items()
            if about == attribute and (name in asked or not self.categories)
        ]
        return found[0] if found else None

    def asked(self, attribute: AttributeId, config: ConfigMap) -> frozenset[str]:
        """Return the names of the tags that ask for an attribute of these categories."""
        tags = (config.choices.get((attribute, category)) for category in self.categories)
        return frozenset(tag.name for tag in tags if tag is not None)


def read_regions(result: Iterable[Mapping[str, Any]], config: ConfigMap) -> dict[str, SaidRegion]:
    """Read results as regions by id; what is no box, or belongs to none, is left out."""
    items = [item for item in result if isinstance(item.get("id"), str)]
    regions: dict[str, SaidRegion] = {}
    for item in items:
        box = _box(item)
        if item.get("from_name") == config.label_tag and box is not None:
            known = [_categories(text, config) for text in _texts(item)]
            regions.setdefault(
                item["id"],
                SaidRegion(
                    box=box,
                    image_wh=_image_wh(item),
                    categories=known[0] if len(known) == 1 else frozenset(),
                ),
            )
    for item in items:
        name = item.get("from_name")
        tag = config.choices_by_name.get(name) if isinstance(name, str) else None
        region = regions.get(item["id"])
        if tag is not None and region is not None:
            region.said.setdefault((tag.attribute, tag.name), _said(item, tag))
    return regions


def _categories(text: str, config: ConfigMap) -> frozenset[CategoryId]:
    category = config.category_by_label.get(text)
    return frozenset({category}) if category else config.legacy_labels.get(text, frozenset())


def _value(text: str, tag: ChoicesTag) -> str:
    """Return the value that a choice means, or of which one is meant; empty if nobody knows."""
    return tag.value_by_label.get(text) or one_of(tag.legacy.get(text, ()))


def _said(item: Mapping[str, Any], tag: ChoicesTag) -> Said:
    texts = _texts(item)
    score = item.get("score")
    return Said(
        tag=tag.name,
        values=frozenset(_value(text, tag) for text in texts) - {""},
        cannot_tell=tag.cannot_tell_label is not None and tag.cannot_tell_label in texts,
        other=tag.other_label is not None and tag.other_label in texts,
        num_unknown=sum(_is_unknown(text, tag) for text in texts),
        score=float(score) if _is_number(score) and abs(score) <= 1 else None,
    )


def _is_unknown(text: str, tag: ChoicesTag) -> bool:
    answers = (tag.cannot_tell_label, tag.other_label)
    return not _value(text, tag) and text not in answers


def _texts(item: Mapping[str, Any]) -> list[str]:
    """Return the strings that a result holds; the key is the result's own type."""
    value, kind = item.get("value"), item.get("type")
    texts = value.get(kind) if isinstance(value, Mapping) else None
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []


def _box(item: Mapping[str, Any]) -> dict[str, float] | None:
    value = item.get("value")
    if not isinstance(value, Mapping) or not all(_is_percent(value.get(side)) for side in SIDES):
        return None
    turn = value.get("rotation")
    box = {side: float(value[side]) for side in SIDES}
    return {**box, "rotation": float(turn) if _is_percent(turn) else 0.0}


def _image_wh(item: Mapping[str, Any]) -> tuple[int, int]:
    sizes = (item.get("original_width"), item.get("original_height"))
    width, height = (int(size) if _is_size(size) else 0 for size in sizes)
    return width, height


def _is_percent(value: Any) -> TypeGuard[float]:
    return _is_number(value) and abs(value) <= _MAX_PERCENT


def _is_size(value: Any) -> TypeGuard[float]:
    return _is_number(value) and 1 <= value <= _MAX_SIDE_PX


def _is_number(value: Any) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < float("inf")  # also compares an integer too large for a float


def count_unknown(result: Iterable[Mapping[str, Any]], config: ConfigMap) -> int:
    """Count the labels, questions and choices of results that a config does not know."""
    num_unknown = 0
    for item in result:
        name, texts = item.get("from_name"), _texts(item)
        if name == config.label_tag:
            num_unknown += sum(not _categories(text, config) for text in texts)
        elif isinstance(name, str) and (tag := config.choices_by_name.get(name)) is not None:
            num_unknown += sum(_is_unknown(text, tag) for text in texts)
        else:
            num_unknown += 1
    return num_unknown


def own_answers(result: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the results that came from a prediction, changed or not, by what they say themselves.

    Stands in for a prediction that Label Studio does not have any more.
    """
    return [item for item in result if item.get("origin") in {"prediction", "prediction-changed"}]
