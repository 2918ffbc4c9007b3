"""Formal lace-ups, loafers and boots."""

from __future__ import annotations

from tagger.render.cloth import LEATHER_COLOURS, Chooser
from tagger.render.fabric import Fabric, plain
from tagger.render.geometry import Points, join, line, offset, spline, sub_curve
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import jitter, mix, pick_colour, thread
from tagger.render.shading import Fold
from tagger.render.shoe_parts import (
    Last,
    block_heel,
    finish_shoe,
    laces,
    lining,
    sole,
    stitch,
    upper_outline,
)

__all__ = ["boots", "lace_up"]


def lace_up(choose: Chooser) -> Drawing:
    """Return a formal lace-up or a loafer in polished leather."""
    loafer = choose.category == "loafers"
    rng = choose.rng
    name = pick_colour(
        rng,
        ("black", "black", "brown", "coffee_brown", "tan", "maroon"),
        choose.allowed("base_colour"),
    )
    colour = jitter(rng, name)
    last = Last(base=1.1, lift=1.3, spring=0.7, toe=15.4)
    main = plain(colour, weave="leather", gloss=0.42)
    toe = choose.pick("toe", ("round", "pointed") if not loafer else ("round",))
    collar = 6.4 if loafer else 7.6
    dark = plain(mix(colour, (18, 14, 12), 0.7), weave="leather")
    items: list[Item] = [
        lining(last.at(-12.6, collar), last.at(-1.0, collar + 0.6), colour=plain((196, 170, 134)))
    ]
    items += block_heel(last, dark, width=6.6)
    items += sole(last, dark, thick=0.9)
    upper = upper_outline(last, _lace_up_top(last, collar, toe))
    items.append(Panel(outline=upper, fabric=main, puff=2.0, edge=2.8, wrinkle=0.03, lift=0.4))
    ink = thread(colour)
    items += stitch(last.curve(-12.8, 14.6, up=0.35), ink, 0.0)
    items += stitch(
        spline(last.at(-6.6, 0.5), last.at(-5.6, 3.4), last.at(-6.4, collar - 2.0)), ink
    )
    items += _penny(last, main, ink) if loafer else _oxford(choose, last, main, ink, collar)
    cap = join(last.curve(9.0, 15.4), last.curve(15.4, 9.0, up=3.2))
    found = {"base_colour": name, "pattern": "solid", "fabric": "leather", "heel": "low"}
    found |= {"toe": toe, "shaft": "low", "shoe_closure": "slip_on" if loafer else "lace_up"}
    return finish_shoe(choose, items, found, toe=cap)


def _lace_up_top(last: Last, collar: float, toe: str) -> Points:
    front, tip = (3.0, 2.0) if toe == "round" else (2.2, 1.2)
    places = (
        (-13.2, 0.0), (-13.7, 4.2), (-13.0, collar + 0.4), (-9.5, collar - 1.3),
        (-5.0, collar - 1.7), (-1.4, collar + 0.4), (3.0, 6.2), (8.0, front + 1.6), (12.0, front),
        (15.0, tip * 0.9), (15.5, 0.2),
    )  # fmt: skip
    return spline(*(last.at(x, up) for x, up in places), samples=9)


def _oxford(
    choose: Chooser, last: Last, main: Fabric, ink: tuple[float, float, float], collar: float
) -> list[Item]:
    quarter = spline(
        last.at(-6.8, collar - 1.8), last.at(-1.6, collar + 0.3), last.at(3.2, 6.0),
        last.at(4.2, 4.0), last.at(1.2, 2.6), last.at(-1.6, 0.2),
    )  # fmt: skip
    items: list[Item] = stitch(sub_curve(quarter, 0.42, 1.0), ink)
    cap = spline(last.at(8.6, 0.3), last.at(9.9, 2.4), last.at(9.3, 4.4))
    items += stitch(cap, ink)
    items += stitch(offset(cap, 0.5), ink)
    if choose.chance(0.5):
        for t in (0.12, 0.3, 0.5, 0.7, 0.88):
            x, y = sub_curve(cap, t, 1.0)[0]
            items.append(
                Stroke(curve=line((x - 0.45, y), (x - 0.35, y + 0.05)), width=0.3, opacity=0.6)
            )
    places = [last.at(x, up) for x, up in ((2.8, 5.4), (1.4, 6.1), (0.0, 6.6), (-1.4, 7.0))]
    dark = mix(main.mean(), (12, 10, 10), 0.5)
    return items + laces(places, dark, across=2.0)


