"""Read a Label Studio labeling config: which of its strings mean what in the ontology."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ontology._config_xml import PlacedTag, meant_ids, parse_config, placed_tags, result_text
from ontology.errors import LabelConfigError
from ontology.model import AttributeId, normalise_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ontology.model import Attribute, CategoryId, Ontology, ValueId

__all__ = ["ChoicesTag", "ConfigMap"]

_DATA_KEY = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_.]*)")
_NO_CONTROLS = frozenset({"Filter", "Zoom", "Relations"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesTag:
    """One `Choices` of a config, which asks for one attribute.

    Attributes:
        label_by_value: The string that stands for a value in results.
        value_by_label: The reverse; a hand-written config may have two strings for one value.
        multiple: Several values may be chosen.
        cannot_tell_label: The string of that answer, None if it is not offered.
        other_label: The string of that answer, None if it is not offered.
        legacy: Strings of an earlier ontology that are kept for what was answered then, with the
            values of which one is meant; none where it was removed.
    """

    name: str
    attribute: AttributeId
    label_by_value: Mapping[ValueId, str]
    value_by_label: Mapping[str, ValueId]
    multiple: bool
    cannot_tell_label: str | None = None
    other_label: str | None = None
    legacy: Mapping[str, frozenset[ValueId]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigMap:
    """What the strings of one labeling config mean.

    Attributes:
        image_tag: Name of the `Image`, which is the `to_name` of results.
        image_key: Key of the picture in the tasks' data; empty if it cannot be told.
        label_tag: Name of the `RectangleLabels`.
        category_by_label: What each label means; it may be a coarse category.
        choices: The tag to use, for every attribute and labelled category that it is offered for.
        choices_by_name: The same tags by the `from_name` of results.
        legacy_labels: Labels of an earlier ontology, with the leaves of which one is meant.
        hidden_tags: Tags of an earlier ontology that ask for nothing any more, with their strings.
        unmapped: Whatever is in the config and does not resolve to the ontology, one line each.
    """

    image_tag: str
    image_key: str
    label_tag: str
    category_by_label: Mapping[str, CategoryId]
    label_by_category: Mapping[CategoryId, str]
    choices: Mapping[tuple[AttributeId, CategoryId], ChoicesTag]
    choices_by_name: Mapping[str, ChoicesTag]
    unmapped: tuple[str, ...]
    legacy_labels: Mapping[str, frozenset[CategoryId]] = field(default_factory=dict)
    hidden_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, xml: str, ontology: Ontology) -> ConfigMap:
        """Read a config that this project wrote or anybody else did.

        Raises:
            LabelConfigError: If the text is not a labeling config with a `RectangleLabels` over
                an `Image`; anything else that does not fit is listed in `unmapped`.
        """
        tags = placed_tags(parse_config(xml))
        labels, image = _label_and_image(tags)
        reader = _Reader(
            ontology=ontology, label_tag=labels.get("name", ""), image_tag=image.get("name", "")
        )
        reader.read_labels(labels)
        for tag in tags:
            reader.read_control(tag, is_label_tag=tag.element is labels)
        key = _DATA_KEY.search(image.get("value", ""))
        if key is None:
            reader.unmapped.append(
                f"Image {reader.image_tag!r} has the value {image.get('value')!r}, which names "
                "no key of the tasks' data; expected one such as '$image'"
            )
        return cls(
            image_tag=reader.image_tag,
            image_key=key.group(1) if key is not None else "",
            label_tag=reader.label_tag,
            category_by_label=reader.category_by_label,
            label_by_category=reader.label_by_category,
            choices=reader.choices,
            choices_by_name={tag.name: tag for tag in reader.choices.values()},
            unmapped=tuple(dict.fromkeys(reader.unmapped)),
            legacy_labels=reader.legacy_labels,
            hidden_tags=reader.hidden_tags,
        )


def _label_and_image(tags: Iterable[PlacedTag]) -> tuple[ET.Element, ET.Element]:
    """Return the first `RectangleLabels` that stands over an `Image`, and that image."""
    elements = [tag.element for tag in tags]
    images = {e.get("name"): e for e in elements if e.tag == "Image" and e.get("name")}
    labels = [e for e in elements if e.tag == "RectangleLabels" and e.get("name")]
    if not images or not labels:
        absent = "Image" if not images else "RectangleLabels"
        raise LabelConfigError(
            f"the labeling config has no {absent} with a name; boxes with categories need a "
            "RectangleLabels over an Image, as 'weft ontology label-config' writes them"
        )
    for element in labels:
        image = images.get(element.get("toName"))
        if image is not None:
            return element, image
    raise LabelConfigError(
        f"RectangleLabels {labels[0].get('name')!r} refers to {labels[0].get('toName')!r}, but "
        f"the labeling config's images are {sorted(str(name) for name in images)}; mend its toName"
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Collects the meanings while it walks over a config's tags."""

    ontology: Ontology
    label_tag: str
    image_tag: str
    category_by_label: dict[str, CategoryId] = field(default_factory=dict)
    label_by_category: dict[CategoryId, str] = field(default_factory=dict)
    choices: dict[tuple[AttributeId, CategoryId], ChoicesTag] = field(default_factory=dict)
    unmapped: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    legacy_labels: dict[str, frozenset[CategoryId]] = field(default_factory=dict)
    hidden_tags: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def read_labels(self, labels: ET.Element) -> None:
        for element in labels.iter("Label"):
            text = result_text(element)
            shown = element.get("value", "")
            named = meant_ids(element)
            if named is not None and len(named) != 1:
                self.legacy_labels[text] = frozenset(
                    leaf for leaf in self.ontology.leaves if leaf in named
                )
                continue
            category = self.ontology.find_category(named[0] if named else text)
            category = category or self.ontology.find_category(shown)
            if category is None:
                self.unmapped.append(f"label {text!r} is no category of {self.ontology.id!r}")
            elif text in self.category_by_label:
                self.unmapped.append(f"label {text!r} is there twice")
            else:
                self.category_by_label[text] = category
                self.label_by_category.setdefault(category, text)

    def read_control(self, tag: PlacedTag, *, is_label_tag: bool) -> None:
        """Read one `Choices`; list any other tag that annotators answer with."""
        element = tag.element
        name = element.get("name")
        if name is None or element.get("toName") is None or element.tag in _NO_CONTROLS:
            return
        if name in self.names:
            self.unmapped.append(f"the name {name!r} is used by more than one tag")
            return
        self.names.add(name)
        if is_label_tag:
            return
        named = meant_ids(element)
        if named == () and element.tag == "Choices":
            self.hidden_tags[name] = tuple(result_text(choice) for choice in element.iter("Choice"))
            return
        attribute = _find_attribute(self.ontology, named[0] if named else name)
        if element.tag != "Choices" or element.get("toName") != self.image_tag:
            self.unmapped.append(
                f"{element.tag} {name!r} is not one of the Choices over {self.image_tag!r}"
            )
        elif attribute is None:
            self.unmapped.append(f"Choices {name!r} is no attribute of {self.ontology.id!r}")
        elif element.get("perRegion", "").lower() != "true":
            self.unmapped.append(
                f'Choices {name!r} asks about the whole picture; give it perRegion="true"'
            )
        else:
            self._place(self._choices_tag(element, attribute), tag)

    def _choices_tag(self, element: ET.Element, attribute: Attribute) -> ChoicesTag:
        name = element.get("name", "")
        value_by_label: dict[str, ValueId] = {}
        answers: dict[str, str] = {}
        legacy: dict[str, frozenset[ValueId]] = {}
        for choice in element.iter("Choice"):
            text, shown = result_text(choice), choice.get("value", "")
            named = meant_ids(choice)
            if named is not None and len(named) != 1:
                legacy[text] = frozenset(v.id for v in attribute.values if v.id in named)
                continue
            answer = self._answer(shown) if named is None else None
            value = self.ontology.find_value(attribute.id, named[0] if named else text)
            value = value or self.ontology.find_value(attribute.id, shown)
            if answer is not None and answer not in answers:
                answers[answer] = text
            elif text in value_by_label or answer is not None:
                self.unmapped.append(f"choice {text!r} of {name!r} is there twice")
            elif value is None:
                self.unmapped.append(f"choice {text!r} of {name!r} is no value of {attribute.id!r}")
            else:
                value_by_label[text] = value
        label_by_value: dict[ValueId, str] = {}
        for text, value in value_by_label.items():
            label_by_value.setdefault(value, text)
        return ChoicesTag(
            name=name,
            attribute=attribute.id,
            label_by_value=label_by_value,
            value_by_label=value_by_label,
            multiple=element.get("choice", "single") == "multiple",
            cannot_tell_label=answers.get("cannot_tell"),
            other_label=answers.get("other"),
            legacy=legacy,
        )

    def _answer(self, text: str) -> str | None:
        name = normalise_name(text)
        if name == normalise_name(self.ontology.cannot_tell_label):
            return "cannot_tell"
        return "other" if name == normalise_name(self.ontology.other_label) else None

    def _place(self, choices: ChoicesTag, tag: PlacedTag) -> None:
        """Note for which categories a tag is offered."""
        offered = self._offered(tag, choices.name)
        for category in offered if offered is not None else self.label_by_category:
            if not self.ontology.applies(category, choices.attribute):
                if offered is not None:
                    self.unmapped.append(
                        f"Choices {choices.name!r} is offered for "
                        f"{self.label_by_category[category]!r}, which has no {choices.attribute!r}"
                    )
            elif (choices.attribute, category) in self.choices:
                other = self.choices[choices.attribute, category].name
                self.unmapped.append(
                    f"Choices {choices.name!r} and {other!r} both ask for {choices.attribute!r} "
                    "of the same labels; only the first is used"
                )
            else:
                self.choices[choices.attribute, category] = choices

    def _offered(self, tag: PlacedTag, name: str) -> list[CategoryId] | None:
        """Return the categories that a tag and all views around it are shown for; None for all."""
        offered: list[CategoryId] | None = None
        for where, labels in tag.restrictions:
            if where != self.label_tag:
                self.unmapped.append(
                    f"Choices {name!r} depends on {where!r}, which is not {self.label_tag!r}"
                )
                return []
            found = []
            for text in labels:
                category = self.category_by_label.get(text)
                if category is not None:
                    found.append(category)
                elif text not in self.legacy_labels:
                    self.unmapped.append(f"Choices {name!r} depends on {text!r}, which is no label")
            offered = found if offered is None else [c for c in offered if c in found]
        return list(dict.fromkeys(offered)) if offered is not None else None


def _find_attribute(ontology: Ontology, tag_name: str) -> Attribute | None:
    """Find an attribute by a tag's name: our own are `id` or `id__category`, others' anything."""
    by_id = {attribute.id: attribute for attribute in ontology.attributes}
    for exact in (tag_name, tag_name.rpartition("__")[0]):
        if exact in by_id:
            return by_id[AttributeId(exact)]
    for loose in (_squeezed(tag_name), _squeezed(tag_name.partition("__")[0])):
        for attribute in ontology.attributes:
            names = (attribute.id, attribute.label, *attribute.translations.values())
            if loose in map(_squeezed, names):
                return attribute
    return None


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", normalise_name(name)).strip()
