"""What is explained, and the maps that explain it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ontology.errors import CatalogError
from ontology.model import AttributeKind
from tagger.boxes import PixelBox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ontology.model import AttributeId, Ontology, ValueId
    from tagger.pipeline import ImagePrediction

__all__ = ["CellMap", "ExplainError", "Region", "hesitations", "regions_from", "regions_of"]

_HESITATES_AT = 0.1


class ExplainError(CatalogError):
    """What is to be explained does not exist in the model version's ontology."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One garment of a picture, as far as an explanation needs it.

    Attributes:
        box: In pixels of the picture.
        mask: COCO run lengths over the whole picture, or None.
        is_alone: Whether the picture shows no other garment: the model then also looks at the whole
            picture; see `tagger.views`.
    """

    box: PixelBox
    mask: Mapping[str, Any] | None = None
    is_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMap:
    """Where the model looked for one value of one attribute of one garment.

    Attributes:
        attribute: Its id.
        value: Its id.
        heat: (h, w) float32, 0..1, one entry a cell of the network's last map.
        box: Left, top, width and height of what the grid covers, in pixels of the picture; may
            reach outside it.
        share_on_garment: Share of the heat that lies on the garment's mask, 0..1; None without a
            mask.
        faithfulness: -1..1, above 0 if removing what the map marks changes the answer more than
            removing what random maps mark; None where not measured. See
            `tagger.explain.faithful`.
        is_trusted: False if one of the two numbers, or an empty map, speaks against it; None if
            nothing was measured.
        contrast_with: The value that this one is told from, or None for the value by itself.
        distrust: Why it is not trusted: `empty`, `off_garment`, `no_better_than_random`.
    """

    attribute: AttributeId
    value: ValueId
    heat: NDArray[np.float32]
    box: tuple[float, float, float, float]
    share_on_garment: float | None = None
    faithfulness: float | None = None
    is_trusted: bool | None = None
    contrast_with: ValueId | None = None
    distrust: tuple[str, ...] = ()


def regions_of(prediction: ImagePrediction) -> tuple[Region, ...]:
    """Give the regions of a prediction, in its order."""
    is_alone = len(prediction.garments) == 1
    return tuple(
        Region(box=garment.box, mask=garment.mask, is_alone=is_alone)
        for garment in prediction.garments
    )


def regions_from(records: Sequence[Mapping[str, Any]]) -> tuple[Region, ...]:
    """Read the `regions` of a line of `weft predict`, in its order.

    Raises:
        ExplainError: If an entry has no box of four numbers.
        BoxError: If a box has no area.
    """
    is_alone = len(records) == 1
    regions = []
    for record in records:
        try:
            x, y, width, height = (float(edge) for edge in record["box"])
        except (KeyError, TypeError, ValueError) as error:
            raise ExplainError(
                f"region {dict(record)!r:.80} has no usable box; expected box: [x, y, w, h]"
            ) from error
        regions.append(
            Region(
                box=PixelBox.from_xywh(x, y, width, height),
                mask=record.get("mask"),
                is_alone=is_alone,
            )
        )
    return tuple(regions)


def hesitations(
    ontology: Ontology,
    scores: Mapping[AttributeId, Mapping[ValueId, float]],
    cells: Sequence[tuple[AttributeId, ValueId]],
    *,
    at_least: float = _HESITATES_AT,
) -> tuple[tuple[AttributeId, ValueId, ValueId], ...]:
    """Give the contrasts worth a look: a value and the other one that the model hesitates over.

    Args:
        ontology: Tells which attributes have one value only; the others have no such contrast.
        scores: Probability of every legal value, as `Garment.scores` gives them.
        cells: (attribute, value) pairs, in whose order the contrasts come.
        at_least: Lowest probability of the other value, 0..1.
    """
    found = []
    for attribute, value in cells:
        if ontology.attribute(attribute).kind is AttributeKind.MULTIPLE:
            continue
        others = {name: p for name, p in scores.get(attribute, {}).items() if name != value}
        if not others:
            continue
        other = max(others, key=others.__getitem__)
        if others[other] >= at_least:
            found.append((attribute, value, other))
    return tuple(found)