def _penny(last: Last, main: Fabric, ink: tuple[float, float, float]) -> list[Item]:
    apron = spline(last.at(-1.0, 4.4), last.at(4.0, 3.2), last.at(9.0, 3.1), last.at(12.2, 2.9))
    saddle = line(last.at(-1.6, 0.8), last.at(1.4, 0.6), last.at(3.2, 6.0), last.at(0.6, 6.6))
    return [
        *stitch(apron, ink),
        Panel(outline=saddle, fabric=main.toned(0.92), puff=0.5, edge=0.9, lift=0.6, part="strap"),
    ]


def boots(choose: Chooser) -> Drawing:
    """Return an ankle or a tall boot with a block heel."""
    rng = choose.rng
    name = pick_colour(rng, LEATHER_COLOURS, choose.allowed("base_colour"))
    colour = jitter(rng, name)
    suede = choose.chance(0.3)
    main = plain(colour, weave="fleece" if suede else "leather", gloss=0.05 if suede else 0.32)
    shaft = choose.pick("shaft", ("ankle", "ankle", "boot"))
    heel = choose.pick("heel", ("low", "mid"))
    last = Last(base=1.5, lift=2.0 if heel == "low" else 5.2, spring=0.6, toe=14.8)
    tall = 15.0 if shaft == "ankle" else 34.0
    closing = choose.pick("shoe_closure", ("zip", "lace_up", "slip_on"))
    lean = 0.4 if shaft == "ankle" else 1.2
    rim = last.bed(-13.0) - tall
    dark = plain(mix(colour, (18, 14, 12), 0.65), weave="leather")
    leather_lining = plain((150, 124, 98))
    items: list[Item] = [
        lining((-12.9 - lean, rim + 0.2), (-1.8 + lean, rim + 0.9), colour=leather_lining)
    ]
    items += block_heel(last, dark, width=6.4)
    items += sole(last, dark, thick=1.2)
    items.append(_shaft(last, main, tall, lean))
    ink = thread(colour)
    items += stitch(last.curve(-12.8, 14.0, up=0.4), ink, 0.0)
    items += _boot_closure(last, closing, rim, tall)
    found = {"base_colour": name, "pattern": "solid", "fabric": "suede" if suede else "leather"}
    found |= {"heel": heel, "toe": "round", "shoe_closure": closing, "shaft": shaft}
    return finish_shoe(choose, items, found)


def _shaft(last: Last, main: Fabric, tall: float, lean: float) -> Item:
    """The boot's whole upper, creased at the ankle."""
    rim = last.bed(-13.0) - tall
    back = spline(
        last.at(-13.0, 0.0), last.at(-13.4, 5.0), last.at(-12.6 - lean * 0.2, tall * 0.6),
        last.at(-13.0 - lean, tall), samples=9,
    )  # fmt: skip
    front = spline(
        (-1.6 + lean, rim + 0.8), (-2.0, rim + tall * 0.45), (-0.4, last.bed(-0.4) - 8.6),
        last.at(4.6, 6.0), last.at(9.6, 4.4), last.at(13.6, 2.9), last.at(14.8, 0.4), samples=9,
    )  # fmt: skip
    bend = last.bed(-6) - 6.0
    folds = tuple(
        Fold(start=(-1.2, bend - d), end=(-9.0, bend - d - 1.5), width=0.9, height=0.5)
        for d in (0.0, 2.6, 5.4)
    )
    return Panel(
        outline=join(back, front, last.curve(last.toe, last.heel, up=-0.15)),
        fabric=main,
        puff=2.2,
        edge=3.4,
        wrinkle=0.07,
        folds=folds,
        lift=0.4,
        part="shaft",
    )


def _boot_closure(last: Last, closing: str, rim: float, tall: float) -> list[Item]:
    if closing == "zip":
        curve = spline((-6.8, rim + 1.0), (-6.6, rim + tall * 0.5), last.at(-5.6, 1.0))
        return [
            Stroke(curve=curve, width=0.9, opacity=0.35),
            Stroke(
                curve=curve, width=0.34, colour=(184, 180, 172), opacity=0.95, dash=(0.16, 0.12)
            ),
        ]
    if closing == "lace_up":
        count = 5 if tall < 20 else 9
        places = []
        for i in range(count):
            t = i / (count - 1)
            x = 1.8 - 6.0 * min(1.0, t * 1.6)
            low = last.bed(1.0) - 5.6
            places.append((x, low + (rim + 2.4 - low) * t))
        return laces(places, (64, 54, 46), across=2.8)
    gore = line((-8.6, rim + 0.6), (-5.4, rim + 0.6), (-6.4, rim + 10.0), (-7.8, rim + 10.0))
    return [
        Panel(outline=gore, fabric=plain((52, 50, 50), weave="rib"), puff=0.2, edge=0.5, lift=0.1)
    ]
