"""Write the Label Studio labeling config that asks exactly what an ontology says."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ontology._config_style import STYLE
from ontology.errors import LabelConfigError
from ontology.evidence_panel import PICTURE_CLASS, add_panel
from ontology.model import AttributeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ontology.model import (
        Attribute,
        AttributeId,
        Category,
        CategoryId,
        Ontology,
        Value,
        ValueId,
    )

__all__ = ["build_label_config"]

_IMAGE_TAG = "image"
_LABEL_TAG = "label"
_FILTER_TAG = "label_filter"
_IMAGE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GOLDEN_RATIO = 0.618034
_MOST_BUTTONS = 24
"""An attribute with more values than this gets a list to pick from instead of buttons."""


def build_label_config(
    ontology: Ontology,
    *,
    image_key: str = "image",
    smart: bool = True,
    language: str | None = None,
    evidence: str = "",
) -> str:
    """Return the labeling config as XML.

    Every leaf category is a label, and every attribute one `Choices` for each set of values that
    it has somewhere.
    Each `Choices` is restricted to its categories both where it is shown and where it is submitted.

    Args:
        ontology: Says what to ask.
        image_key: Key of the picture in the tasks' data.
        smart: Offer the tool that sends a drawn box to the model.
        language: Code of the language to show; what has no usable translation keeps its label.
        evidence: Address of the evidence panel, as in `ontology.evidence_panel`; empty for none.

    Raises:
        LabelConfigError: If the image key or the address cannot be one.
    """
    if not _IMAGE_KEY.fullmatch(image_key):
        raise LabelConfigError(
            f"image key {image_key!r} cannot be used in a labeling config; "
            "use letters, digits and _, such as 'image'"
        )
    wording = _wording(ontology, language)
    root = ET.Element("View")
    ET.SubElement(root, "Style").text = STYLE
    frame = ET.SubElement(root, "View", className="weft")
    picture = ET.SubElement(frame, "View", className=PICTURE_CLASS)
    ET.SubElement(
        picture, "Image", name=_IMAGE_TAG, value=f"${image_key}", zoom="true", zoomControl="true"
    )
    if evidence:
        add_panel(picture, evidence)
    side = ET.SubElement(frame, "View", className="weft-side")
    _add_labels(side, ontology, wording, smart=smart)
    _add_attributes(side, ontology, wording)
    ET.indent(root, space=" ")
    return ET.tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wording:
    """The strings that annotators see, in one language.

    Attributes:
        categories: Without commas, since Label Studio takes a comma for the end of a label.
    """

    categories: Mapping[CategoryId, str]
    attributes: Mapping[AttributeId, str]
    values: Mapping[AttributeId, Mapping[ValueId, str]]


def _wording(ontology: Ontology, language: str | None) -> _Wording:
    categories = {c.id: _translated(c, language) for c in ontology.categories}
    return _Wording(
        categories={
            c.id: c.label if "," in categories[c.id] else categories[c.id]
            for c in ontology.categories
        },
        attributes={a.id: _translated(a, language) for a in ontology.attributes},
        values={
            a.id: {value.id: _translated(value, language) for value in a.values}
            for a in ontology.attributes
        },
    )


def _translated(entry: Category | Value | Attribute, language: str | None) -> str:
    return entry.label if language is None else entry.translations.get(language, entry.label)


def _add_labels(parent: ET.Element, ontology: Ontology, wording: _Wording, *, smart: bool) -> None:
    ET.SubElement(
        parent,
        "Filter",
        name=_FILTER_TAG,
        toName=_LABEL_TAG,
        minlength="0",
        placeholder="Find a category",
    )
    view = ET.SubElement(parent, "View", className="weft-labels")
    labels = ET.SubElement(
        view,
        "RectangleLabels",
        name=_LABEL_TAG,
        toName=_IMAGE_TAG,
        showInline="true",
        smart="true" if smart else "false",
    )
    branches = _branches(ontology)
    for number, (branch, leaves) in enumerate(branches.items()):
        place = ET.SubElement(labels, "View", className="weft-branch")
        if len(branches) > 1 and leaves != [branch]:
            ET.SubElement(place, "Header", value=wording.categories[branch], size="6")
        for leaf in leaves:
            ET.SubElement(
                place, "Label", value=wording.categories[leaf], background=_colour(number)
            )


def _branches(ontology: Ontology) -> dict[CategoryId, list[CategoryId]]:
    """Group the leaves by the top of the tree, or the level below if there is one top only."""
    tops = [category.id for category in ontology.categories if category.parent is None]
    parents = {category.id: category.parent for category in ontology.categories}
    branches: dict[CategoryId, list[CategoryId]] = {}
    for leaf in ontology.leaves:
        path = [leaf]
        while (parent := parents[path[-1]]) is not None:
            path.append(parent)
        branch = path[-2] if len(tops) == 1 and len(path) > 1 else path[-1]
        branches.setdefault(branch, []).append(leaf)
    return branches


def _colour(number: int) -> str:
    """Return a colour that differs from its neighbours' and is dark enough to carry white text."""
    red, green, blue = colorsys.hls_to_rgb((0.58 + number * _GOLDEN_RATIO) % 1.0, 0.36, 0.62)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One `Choices`: an attribute for the categories that allow the same values."""

    attribute: Attribute
    values: tuple[ValueId, ...]
    is_required: bool
    leaves: tuple[CategoryId, ...]
    tag: str


def _questions(ontology: Ontology) -> list[_Question]:
    """Return what to ask, in file order, with what a picture hardly shows at the end."""
    questions = []
    taken = {_IMAGE_TAG, _LABEL_TAG, _FILTER_TAG}
    for attribute in sorted(ontology.attributes, key=lambda a: a.weakly_visible):
        groups: dict[tuple[tuple[ValueId, ...], bool], list[CategoryId]] = {}
        for leaf in ontology.leaves:
            values = ontology.allowed(leaf, attribute.id)
            if values:
                key = (values, ontology.is_required(leaf, attribute.id))
                groups.setdefault(key, []).append(leaf)
        for (values, is_required), leaves in groups.items():
            tag = _tag_name(attribute.id, leaves[0], is_only=len(groups) == 1, taken=taken)
            taken.add(tag)
            questions.append(
                _Question(
                    attribute=attribute,
                    values=values,
                    is_required=is_required,
                    leaves=tuple(leaves),
                    tag=tag,
                )
            )
    return questions


def _tag_name(
    attribute: AttributeId, leaf: CategoryId, *, is_only: bool, taken: Collection[str]
) -> str:
    """Name a `Choices` so that its attribute is what stands before the last two underscores."""
    if is_only and attribute not in taken:
        return attribute
    name = f"{attribute}__{leaf.lstrip('_')}"
    while name in taken:
        name += "0"
    return name


def _add_attributes(parent: ET.Element, ontology: Ontology, wording: _Wording) -> None:
    hint = ET.SubElement(parent, "View", visibleWhen="no-region-selected", className="weft-hint")
    ET.SubElement(hint, "Header", value="Select a box to see its attributes", size="6")
    panel = ET.SubElement(parent, "View", visibleWhen="region-selected", className="weft-panel")
    for question in _questions(ontology):
        _add_question(panel, question, ontology, wording)


def _add_question(
    parent: ET.Element, question: _Question, ontology: Ontology, wording: _Wording
) -> None:
    attribute = question.attribute
    where = {"visibleWhen": "region-selected"}
    if len(question.leaves) < len(ontology.leaves):
        labels = ",".join(wording.categories[leaf] for leaf in question.leaves)
        where |= {"whenTagName": _LABEL_TAG, "whenLabelValue": labels}
    is_multiple = attribute.kind is AttributeKind.MULTIPLE
    title = wording.attributes[attribute.id]
    options = {"choice": "multiple" if is_multiple else "single-radio"}
    if len(attribute.values) > _MOST_BUTTONS:
        options["layout"] = "select"
    else:
        options["showInline"] = "true"
    if question.is_required:
        options |= {"required": "true", "requiredMessage": f"{title}: choose an answer"}
    view = ET.SubElement(parent, "View", where, className="weft-attribute")
    ET.SubElement(view, "Header", value=f"{title} *" if question.is_required else title, size="6")
    choices = ET.SubElement(
        view,
        "Choices",
        {**options, **where},
        name=question.tag,
        toName=_IMAGE_TAG,
        perRegion="true",
    )
    texts = [wording.values[attribute.id][value] for value in question.values]
    texts += [ontology.other_label] if attribute.offer_other else []
    texts += [ontology.cannot_tell_label] if attribute.offer_cannot_tell else []
    for text in texts:
        ET.SubElement(choices, "Choice", value=text)
