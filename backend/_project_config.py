"""Decide which labeling config a project should have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.label_studio import LabelStudioClient
    from ontology.model import Ontology

__all__ = [
    "ConfigChoice",
    "choose_label_config",
    "config_faults",
    "named_image_key",
    "wanted_sampling",
]

_DEFAULT_KEY = "image"
_UNNAMED_KEY = "$undefined$"  # Label Studio's, for uploads that no config has named yet
_IMAGE_KEY = re.compile(r"<Image\b[^>]*?\bvalue\s*=\s*[\"']\$(\w+)[\"']", re.IGNORECASE)
_PICTURE = re.compile(r"\.(jpe?g|png|webp|gif|bmp|tiff?)(\?|$)", re.IGNORECASE)
_MAX_FAULTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChoice:
    """What to do with a project's config.

    Attributes:
        xml: What to write; None to leave it as it is.
        reason: Why it has to be written.
        replaced: The config that goes; empty if there was none to speak of.
        warnings: What is wrong with a config that is kept.
    """

    xml: str | None = None
    reason: str = ""
    replaced: str = ""
    warnings: tuple[str, ...] = ()


def choose_label_config(
    client: LabelStudioClient, project: Mapping[str, Any], ontology: Ontology, *, mode: str
) -> ConfigChoice:
    """Compare a project's config with the ontology.

    Args:
        client: Label Studio; asked for a task if the config does not name the picture's key.
        project: As Label Studio describes it.
        ontology: What the config has to cover.
        mode: `auto`, `keep` or `replace`.
    """
    from ontology.evidence_panel import panel_address_in, with_panel
    from ontology.label_config import build_label_config

    present = str(project.get("label_config") or "")
    is_empty = not re.search(r"<\w+[^>]*\btoName\s*=", present)
    faults = config_faults(present, ontology) if not is_empty else ()
    if mode == "keep" or (mode == "auto" and not is_empty and not faults):
        return ConfigChoice(warnings=_as_warnings(faults, is_empty=is_empty))
    generated = build_label_config(ontology, image_key=_image_key(client, project, present))
    if generated == (with_panel(present, "") if panel_address_in(present) else present):
        return ConfigChoice()
    if is_empty:
        return ConfigChoice(xml=generated, reason="the project had none")
    reason = f"the old one did not fit ({faults[0]})" if faults else "as asked for"
    return ConfigChoice(xml=generated, reason=reason, replaced=present)


def config_faults(xml: str, ontology: Ontology) -> tuple[str, ...]:
    """Say what in a config does not fit the ontology, or is missing from it."""
    from ontology.check import check_label_config
    from ontology.config_map import ConfigMap
    from ontology.errors import LabelConfigError

    try:
        config = ConfigMap.parse(xml, ontology)
    except LabelConfigError as error:
        return (str(error),)
    faults = list(check_label_config(xml, ontology))
    for leaf in ontology.leaves:
        if leaf not in config.label_by_category:
            faults.append(f"there is no label for the category {leaf}")
            continue
        for attribute in ontology.applicable(leaf):
            tag = config.choices.get((attribute, leaf))
            known = tag.label_by_value if tag is not None else {}
            lacking = [value for value in ontology.allowed(leaf, attribute) if value not in known]
            if lacking:
                faults.append(f"{leaf}: {attribute} has no choice for {', '.join(lacking)}")
    return tuple(faults)


def _as_warnings(faults: tuple[str, ...], *, is_empty: bool) -> tuple[str, ...]:
    if is_empty:
        return ("the project has no labeling config; connect without keeping it",)
    more = len(faults) - _MAX_FAULTS
    shown = [f"labeling config: {fault}" for fault in faults[:_MAX_FAULTS]]
    return (*shown, *([f"labeling config: {more} more of this kind"] if more > 0 else []))


def named_image_key(xml: str) -> str:
    """Return the key under which a config looks for the picture; the usual one if it names none."""
    named = _IMAGE_KEY.search(xml)
    return named.group(1) if named is not None else _DEFAULT_KEY


def wanted_sampling(xml: str) -> str:
    """Give the order in which a project serves its tasks: the most uncertain first.

    Projects that show the audit's findings (`backend.audit_project`) were filled in their own
    order, the riskiest first, and keep it.
    """
    return "Sequential sampling" if 'name="findings"' in xml else "Uncertainty sampling"


def _image_key(client: LabelStudioClient, project: Mapping[str, Any], present: str) -> str:
    """Find under which key the project's tasks have their picture."""
    named = _IMAGE_KEY.search(present)
    if named:
        return named[1]
    first = next(iter(client.tasks(int(project["id"]), page_size=1)), {})
    data = {key: value for key, value in (first.get("data") or {}).items() if key != _UNNAMED_KEY}
    if not data or _DEFAULT_KEY in data:
        return _DEFAULT_KEY
    pictures = [
        key for key, value in data.items() if isinstance(value, str) and _PICTURE.search(value)
    ]
    return pictures[0] if pictures else _DEFAULT_KEY
