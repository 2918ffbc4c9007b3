"""The panel of a labeling config that shows what the model saw: put it in, find it, take it out.

Its address is filled in by the browser, so that tasks need no further data and files can be
uploaded as before. Label Studio puts the picture's reference in as it is, so it comes last.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from ontology._config_xml import parse_config
from ontology.errors import LabelConfigError

__all__ = ["add_panel", "panel_address_in", "with_panel"]

PANEL_CLASS = "weft-evidence"
PICTURE_CLASS = "weft-picture"
_TAG = "evidence"
_LINK = "evidence_review"
_TITLE = "What the model saw"
_ADDRESS = re.compile(r"https?://[^\s\"'<>$]+[?&]image=\$[A-Za-z_][A-Za-z0-9_]*")
_FILE = "evidence.jpg"


def add_panel(parent: ET.Element, address: str) -> None:
    """Add the panel below the picture.

    Args:
        parent: The view that holds the picture.
        address: Ends in `image=$` and the key of the picture.

    Raises:
        LabelConfigError: If the address has another form.
    """
    if not _ADDRESS.fullmatch(address):
        raise LabelConfigError(
            f"evidence address is {address!r}; expected one that ends in image=$KEY, such as "
            "http://127.0.0.1:9090/overlays/SECRET/evidence.jpg?image=$image"
        )
    view = ET.SubElement(parent, "View", className=PANEL_CLASS)
    collapse = ET.SubElement(view, "Collapse")
    panel = ET.SubElement(collapse, "Panel", value=_TITLE)
    ET.SubElement(panel, "Image", name=_TAG, value=address)
    if _FILE in address:
        link = address.replace(_FILE, "review")
        text = f'<a href="{link}" target="_blank" rel="noopener">Open the review page</a>'
        ET.SubElement(panel, "HyperText", name=_LINK, value=text, inline="true")


def panel_address_in(xml: str) -> str:
    """Return the address of a config's panel; empty if it has none or cannot be read."""
    try:
        view = _view(parse_config(xml))
    except LabelConfigError:
        return ""
    image = view.find(".//Image") if view is not None else None
    return image.get("value", "") if image is not None else ""


def with_panel(xml: str, address: str) -> str:
    """Give a config that this project wrote its panel; others, and right ones, stay as they are.

    Args:
        xml: The config.
        address: As in `add_panel`; empty to take the panel out.

    Raises:
        LabelConfigError: If the config cannot be read or the address has another form.
    """
    root = parse_config(xml)
    parent = next(
        (view for view in root.iter("View") if view.get("className") == PICTURE_CLASS), None
    )
    if parent is None or panel_address_in(xml) == address:
        return xml
    old = _view(root)
    if old is not None:
        for view in root.iter("View"):
            if old in list(view):
                view.remove(old)
    if address:
        add_panel(parent, address)
    ET.indent(root, space=" ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _view(root: ET.Element) -> ET.Element | None:
    return next((view for view in root.iter("View") if view.get("className") == PANEL_CLASS), None)
