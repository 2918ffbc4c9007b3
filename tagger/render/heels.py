"""Court shoes and ballerinas."""

from __future__ import annotations

import numpy as np

from tagger.render.cloth import LEATHER_COLOURS, Chooser
from tagger.render.fabric import Fabric, plain
from tagger.render.geometry import Points, join, offset, spline
from tagger.render.items import Drawing, Item, Panel
from tagger.render.palette import jitter, mix, pick_colour, thread
from tagger.render.shoe_parts import Last, buckle, finish_shoe, sole, stitch, upper_outline
from tagger.render.straps import LIFTS, TAN, ankle_ring, heel_for

__all__ = ["pump"]


_COLOURS = (*LEATHER_COLOURS, "pink", "off_white", "purple", "mustard")


def pump(choose: Chooser) -> Drawing:
    """Return a closed court shoe or a ballerina flat."""
    rng = choose.rng
    flat = choose.category == "flats"
    kind = choose.pick("heel", ("flat",) if flat else ("mid", "high", "high", "wedge"))
    toe = choose.pick("toe", ("round", "round", "pointed", "peep"))
    name = pick_colour(rng, _COLOURS, choose.allowed("base_colour"))
    colour = jitter(rng, name)
    patent = choose.chance(0.5)
    main = plain(colour, weave="leather" if patent else "fleece", gloss=0.5 if patent else 0.06)
    last = Last(lift=LIFTS[kind], base=0.8, spring=0.4, toe=15.6 if toe == "pointed" else 14.4)
    top = _top_line(last, 2.0 if toe == "pointed" else 2.7)
    inner = plain(TAN if choose.chance(0.7) else (210, 196, 184))
    items = [_far_side(last, inner), *heel_for(last, kind, main, choose)]
    items += sole(last, plain(mix(colour, (16, 12, 12), 0.75)), thick=0.5)
    upper = upper_outline(last, top)
    items.append(Panel(outline=upper, fabric=main, puff=1.7, edge=2.2, wrinkle=0.02, lift=0.35))
    if toe == "peep":
        items.append(_peep(last, inner))
    items += stitch(offset(top[14:-24], 0.1), thread(colour), 0.3)
    found = {"shoe_closure": "slip_on"}
    if choose.chance(0.35):
        items += _ankle_strap(last, main)
        found = {"shoe_closure": "buckle"}
    elif choose.chance(0.5):
        items += _bow(last, main)
        found["embellishment"] = "bow"
    found |= {"base_colour": name, "pattern": "solid", "heel": kind, "toe": toe, "shaft": "low"}
    cap = join(last.curve(8.5, last.toe), last.curve(last.toe, 8.5, up=3.0))
    return finish_shoe(choose, items, found, toe=cap)


def _top_line(last: Last, front: float) -> Points:
    """From the heel over the opening to the tip; `front` is the height over the toes."""
    places = (
        (-13.2, 0.0), (-13.9, 3.0), (-13.1, 5.6), (-9.6, 4.0), (-4.0, 2.5), (1.8, 2.2), (5.8, 3.9),
        (9.6, front + 0.5), (last.toe - 1.2, front * 0.84), (last.toe - 0.1, front * 0.36),
        (last.toe - 0.1, 0.1),
    )  # fmt: skip
    return spline(*(last.at(x, up) for x, up in places), samples=9)


def _far_side(last: Last, inner: Fabric) -> Item:
    places = (
        (-13.0, 5.4), (-8.0, 4.8), (0.0, 4.0), (6.2, 4.2), (1.4, 1.2), (-8.0, 1.6), (-13.0, 5.4),
    )  # fmt: skip
    outline = spline(*(last.at(x, up) for x, up in places))
    return Panel(outline=outline, fabric=inner, tone=0.78, puff=0.0, lift=0.0, wrinkle=0.0)


def _peep(last: Last, inner: Fabric) -> Item:
    places = ((12.4, 1.9), (14.6, 1.0), (14.3, 0.1), (12.2, 0.3), (12.4, 1.9))
    hole = spline(*(last.at(x, up) for x, up in places))
    return Panel(outline=hole, fabric=inner, tone=0.45, puff=0.0, lift=0.0, part="toe")


def _ankle_strap(last: Last, fabric: Fabric) -> list[Item]:
    """A buckled strap around the ankle and the tie that holds it to the heel."""
    tie = join(
        spline(last.at(-13.2, 4.6), last.at(-13.4, 8.0)),
        spline(last.at(-12.4, 8.0), last.at(-12.2, 4.6)),
    )
    ring = ankle_ring(last, fabric, up=7.2, width=1.0)
    at = (-6.0, last.bed(-6.0) - 6.8)
    return [
        ring[0],
        Panel(outline=tie, fabric=fabric, puff=0.3, edge=0.6),
        *ring[1:],
        *buckle(at, size=0.85),
    ]


def _bow(last: Last, fabric: Fabric) -> list[Item]:
    x, y = last.at(7.4, 3.7)
    items: list[Item] = []
    for side in (-1.0, 1.0):
        ear = spline((0, 0), (1.4, -1.5), (2.7, -1.0), (2.6, 0.8), (1.3, 0.7), (0, 0)) * (
            side,
            1.0,
        ) + (x, y)
        items.append(Panel(outline=ear, fabric=fabric, puff=0.5, edge=0.7, lift=0.6))
    knot = spline((-0.5, -0.6), (0.5, -0.6), (0.5, 0.6), (-0.5, 0.6), (-0.5, -0.6)) + np.array(
        [x, y]
    )
    items.append(Panel(outline=knot, fabric=fabric.toned(0.9), puff=0.4, edge=0.5, lift=0.6))
    return items
