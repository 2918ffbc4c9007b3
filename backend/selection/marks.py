"""Tell the annotator which answers of a garment are worth a second look.

The text goes into a region's `meta`, which Label Studio shows in the region's details and keeps
apart from labels: it needs nothing of the labeling config and is no answer when it is submitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagger.select.uncertainty import most_doubtful

if TYPE_CHECKING:
    from ontology.config_map import ConfigMap
    from ontology.model import AttributeId, CategoryId, Ontology
    from tagger.pipeline import Garment
    from tagger.select.uncertainty import CellDoubt

__all__ = ["doubt_note"]

_OPENING = "Please check first: "


def doubt_note(
    garment: Garment, *, category: CategoryId, config: ConfigMap, ontology: Ontology
) -> str:
    """Name the one or two most doubtful attributes; empty where nothing is in doubt.

    What a picture hardly shows is not asked about again.

    Args:
        garment: What the model said, with its doubts.
        category: Under which label it is shown.
        config: Of the project; attributes that it does not ask for are left out.
        ontology: Gives the words.
    """
    hardly_shown = {attribute.id for attribute in ontology.attributes if attribute.weakly_visible}
    asked = [
        doubt
        for doubt in garment.doubts
        if (doubt.attribute, category) in config.choices and doubt.attribute not in hardly_shown
    ]
    parts = [
        _part(doubt, garment, category=category, config=config, ontology=ontology)
        for doubt in most_doubtful(asked)
    ]
    return _OPENING + ", ".join(parts) if parts else ""


def _part(
    doubt: CellDoubt,
    garment: Garment,
    *,
    category: CategoryId,
    config: ConfigMap,
    ontology: Ontology,
) -> str:
    attribute: AttributeId = ontology.attribute(doubt.attribute).id  # type: ignore[arg-type]  # not a category
    labels = config.choices[attribute, category].label_by_value
    label = next((text for value, text in labels.items() if value == doubt.value), doubt.value)
    likely = "" if garment.attributes.get(attribute) else "left blank, perhaps "
    return (
        f"{ontology.attribute(attribute).label} ({likely}{label}, {100 * doubt.confidence:.0f} %)"
    )
