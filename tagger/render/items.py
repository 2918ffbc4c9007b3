"""The things a garment is drawn from, back to front: panels, strokes and buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tagger.render.fabric import RGB, Fabric
from tagger.render.geometry import Points, bounds
from tagger.render.shading import Fold, Pleats

__all__ = ["Button", "Decal", "Drawing", "Item", "Panel", "Stroke"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decal:
    """A picture printed on a panel.

    Attributes:
        image: (h, w, 4) float32, 0 to 255, the last channel is coverage.
        box: Left, top, width and height in centimetres.
    """

    image: NDArray[np.float32]
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A piece of cloth.

    Attributes:
        outline: Closed, centimetres.
        fabric: What it is made of.
        angle: Turns the pattern, degrees.
        pivot: Where the pattern starts.
        puff: How far the middle stands out, centimetres.
        edge: How wide the rounding at the edge is, centimetres.
        folds: Ridges and valleys.
        pleats: A fan of folds, for skirts.
        wrinkle: Height of random wrinkles, centimetres.
        lift: How strongly it shades what lies under it, 0 to 1.
        tone: Darkens the whole panel below 1: insides and far sides.
        decal: A print.
        part: Name of the part, if its box is kept.
        inside: Outlines cut out of the panel.
        open_end: Whether the lower edge hangs free, as a hem does.
    """

    outline: Points
    fabric: Fabric
    angle: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)
    puff: float = 1.6
    edge: float = 3.0
    folds: tuple[Fold, ...] = ()
    pleats: tuple[Pleats, ...] = ()
    wrinkle: float = 0.07
    lift: float = 0.5
    tone: float = 1.0
    decal: Decal | None = None
    part: str | None = None
    inside: tuple[Points, ...] = ()
    open_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line: a seam, a row of stitches, a strap's edge, a lace.

    Attributes:
        curve: Open, centimetres.
        width: Centimetres.
        colour: 0 to 255; None darkens what lies under it.
        opacity: 0 to 1.
        dash: Length of a stitch and of the gap, centimetres; None for a full line.
        raised: Whether it stands out like a cord, with a light and a dark side.
        part: Name of the part, if its box is kept.
    """

    curve: Points
    width: float = 0.12
    colour: RGB | None = None
    opacity: float = 0.5
    dash: tuple[float, float] | None = None
    raised: bool = False
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A round button, rivet or eyelet.

    Attributes:
        centre: Centimetres.
        radius: Centimetres.
        colour: 0 to 255.
        holes: Number of thread holes, 0, 2 or 4.
        gloss: 0 to 1.
    """

    centre: tuple[float, float]
    radius: float
    colour: RGB
    holes: int = 4
    gloss: float = 0.35


Item = Panel | Stroke | Button


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A garment ready to be painted.

    Attributes:
        category: Ontology category id.
        attributes: Ontology attribute id to value ids that the drawing shows.
        items: Back to front.
        stance: How it can be shown: `lay` flat or hanging, `stand` on a floor.
        worn: How a mannequin wears it: `upper`, `lower` or `whole`; None if it cannot.
        parts: Outlines of parts that are no panel of their own.
    """

    category: str
    attributes: Mapping[str, tuple[str, ...]]
    items: tuple[Item, ...]
    stance: str = "lay"
    worn: str | None = None
    parts: Mapping[str, tuple[Points, ...]] = field(default_factory=dict)

    def bounds(self) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom in centimetres."""
        return bounds(*(_extent(item) for item in self.items))

    def part_outlines(self) -> dict[str, list[Points]]:
        """Collect the outlines of every named part."""
        found: dict[str, list[Points]] = {name: list(v) for name, v in self.parts.items()}
        for item in self.items:
            if not isinstance(item, Button) and item.part is not None:
                found.setdefault(item.part, []).append(_extent(item))
        return found


def _extent(item: Item) -> Points:
    if isinstance(item, Panel):
        return item.outline
    if isinstance(item, Stroke):
        half = item.width / 2
        return np.vstack([item.curve - half, item.curve + half])
    x, y = item.centre
    return np.array([[x - item.radius, y - item.radius], [x + item.radius, y + item.radius]])
