"""Check labeling configs, and predictions and annotations, against the ontology."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ontology.config_map import ConfigMap
from ontology.decode import violations
from ontology.errors import LabelConfigError
from ontology.model import AttributeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ontology.config_map import ChoicesTag
    from ontology.model import AttributeId, CategoryId, Ontology, ValueId

__all__ = ["check_label_config", "check_results"]

_SLACK_PCT = 0.01
"""Rounding that a box may reach outside its picture by, in percent of the picture."""

_MOST_NAMED = 5


def check_label_config(xml: str, ontology: Ontology) -> tuple[str, ...]:
    """List everything about a labeling config that is not as the ontology says.

    What is unknown to the ontology comes first, then what the config lacks, then what it offers
    against the ontology.
    A config written by `build_label_config` gives nothing.
    """
    try:
        config = ConfigMap.parse(xml, ontology)
    except LabelConfigError as error:
        return (str(error),)
    absent = [leaf for leaf in ontology.leaves if leaf not in config.label_by_category]
    found = list(config.unmapped)
    found += _about(absent, "there is no label for", ontology)
    for attribute in ontology.attributes:
        found += _check_attribute(attribute.id, config, ontology)
    return tuple(found)


def _check_attribute(attribute: AttributeId, config: ConfigMap, ontology: Ontology) -> list[str]:
    """Compare what is asked about one attribute, over all labelled categories."""
    absent: list[CategoryId] = []
    differences: dict[str, list[CategoryId]] = {}
    for category in config.label_by_category:
        allowed = ontology.allowed(category, attribute)
        tag = config.choices.get((attribute, category))
        if tag is None:
            absent += [category] if allowed else []
            continue
        offered = tag.label_by_value.keys()
        for value in (value for value in allowed if value not in offered):
            differences.setdefault(f"{tag.name!r} does not offer {value!r} for", []).append(
                category
            )
        for value in (value for value in offered if value not in allowed):
            differences.setdefault(
                f"{tag.name!r} offers {value!r}, which is not allowed, for", []
            ).append(category)
        if tag.multiple != (ontology.attribute(attribute).kind is AttributeKind.MULTIPLE):
            kind = "several values" if tag.multiple else "one value"
            differences.setdefault(f"{tag.name!r} wrongly takes {kind} for", []).append(category)
    found = _about(absent, f"attribute {attribute!r} is not asked for", ontology)
    for text, categories in differences.items():
        found += _about(categories, f"Choices {text}", ontology)
    return found


def _about(categories: Sequence[CategoryId], text: str, ontology: Ontology) -> list[str]:
    """Say something once about several categories, naming the first of them."""
    if not categories:
        return []
    names = [repr(ontology.category(category).label) for category in categories[:_MOST_NAMED]]
    more = len(categories) - len(names)
    return [f"{text} {', '.join(names)}" + (f" and {more} more" if more else "")]


def check_results(
    results: Sequence[Mapping[str, Any]], config: ConfigMap, ontology: Ontology
) -> tuple[str, ...]:
    """List everything that is wrong with the results of one prediction or annotation.

    Label Studio stores nearly anything; this finds what it would hide, show as blank, or hand
    back in a human's annotation.

    Args:
        results: Result objects as Label Studio sends and takes them; anything may be in them.
        config: The project's config.
        ontology: Says what is legal.
    """
    found: list[str] = []
    regions: dict[str, _Region] = {}
    entries = [entry for entry in results if isinstance(entry, Mapping)]
    if len(entries) < len(results):
        found.append(f"{len(results) - len(entries)} results are not objects")
    boxes = [entry for entry in entries if entry.get("from_name") == config.label_tag]
    for entry in boxes:
        found += _check_box(entry, regions, config)
    for entry in entries:
        if entry.get("from_name") != config.label_tag:
            found += _check_choices(entry, regions, config, ontology)
    for id_, region in regions.items():
        found += [f"region {id_!r}: {fault}" for fault in _illegal(region, ontology)]
    return tuple(found)


@dataclass(slots=True, kw_only=True)
class _Region:
    """What the results say about one box."""

    category: CategoryId | None
    values: dict[AttributeId, list[ValueId]] = field(default_factory=dict)
    asked: set[AttributeId] = field(default_factory=set)


def _check_box(
    entry: Mapping[str, Any], regions: dict[str, _Region], config: ConfigMap
) -> list[str]:
    id_, value = entry.get("id"), entry.get("value")
    if not isinstance(id_, str) or not id_:
        return [f"a box has the id {id_!r}; expected a string"]
    if id_ in regions:
        return [f"region {id_!r}: there are two boxes with this id"]
    if not isinstance(value, Mapping):
        regions[id_] = _Region(category=None)
        return [f"region {id_!r}: the box has no value"]
    labels = value.get("rectanglelabels")
    found = _check_frame(entry, "rectanglelabels", config)
    found += _check_geometry(value)
    category = None
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
        found.append(f"the box has the labels {labels!r}; expected exactly one")
    else:
        category = config.category_by_label.get(labels[0])
        if category is None:
            found.append(f"label {labels[0]!r} is not in the project's config")
    regions[id_] = _Region(category=category)
    return [f"region {id_!r}: {fault}" for fault in found]


def _check_frame(entry: Mapping[str, Any], kind: str, config: ConfigMap) -> list[str]:
    """Check what boxes and choices have in common."""
    found = []
    if entry.get("to_name") != config.image_tag:
        found.append(f"to_name is {entry.get('to_name')!r}; expected {config.image_tag!r}")
    if entry.get("type") != kind:
        found.append(f"type is {entry.get('type')!r}; expected {kind!r}")
    score = entry.get("score")
    if score is not None and not (_is_number(score) and 0 <= score <= 1):
        found.append(f"score is {score!r}; expected a number from 0 to 1")
    for key in ("original_width", "original_height"):
        size = entry.get(key)
        if size is not None and not (_is_number(size) and size >= 1):
            found.append(f"{key} is {size!r}; expected a number of pixels")
    return found


def _check_geometry(value: Mapping[str, Any]) -> list[str]:
    geometry = [value.get(key) for key in ("x", "y", "width", "height")]
    rotation = value.get("rotation", 0)
    if not all(_is_number(number) for number in (*geometry, rotation)):
        return [f"the box is {geometry} turned by {rotation!r}; expected numbers, in percent"]
    x, y, width, height = (float(str(number)) for number in geometry)
    found = []
    if width <= 0 or height <= 0:
        found.append(f"the box is {width:g} x {height:g} percent; expected a size above 0")
    reach = 100 + _SLACK_PCT
    is_outside = min(x, y) < -_SLACK_PCT or x + width > reach or y + height > reach
    # The corner of a turned box may lie anywhere around it.
    if is_outside and not rotation:
        found.append(
            f"the box at {x:g}, {y:g} with {width:g} x {height:g} percent leaves the picture"
        )
    return found


def _is_number(number: object) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _check_choices(
    entry: Mapping[str, Any],
    regions: Mapping[str, _Region],
    config: ConfigMap,
    ontology: Ontology,
) -> list[str]:
    """Check the answer to one question, and note it in its region."""
    name, id_ = entry.get("from_name"), entry.get("id")
    tag = config.choices_by_name.get(name) if isinstance(name, str) else None
    if tag is None:
        return [f"region {id_!r}: from_name {name!r} is not in the project's config"]
    found = _check_frame(entry, "choices", config)
    region = regions.get(id_) if isinstance(id_, str) else None
    if region is None:
        found.append("there is no box with this id")
    else:
        found += _check_place(tag, region, config, ontology)
    found += _read_answer(entry.get("value"), tag, region)
    return [f"region {id_!r}, {name!r}: {fault}" for fault in found]


def _check_place(
    tag: ChoicesTag, region: _Region, config: ConfigMap, ontology: Ontology
) -> list[str]:
    """Check that a question is asked about the region's category, and once only."""
    found = []
    if tag.attribute in region.asked:
        found.append(f"{tag.attribute!r} is answered twice")
    region.asked.add(tag.attribute)
    if region.category is None:
        return found
    expected = config.choices.get((tag.attribute, region.category))
    label = config.label_by_category[region.category]
    if not ontology.applies(region.category, tag.attribute):
        found.append(f"{tag.attribute!r} does not apply to {label!r}")
    elif expected is None:
        found.append(f"the project's config does not ask for {tag.attribute!r} of {label!r}")
    elif expected.name != tag.name:
        found.append(f"the choices for {label!r} are {expected.name!r}")
    return found


