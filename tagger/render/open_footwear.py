"""Heels, flats, sandals and flip-flops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tagger.render.cloth import LEATHER_COLOURS, Chooser
from tagger.render.fabric import Fabric, plain
from tagger.render.geometry import (
    Points,
    bezier,
    join,
    line,
    loop,
    offset,
    rectangle,
    rounded,
    shift,
    spline,
)
from tagger.render.heels import pump
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import accent, jitter, mix, pick_colour, thread
from tagger.render.shoe_parts import Last, buckle, finish_shoe, sole
from tagger.render.straps import LIFTS, TAN, ankle_ring, heel_for

__all__ = ["OPEN_FOOTWEAR"]


_WEBBING = ("black", "brown", "coffee_brown", "navy_blue", "olive", "grey")
_RUBBER = ("black", "navy_blue", "blue", "red", "brown", "grey", "olive", "pink", "teal")


def sandal(choose: Chooser) -> Drawing:
    """Return a sandal with straps; a sports sandal has wide webbing and a thick sole."""
    rng = choose.rng
    sport = choose.category == "sports_sandal"
    kind = choose.pick(
        "heel", ("flat", "platform_flat") if sport else ("flat", "flat", "wedge", "mid", "low")
    )
    name = pick_colour(rng, _WEBBING if sport else LEATHER_COLOURS, choose.allowed("base_colour"))
    colour = jitter(rng, name)
    fabric = plain(colour, weave="canvas" if sport else "leather", gloss=0.04 if sport else 0.25)
    base = 3.4 if kind == "platform_flat" else 2.6 if sport else 1.3
    last = Last(lift=LIFTS.get(kind, 0.4), base=base, spring=0.5, toe=14.0)
    bottom = plain(
        mix(colour, (30, 26, 24), 0.6) if sport or choose.chance(0.5) else (176, 132, 88),
        weave="leather",
    )
    items: list[Item] = heel_for(last, kind, bottom, choose) if kind != "platform_flat" else []
    items += sole(last, bottom, thick=0.9, grip=sport)
    bed = last.curve(-13.2, 13.8)
    insole = join(bed, last.curve(13.6, -13.0, up=0.5))
    items.append(
        Panel(outline=insole, fabric=plain(TAN), puff=0.2, edge=0.4, wrinkle=0.0, lift=0.0)
    )
    items += _sandal_straps(last, fabric, sport=sport, choose=choose)
    closed = choose.pick(
        "shoe_closure", ("velcro", "buckle") if sport else ("buckle", "strap", "slip_on")
    )
    backless = closed == "slip_on"
    if not backless:
        items += _heel_strap(last, fabric, closed, sport=sport)
    found = {"base_colour": name, "pattern": "solid", "heel": kind, "toe": "open"}
    found["shoe_closure"] = closed
    found["shaft"] = "backless" if backless else "low"
    return finish_shoe(choose, items, found)


def _arch(last: Last, fabric: Fabric, *, x: float, width: float, reach: float) -> list[Item]:
    """A band over the foot: its far half from inside, then its near half."""
    half, lean = width / 2, 1.1
    top_y = -reach
    items: list[Item] = []
    for far in (True, False):
        dx, up = (1.5, 0.9) if far else (0.0, 0.0)
        base = last.bed(x)
        left = bezier(
            (x - half + dx, base + 0.15 - up),
            (x - half * 0.9 + dx, base + top_y * 0.5),
            (x - half * 0.7 + lean, base + top_y * 0.9),
            (x - half * 0.42 + lean + dx * 0.6, base + top_y - 0.35),
        )
        right = bezier(
            (x + half * 0.62 + lean + dx * 0.6, base + top_y + 0.1),
            (x + half + lean * 0.9, base + top_y * 0.8),
            (x + half * 1.05 + dx, base + top_y * 0.45),
            (x + half + dx, last.bed(x + half) + 0.15 - up),
        )
        items.append(
            Panel(
                outline=join(left, right),
                fabric=fabric,
                tone=0.5 if far else 1.0,
                puff=0.0 if far else 0.9,
                edge=1.4,
                wrinkle=0.02,
                lift=0.2 if far else 0.6,
                part=None if far else "strap",
            )
        )
    ink = thread(fabric.mean())
    for edge in (offset(left, -0.3), offset(right, -0.3)):
        items.append(Stroke(curve=edge, width=0.1, colour=ink, opacity=0.65, dash=(0.28, 0.16)))
    return items


def _sandal_straps(last: Last, fabric: Fabric, *, sport: bool, choose: Chooser) -> list[Item]:
    wide = 4.6 if sport else choose.between(2.6, 4.6)
    items = _arch(last, fabric, x=8.4, width=wide, reach=4.0)
    items += _arch(last, fabric, x=2.2, width=wide * 0.85, reach=6.0)
    if not sport and choose.chance(0.4):
        items += buckle((2.6, last.bed(2.6) - 3.0), size=0.9)
    return items


def _heel_strap(last: Last, fabric: Fabric, closed: str, *, sport: bool) -> list[Item]:
    wide = 2.2 if sport else 1.3
    counter = join(
        spline(last.at(-13.2, 0.0), last.at(-13.9, 3.0), last.at(-13.5, 7.2)),
        spline(last.at(-11.8, 7.0), last.at(-10.6, 3.2), last.at(-8.6, 0.1)),
    )
    ring = ankle_ring(last, fabric, up=6.2, width=wide)
    items: list[Item] = [
        ring[0],
        Panel(
            outline=counter, fabric=fabric, puff=0.8, edge=1.2, wrinkle=0.02, lift=0.5, part="strap"
        ),
        *ring[1:],
    ]
    at = (-6.0, last.bed(-6.0) - 5.3 - wide / 2)
    if closed == "buckle":
        items += buckle(at, size=0.65 + wide * 0.25)
    elif closed == "velcro":
        tab = rounded(
            rectangle(at[0] - 2.2, at[1] - wide * 0.42, at[0] + 2.6, at[1] + wide * 0.42), 0.5
        )
        items.append(Panel(outline=tab, fabric=fabric.toned(0.75), puff=0.3, edge=0.5, lift=0.6))
    return items


def flip_flop(choose: Chooser) -> Drawing:
    """Return a flip-flop with a toe post, seen from the side and a little above."""
    rng = choose.rng
    name = pick_colour(rng, _RUBBER, choose.allowed("base_colour"))
    colour, second = jitter(rng, name), jitter(rng, accent(rng, name))
    deck = plain(colour, weave="canvas")
    edge = plain(second if choose.chance(0.6) else mix(colour, (0, 0, 0), 0.4))
    deck_line = loop(
        (-13.7, -3.3), (-11.4, -5.0), (-6.0, -5.3), (0.0, -4.7), (6.0, -5.8), (11.4, -5.6),
        (14.5, -3.7), (12.0, -2.0), (6.0, -1.8), (0.0, -2.3), (-6.0, -1.8), (-11.6, -1.8),
    )  # fmt: skip
    rim = np.vstack([deck_line, shift(deck_line, 0.0, 1.7)])
    items: list[Item] = [
        Panel(
            outline=_hull(rim), fabric=edge, puff=0.4, edge=0.8, wrinkle=0.0, lift=0.0, part="sole"
        ),
        Panel(outline=deck_line, fabric=deck, puff=0.25, edge=1.0, wrinkle=0.02, lift=0.0),
    ]
    band = plain(
        second if choose.chance(0.5) else mix(colour, (0, 0, 0), 0.35), weave="leather", gloss=0.2
    )
    items += _thong(band)
    found = {"base_colour": name, "pattern": "solid", "heel": "flat", "toe": "open"}
    found |= {"shoe_closure": "thong", "shaft": "backless"}
    return finish_shoe(choose, items, found)


def _thong(band: Fabric) -> list[Item]:
    """The strap that parts at the toe post."""
    items: list[Item] = []
    post = (7.6, -4.0)
    for end, bow in (((-2.6, -4.9), (2.6, -7.6)), ((-3.6, -1.7), (2.0, -5.4))):
        arch = spline(
            end,
            ((end[0] + bow[0]) / 2 - 0.4, (end[1] + bow[1]) / 2 - 1.0),
            bow,
            (5.6, bow[1] + 1.2),
            post,
        )
        items.append(
            Panel(
                outline=join(offset(arch, 0.6), offset(arch, -0.6)[::-1]),
                fabric=band,
                puff=0.6,
                edge=0.8,
                wrinkle=0.0,
                lift=0.8,
                part="strap",
            )
        )
    items.append(
        Stroke(curve=line((7.6, -4.4), (7.7, -3.4)), width=0.8, colour=band.mean(), raised=True)
    )
    return items


def _hull(points: Points) -> Points:
    """The convex outline around points."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
    halves = []
    for run in (ordered, ordered[::-1]):
        chain: list[Points] = []
        for point in run:
            while len(chain) > 1 and _turns_left(chain[-2], chain[-1], point):
                chain.pop()
            chain.append(point)
        halves += chain[:-1]
    return np.vstack(halves)


def _turns_left(a: Points, b: Points, c: Points) -> bool:
    return bool((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0)


OPEN_FOOTWEAR: dict[str, Callable[[Chooser], Drawing]] = {
    "heels": pump,
    "flats": pump,
    "sandal": sandal,
    "sports_sandal": sandal,
    "flip_flop": flip_flop,
}
