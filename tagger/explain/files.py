"""Explain a picture file's garments: overlays as PNG files and one plain record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ontology.nearest import or_which
from tagger.explain.drawing import compose, draw
from tagger.explain.explainer import Explainer
from tagger.explain.maps import CellMap, ExplainError, Region, hesitations, regions_of
from tagger.predictions import image_record

if TYPE_CHECKING:
    from PIL.Image import Image

    from ontology.model import AttributeId, Ontology, ValueId
    from tagger.pipeline import Garment, Regions, Tagger

    Cells = list[tuple[AttributeId, ValueId]]

__all__ = ["ALL", "Wanted", "explain_picture", "map_record"]

ALL = "all.png"
_NUM_DECIMALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be explained.

    Attributes:
        attribute: Its id; empty for everything that is answered.
        value: Its id; empty for what is answered, else for the most probable value.
        regions: How garments are located.
        check: Whether to measure each map's faithfulness.
        show_rendered: Also explain what only rendered pictures taught.
    """

    attribute: str = ""
    value: str = ""
    regions: Regions = "auto"
    check: bool = True
    show_rendered: bool = False


def explain_picture(
    tagger: Tagger,
    image: Image,
    out: Path,
    *,
    wanted: Wanted | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> list[dict[str, Any]]:
    """Write the overlays of a picture and give one record a garment.

    Args:
        tagger: The loaded model version.
        image: RGB.
        out: A folder, made if it is not there; one PNG a map, and `all.png`.
        wanted: What to explain; everything that is answered if absent.
        say: Called with a line on every garment that is done.

    Raises:
        ExplainError: If the ontology has no such attribute or value, no garment in the picture has
            the attribute, or the value is not legal for one that has it.
    """
    wanted = wanted or Wanted()
    _require_known(tagger.ontology, wanted)
    out.mkdir(parents=True, exist_ok=True)
    [prediction] = tagger.predict(
        [image], regions=wanted.regions, show_rendered=wanted.show_rendered
    )
    explainer = Explainer(tagger)
    plain = image_record("", prediction, tagger.version, seconds=0.0)["regions"]
    records, composed = [], []
    for at, region in enumerate(regions_of(prediction)):
        garment = prediction.garments[at]
        maps = _maps(explainer, image, region, garment, wanted)
        told = [_written(image, one, garment, out, number=at + 1) for one in maps]
        kept = {name: plain[at][name] for name in ("id", "box", "primary", "category")}
        records.append({**kept, "maps": told})
        composed.append((region, _decided(garment, maps)))
        say(f"{garment.category}: {len(maps)} maps")
    _require_maps(records, prediction.garments, wanted.attribute)
    compose(image, composed, tagger.ontology).save(out / ALL)
    return records


def _require_known(ontology: Ontology, wanted: Wanted) -> None:
    """Refuse ids that do not exist before anything is computed for them."""
    if not wanted.attribute:
        return
    attributes = {str(one.id): one for one in ontology.attributes}
    attribute = attributes.get(wanted.attribute)
    if attribute is None:
        raise ExplainError(
            f"unknown attribute {wanted.attribute!r}; {or_which(wanted.attribute, attributes)}"
        )
    values = [str(one.id) for one in attribute.values]
    if wanted.value and wanted.value not in values:
        raise ExplainError(
            f"unknown value {wanted.value!r} of {wanted.attribute}; "
            f"{or_which(wanted.value, values)}"
        )


def _maps(
    explainer: Explainer, image: Image, region: Region, garment: Garment, wanted: Wanted
) -> tuple[CellMap, ...]:
    cells = _cells(garment, wanted.attribute, wanted.value)
    return explainer.explain(
        image,
        region,
        cells,
        contrasts=hesitations(explainer.ontology, garment.scores, cells),
        check=cells if wanted.check else (),
    )


def _require_maps(
    records: Sequence[dict[str, Any]], garments: Sequence[Garment], attribute: str
) -> None:
    if attribute and not any(record["maps"] for record in records):
        raise ExplainError(
            f"no garment in the picture has the attribute {attribute!r}; found "
            + ", ".join(sorted({garment.category for garment in garments}))
        )


def _cells(garment: Garment, attribute: str, value: str) -> Cells:
    """Choose what to explain of one garment."""
    if not attribute:
        return [(name, one.value) for name, found in garment.attributes.items() for one in found]
    name = next((known for known in garment.scores if known == attribute), None)
    if name is None:
        return []
    legal = garment.scores[name]
    if not value:
        answered = [(name, one.value) for one in garment.attributes.get(name, ())]
        return answered or [(name, max(legal, key=legal.__getitem__))]
    chosen = next((known for known in legal if known == value), None)
    if chosen is None:
        raise ExplainError(
            f"{value!r} is not a legal value of {attribute} for {garment.category}; "
            f"expected one of {', '.join(legal)}"
        )
    return [(name, chosen)]


def _written(
    image: Image, cell_map: CellMap, garment: Garment, out: Path, *, number: int
) -> dict[str, Any]:
    """Write one overlay and give its record."""
    against = f"-not-{cell_map.contrast_with}" if cell_map.contrast_with is not None else ""
    name = f"{number}-{cell_map.attribute}-{cell_map.value}{against}.png"
    draw(image, cell_map).save(out / name)
    score = garment.scores[cell_map.attribute][cell_map.value]
    return {**map_record(cell_map), "score": round(score, 6), "overlay": name}


def map_record(cell_map: CellMap) -> dict[str, Any]:
    """Give a map as plain values: ids, numbers, the grid's box and its heat row by row."""
    return {
        "attribute": cell_map.attribute,
        "value": cell_map.value,
        "contrast_with": cell_map.contrast_with,
        "share_on_garment": _rounded(cell_map.share_on_garment),
        "faithfulness": _rounded(cell_map.faithfulness),
        "is_trusted": cell_map.is_trusted,
        "distrust": list(cell_map.distrust),
        "grid_box": [round(edge, 2) for edge in cell_map.box],
        "heat": [[round(float(cell), _NUM_DECIMALS) for cell in row] for row in cell_map.heat],
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, _NUM_DECIMALS)


def _decided(
    garment: Garment, maps: tuple[CellMap, ...]
) -> list[tuple[AttributeId, ValueId, float, CellMap]]:
    return [
        (one.attribute, one.value, garment.scores[one.attribute][one.value], one)
        for one in maps
        if one.contrast_with is None
    ]
