"""Handles, zips, locks and tassels of bags."""

from __future__ import annotations

import numpy as np

from tagger.render.cloth import Chooser, Cloth
from tagger.render.fabric import RGB, plain
from tagger.render.geometry import Points, line, rectangle, rounded, shift, spline
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import mix

__all__ = [
    "GOLD",
    "STEEL",
    "cord",
    "edge_stitch",
    "finish_bag",
    "lock",
    "metal_colour",
    "tassel",
    "zip_line",
]

GOLD: RGB = (206, 172, 104)


STEEL: RGB = (178, 180, 184)


def metal_colour(choose: Chooser) -> RGB:
    """Choose gold or steel."""
    return GOLD if choose.chance(0.6) else STEEL


def edge_stitch(outline: Points, cloth: Cloth, inset: float = 0.6) -> list[Item]:
    """Return a row of stitches inside an outline."""
    centre = (outline.min(axis=0) + outline.max(axis=0)) / 2
    size = outline.max(axis=0) - outline.min(axis=0)
    inner = centre + (outline - centre) * (1 - 2 * inset / size)
    return [
        Stroke(
            curve=np.vstack([inner, inner[:1]]),
            width=0.12,
            colour=cloth.thread,
            opacity=0.7,
            dash=(0.4, 0.22),
        )
    ]


def cord(curve: Points, width: float, cloth: Cloth, part: str) -> list[Item]:
    """Return a rolled handle with a seam."""
    return [
        Stroke(
            curve=curve,
            width=width,
            colour=mix(cloth.colour, (0, 0, 0), 0.12),
            raised=True,
            part=part,
        ),
        Stroke(
            curve=shift(curve, 0.1, width * 0.2),
            width=0.1,
            colour=cloth.thread,
            opacity=0.5,
            dash=(0.4, 0.25),
        ),
    ]


def zip_line(y: float, x0: float, x1: float, metal: RGB) -> list[Item]:
    """Return a closed zip from left to right with its puller."""
    return [
        Stroke(curve=line((x0, y), (x1, y)), width=0.9, opacity=0.35),
        Stroke(
            curve=line((x0, y), (x1, y)), width=0.4, colour=metal, opacity=0.95, dash=(0.2, 0.14)
        ),
        Panel(
            outline=rounded(rectangle(x1 - 2.2, y - 0.5, x1 - 0.2, y + 0.5), 0.3),
            fabric=plain(metal, weave="metal", gloss=0.6),
            puff=0.3,
            edge=0.4,
            wrinkle=0.0,
            lift=0.6,
        ),
    ]


def lock(at: tuple[float, float], metal: RGB) -> list[Item]:
    """Return a metal turn lock."""
    x, y = at
    plate = rounded(rectangle(x - 2.0, y - 1.5, x + 2.0, y + 1.5), 0.7)
    return [
        Panel(
            outline=plate,
            fabric=plain(metal, weave="metal", gloss=0.7),
            puff=0.6,
            edge=0.7,
            wrinkle=0.0,
            lift=0.7,
            part="lock",
        ),
        Stroke(curve=line((x - 0.7, y), (x + 0.7, y)), width=0.5, opacity=0.4),
    ]


def tassel(at: tuple[float, float], cloth: Cloth) -> list[Item]:
    """Return a tassel that hangs from a point."""
    x, y = at
    items: list[Item] = [
        Stroke(
            curve=spline((x, y - 2.0), (x + 0.5, y + 1.0), (x + 0.3, y + 3.4)),
            width=0.3,
            colour=mix(cloth.colour, (0, 0, 0), 0.25),
            raised=True,
        )
    ]
    for i in range(7):
        dx = (i - 3) * 0.32
        items.append(
            Stroke(
                curve=spline(
                    (x + 0.3 + dx * 0.4, y + 3.6),
                    (x + 0.3 + dx, y + 6.0),
                    (x + 0.3 + dx * 1.3, y + 9.0),
                ),
                width=0.4,
                colour=mix(cloth.colour, (0, 0, 0), 0.1 + 0.04 * (i % 3)),
                raised=True,
            )
        )
    return items


def finish_bag(choose: Chooser, items: list[Item], found: dict[str, str]) -> Drawing:
    """Return the finished drawing."""
    found.pop("print_type", None)
    return Drawing(
        category=choose.category,
        attributes={name: (value,) for name, value in found.items()},
        items=tuple(items),
        stance="stand" if choose.category != "wallet" else "lay",
    )
