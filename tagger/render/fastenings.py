"""Plackets, buttons, zips, rib necks and the inside of the back."""

from __future__ import annotations

import numpy as np

from tagger.render.cut import Cut, neck_opening, opening_outline
from tagger.render.fabric import RGB, Fabric, plain
from tagger.render.geometry import band, bezier, line, offset, rectangle, rounded
from tagger.render.items import Button, Item, Panel, Stroke
from tagger.render.palette import mix

__all__ = ["back_neck", "buttons_down", "placket", "rib_neck", "zip_down"]


def back_neck(cut: Cut, fabric: Fabric, *, rise: float = 1.6, label: bool = True) -> list[Item]:
    """Return the inside of the back, seen through the neck, with a size label."""
    inside = Panel(
        outline=opening_outline(cut, rise=rise),
        fabric=plain(fabric.mean(), weave="plain"),
        tone=0.56,
        puff=0.0,
        wrinkle=0.03,
        lift=0.0,
    )
    items: list[Item] = [inside]
    if label and cut.neck_depth > 5:
        y = -rise * 0.35
        items.append(
            Panel(
                outline=rounded(rectangle(-1.7, y, 1.7, y + 2.2), 0.2),
                fabric=plain((236, 234, 228)),
                puff=0.0,
                wrinkle=0.0,
                lift=0.2,
                tone=0.9,
            )
        )
        items.append(Stroke(curve=line((-1.0, y + 1.1), (1.0, y + 1.1)), width=0.3, opacity=0.45))
    return items


def rib_neck(cut: Cut, trim: Fabric, width: float, *, rise: float = 1.6) -> list[Item]:
    """Return a rib band around the neck, back and front."""
    n = cut.neck
    back = bezier((-n, 0), (-n * 0.6, -rise), (n * 0.6, -rise), (n, 0))
    front = neck_opening(cut)
    items: list[Item] = [
        Panel(
            outline=band(back, -width * 0.8),
            fabric=trim,
            tone=0.66,
            puff=0.2,
            edge=0.8,
            wrinkle=0.0,
            lift=0.2,
            part="collar",
        ),
        Panel(
            outline=band(front, -width),
            fabric=trim,
            puff=0.35,
            edge=0.9,
            wrinkle=0.02,
            lift=0.35,
            part="collar",
        ),
        Stroke(curve=offset(front, -width - 0.3), width=0.1, opacity=0.22, dash=(0.35, 0.2)),
    ]
    return items


def placket(
    cut: Cut, fabric: Fabric, thread: RGB, *, top: float, bottom: float, width: float = 3.0
) -> list[Item]:
    """Return the button strip from `top` to `bottom`."""
    half = width / 2
    strip = rectangle(-half, top, half, bottom)
    items: list[Item] = [
        Panel(
            outline=strip,
            fabric=fabric,
            puff=0.18,
            edge=0.6,
            wrinkle=0.05,
            lift=0.4,
            part="placket",
        )
    ]
    for x in (-half + 0.35, half - 0.35):
        items.append(
            Stroke(
                curve=line((x, top), (x, bottom)),
                width=0.1,
                colour=thread,
                opacity=0.55,
                dash=(0.3, 0.18),
            )
        )
    if bottom < cut.length - 4:
        for y in (bottom - 0.4, bottom - 2.2):
            items.append(
                Stroke(
                    curve=line((-half + 0.3, y), (half - 0.3, y)),
                    width=0.1,
                    colour=thread,
                    opacity=0.7,
                )
            )
    return items


def buttons_down(
    colour: RGB, *, top: float, bottom: float, count: int, radius: float = 0.55, x: float = 0.0
) -> list[Item]:
    """Return evenly spaced buttons."""
    ys = np.linspace(top, bottom, count)
    return [Button(centre=(x, float(y)), radius=radius, colour=colour) for y in ys]


def zip_down(tape: RGB, *, top: float, bottom: float, metal: RGB = (176, 176, 180)) -> list[Item]:
    """Return a closed zip with its tape, teeth and puller."""
    return [
        Panel(
            outline=rectangle(-0.9, top, 0.9, bottom),
            fabric=plain(tape, weave="canvas"),
            puff=0.0,
            wrinkle=0.03,
            lift=0.3,
            part="placket",
        ),
        Stroke(
            curve=line((0, top), (0, bottom)),
            width=0.62,
            colour=mix(metal, (40, 40, 40), 0.4),
            opacity=1.0,
        ),
        Stroke(
            curve=line((0, top), (0, bottom)),
            width=0.5,
            colour=metal,
            opacity=0.95,
            dash=(0.16, 0.14),
        ),
        Panel(
            outline=rounded(rectangle(-0.45, top + 0.4, 0.45, top + 3.2), 0.3),
            fabric=plain(metal, weave="metal", gloss=0.6),
            puff=0.3,
            edge=0.4,
            wrinkle=0.0,
            lift=0.6,
        ),
    ]