def _read_answer(value: object, tag: ChoicesTag, region: _Region | None) -> list[str]:
    texts = value.get("choices") if isinstance(value, Mapping) else None
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        return [f"the choices are {texts!r}; expected at least one string"]
    found = []
    answers = {tag.cannot_tell_label, tag.other_label}
    unknown = [text for text in texts if text not in tag.value_by_label and text not in answers]
    found += [f"choice {text!r} is not in the project's config" for text in unknown]
    if len(texts) > 1 and not tag.multiple:
        found.append(f"{len(texts)} choices where one is taken: {texts}")
    if tag.cannot_tell_label in texts and len(texts) > 1:
        found.append(f"{tag.cannot_tell_label!r} stands beside other choices: {texts}")
    if region is not None:
        said = [tag.value_by_label[text] for text in texts if text in tag.value_by_label]
        region.values.setdefault(tag.attribute, []).extend(said)
    return found


def _illegal(region: _Region, ontology: Ontology) -> Iterable[str]:
    """Return what the ontology's own rules say against a region's values."""
    category = region.category
    if category is None:
        return ()
    values = {attribute: said for attribute, said in region.values.items() if said}
    if ontology.category(category).is_leaf:
        unsaid = [a.id for a in ontology.attributes if a.id not in values]
        return violations(ontology, category, values, unsaid=unsaid)
    return [
        f"value {value!r} of attribute {attribute!r} is not allowed for {category!r}"
        for attribute, said in values.items()
        for value in said
        if value not in ontology.allowed(category, attribute)
    ]
