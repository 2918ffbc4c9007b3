"""Straps and heels that open shoes share."""

from __future__ import annotations

from tagger.render.cloth import Chooser
from tagger.render.fabric import RGB, Fabric, plain
from tagger.render.geometry import Points, join, offset, spline
from tagger.render.items import Item, Panel, Stroke
from tagger.render.palette import thread
from tagger.render.shoe_parts import Last, block_heel, stiletto, wedge

__all__ = ["LIFTS", "TAN", "ankle_ring", "heel_for", "strap"]

TAN: RGB = (196, 158, 112)


LIFTS = {"flat": 0.5, "low": 2.2, "mid": 5.6, "high": 9.6, "wedge": 6.8}


def strap(lower: Points, *, width: float, fabric: Fabric, part: str = "strap") -> list[Item]:
    """A band along a curve, stitched at both edges."""
    upper = offset(lower, width)
    ink = thread(fabric.mean())
    return [
        Panel(
            outline=join(lower, upper[::-1]),
            fabric=fabric,
            puff=0.55,
            edge=0.9,
            wrinkle=0.02,
            lift=0.7,
            part=part,
        ),
        Stroke(
            curve=offset(lower, width * 0.14),
            width=0.09,
            colour=ink,
            opacity=0.6,
            dash=(0.26, 0.16),
        ),
        Stroke(
            curve=offset(lower, width * 0.86),
            width=0.09,
            colour=ink,
            opacity=0.6,
            dash=(0.26, 0.16),
        ),
    ]


def heel_for(last: Last, kind: str, fabric: Fabric, choose: Chooser) -> list[Item]:
    """Return the heel of a kind, under a shoe of the given material."""
    if kind == "wedge":
        cork = plain((190, 148, 104), weave="fleece") if choose.chance(0.6) else fabric
        return wedge(last, cork)
    if kind in ("mid", "high") and choose.chance(0.6):
        return stiletto(last, fabric, tip=1.0 if kind == "high" else 1.5)
    if kind in ("flat",):
        return []
    return block_heel(last, fabric, width=4.6 if kind == "high" else 6.0)


def ankle_ring(last: Last, fabric: Fabric, *, up: float, width: float) -> list[Item]:
    """A strap around the ankle: its far half, then the near one."""
    far = spline(
        last.at(-13.0, up + 0.4),
        last.at(-9.4, up + 2.2),
        last.at(-5.4, up + 2.5),
        last.at(-2.6, up + 1.0),
    )
    near = spline(
        last.at(-13.1, up),
        last.at(-10.2, up - 1.0),
        last.at(-6.0, up - 0.9),
        last.at(-2.5, up + 0.5),
    )
    dark = fabric.toned(0.5)
    back = Panel(
        outline=join(far, offset(far, width * 0.9)[::-1]),
        fabric=dark,
        puff=0.0,
        lift=0.0,
        wrinkle=0.0,
    )
    return [back, *strap(near, width=width, fabric=fabric)]
