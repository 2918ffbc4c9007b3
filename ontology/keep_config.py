"""Change a project's labeling config without losing what annotators said in the old one.

Label Studio stores display strings under the name of the tag that asked for them. It refuses a
config that lacks a tag in use, and shows an answer as blank when its string is gone. So every name
and string of the old config keeps its meaning:

- a tag keeps its name where it still asks about (most of) its categories;
- a renamed value or category keeps its string as `alias` under the new label;
- a string whose meaning was split, merged or removed stays as a choice that is shown only where it
  was chosen, with the ids that it may mean now in `of`;
- a new choice whose label had another meaning before gets its id as `alias`;
- a tag that asks for nothing any more stays, hidden, with an empty `of`.

`of` is no attribute of Label Studio's, which keeps it as it is; `ontology.config_map` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ontology._config_xml import parse_config
from ontology.config_map import ConfigMap
from ontology.evidence_panel import panel_address_in
from ontology.label_config import build_label_config

if TYPE_CHECKING:
    from ontology.config_map import ChoicesTag
    from ontology.migration import Migration
    from ontology.model import CategoryId

__all__ = ["OLD_CLASS", "migrated_config"]

OLD_CLASS = "weft-old"
_HIDE_OLD = f"""
.{OLD_CLASS}:not(:has(input:checked)):not(:has(.lsf-label_selected)) {{ display: none; }}
.{OLD_CLASS} {{ opacity: .6; }}
"""
_HIDDEN = "display: none"
Meaning = frozenset[str]
"""Ids that a string may mean now: one exactly, several after a split, none after a removal."""


def migrated_config(xml: str, migration: Migration, *, image_key: str = "image") -> str:
    """Write the new ontology's labeling config for a project that has an old one.

    Args:
        xml: The project's config, made for the old ontology by anybody.
        migration: What became of every id.
        image_key: Key of the picture in the tasks' data.

    Raises:
        LabelConfigError: If the old config cannot be read.
    """
    old = ConfigMap.parse(xml, migration.old)
    evidence = panel_address_in(xml)
    root = parse_config(build_label_config(migration.new, image_key=image_key, evidence=evidence))
    new = ConfigMap.parse(ET.tostring(root, encoding="unicode"), migration.new)
    _keep_style(root)
    _keep_labels(root, old, new, migration)
    _keep_tags(root, old, new, migration)
    ET.indent(root, space=" ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _keep_style(root: ET.Element) -> None:
    style = root.find("Style")
    if style is not None:
        style.text = (style.text or "") + _HIDE_OLD


def _keep_labels(root: ET.Element, old: ConfigMap, new: ConfigMap, migration: Migration) -> None:
    """Keep the strings of categories, also where questions depend on them."""
    meanings = {text: _leaves_of(leaf, migration) for text, leaf in old.category_by_label.items()}
    for text, leaves in old.legacy_labels.items():
        meanings[text] = frozenset(
            new for leaf in leaves for new in migration.categories.get(leaf, ())
        )
    labels = next(root.iter("RectangleLabels"))
    labels.set("name", old.label_tag)
    written = {leaf: text for text, leaf in new.category_by_label.items()}
    texts = _settle(
        list(labels.iter("Label")),
        {text: str(leaf) for text, leaf in new.category_by_label.items()},
        meanings,
    )
    kept = {text: ids for text, ids in meanings.items() if text not in texts.values()}
    if kept:
        place = ET.SubElement(labels, "View", className=OLD_CLASS)
        for text, ids in sorted(kept.items()):
            ET.SubElement(place, "Label", value=text, of=" ".join(sorted(ids)))
    shown = {written[leaf]: [texts[leaf]] for leaf in written if leaf in texts}
    for leaf, text in written.items():
        shown[text] += [kept_text for kept_text, ids in sorted(kept.items()) if leaf in ids]
    for element in root.iter():
        if element.get("whenLabelValue"):
            before = str(element.get("whenLabelValue")).split(",")
            after = [text for label in before for text in shown.get(label, [label])]
            element.set("whenLabelValue", ",".join(dict.fromkeys(after)))
        if element.get("whenTagName"):
            element.set("whenTagName", old.label_tag)
    for element in root.iter("Filter"):
        element.set("toName", old.label_tag)
    _keep_image_name(root, old)


def _keep_image_name(root: ET.Element, old: ConfigMap) -> None:
    image = next(root.iter("Image"))
    before = str(image.get("name"))
    image.set("name", old.image_tag)
    for element in root.iter():
        if element.get("toName") == before:
            element.set("toName", old.image_tag)


def _leaves_of(category: CategoryId, migration: Migration) -> Meaning:
    """Give what a label means now; one of a coarse category means all below it."""
    return frozenset(
        str(new)
        for leaf in migration.old.leaves_under(category)
        for new in migration.categories.get(leaf, ())
    )


def _settle(
    elements: Iterable[ET.Element], id_by_text: Mapping[str, str], meanings: Mapping[str, Meaning]
) -> dict[str, str]:
    """Choose the string of each new label or choice and write it down; gives them by id."""
    chosen: dict[str, str] = {}
    for element in elements:
        text = str(element.get("value"))
        id_ = id_by_text.get(text)
        if id_ is None:
            continue
        same = [old for old, ids in meanings.items() if ids == {id_}]
        if text in same or (not same and text not in meanings):
            chosen[id_] = text
            continue
        alias = same[0] if same else id_
        chosen[id_] = alias
        element.set("alias", alias)
        element.set("of", id_)
    return chosen


def _keep_tags(root: ET.Element, old: ConfigMap, new: ConfigMap, migration: Migration) -> None:
    """Give old names to the new tags that ask the same, and keep the other old tags hidden."""
    elements = {str(element.get("name")): element for element in root.iter("Choices")}
    names = _names(old, new, migration)
    taken = set(names.values()) | set(old.choices_by_name) | {old.label_tag, old.image_tag}
    for name, element in elements.items():
        tag = new.choices_by_name[name]
        kept = names.get(name)
        if kept is not None:
            _keep_strings(element, tag, old.choices_by_name[kept], migration)
        final = kept or name
        while kept is None and final in taken:
            final += "0"
        taken.add(final)
        element.set("name", final)
        if final.rpartition("__")[0] != tag.attribute and final != tag.attribute:
            element.set("of", tag.attribute)
    for name, tag in old.choices_by_name.items():
        if name not in names.values():
            answers = [text for text in (tag.other_label, tag.cannot_tell_label) if text]
            texts = [*tag.value_by_label, *tag.legacy, *answers]
            _add_hidden(root, name, texts, old.image_tag, tag.multiple)
    for name, hidden in old.hidden_tags.items():
        _add_hidden(root, name, hidden, old.image_tag, True)


def _names(old: ConfigMap, new: ConfigMap, migration: Migration) -> dict[str, str]:
    """Match new tags with old ones by how many categories they share, each once."""
    leaves = {name: _asked(new, name) for name in new.choices_by_name}
    pairs = []
    for name, tag in old.choices_by_name.items():
        here = {x for leaf in _asked(old, name) for x in migration.categories.get(leaf, ())}
        for other, candidate in new.choices_by_name.items():
            if candidate.attribute in migration.attributes.get(tag.attribute, ()):
                pairs.append((len(here & leaves[other]), other == name, name, other))
    names: dict[str, str] = {}
    for _, _, name, other in sorted(pairs, key=lambda pair: (-pair[0], not pair[1], pair[2:])):
        if other not in names and name not in names.values():
            names[other] = name
    return names


def _asked(config: ConfigMap, name: str) -> set[CategoryId]:
    return {leaf for (_, leaf), tag in config.choices.items() if tag.name == name}


def _keep_strings(
    element: ET.Element, tag: ChoicesTag, before: ChoicesTag, migration: Migration
) -> None:
    """Keep the strings of an old tag in the new one of its name."""
    pair = (before.attribute, tag.attribute)
    meanings = {
        text: frozenset(map(str, migration.values[pair].get(value, ())))
        for text, value in before.value_by_label.items()
    }
    for text, values in before.legacy.items():
        meanings[text] = frozenset(
            str(new) for value in values for new in migration.values[pair].get(value, ())
        )
    texts = _settle(
        list(element.iter("Choice")),
        {text: str(value) for text, value in tag.value_by_label.items()},
        meanings,
    )
    answers = (
        (tag.cannot_tell_label, before.cannot_tell_label),
        (tag.other_label, before.other_label),
    )
    for choice in element.iter("Choice"):
        for now, then in answers:
            if choice.get("value") == now and then not in (None, now):
                choice.set("alias", str(then))
    kept = {text: ids for text, ids in meanings.items() if text not in texts.values()}
    if kept:
        place = ET.SubElement(element, "View", className=OLD_CLASS)
        for text, ids in sorted(kept.items()):
            ET.SubElement(place, "Choice", value=text, of=" ".join(sorted(ids)))


def _add_hidden(
    root: ET.Element, name: str, texts: Iterable[str], image: str, multiple: bool
) -> None:
    view = ET.SubElement(root, "View", style=_HIDDEN)
    choices = ET.SubElement(
        view,
        "Choices",
        name=name,
        toName=image,
        perRegion="true",
        choice="multiple" if multiple else "single",
        of="",
    )
    for text in texts:
        ET.SubElement(choices, "Choice", value=text, of="")
