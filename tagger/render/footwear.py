"""Closed shoes: sneakers, running shoes, lace-ups, loafers and boots."""

from __future__ import annotations

from collections.abc import Callable

from tagger.render.cloth import Chooser
from tagger.render.fabric import Fabric, plain
from tagger.render.geometry import Points, join, line, spline
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.leather_shoes import boots, lace_up
from tagger.render.palette import accent, jitter, mix, pick_colour, thread
from tagger.render.shoe_parts import Last, finish_shoe, laces, lining, sole, stitch, upper_outline

__all__ = ["FOOTWEAR"]

_SPORT = (
    "white",
    "white",
    "black",
    "grey",
    "navy_blue",
    "red",
    "blue",
    "charcoal",
    "teal",
    "orange",
)
_WHITE = (238, 238, 234)


def sneaker(choose: Chooser) -> Drawing:
    """Return a casual or sports shoe with laces, or with hook-and-loop straps."""
    sport = choose.category == "sports_shoe"
    rng = choose.rng
    colours = _SPORT if sport else (*_SPORT, "olive", "beige", "maroon", "brown")
    name = pick_colour(rng, colours, choose.allowed("base_colour"))
    colour, second = jitter(rng, name), jitter(rng, accent(rng, name))
    high = not sport and choose.chance(0.25)
    closing = choose.pick(
        "shoe_closure", ("lace_up",) * 4 + (("velcro", "slip_on") if not high else ())
    )
    last = Last(base=3.4 if sport else 2.5, spring=1.4 if sport else 0.8, lift=0.3)
    main = plain(colour, weave="canvas" if not sport else "fleece")
    trim = plain(
        second if sport or choose.chance(0.4) else mix(colour, (0, 0, 0), 0.18),
        weave="leather",
        gloss=0.15,
    )
    collar = 15.0 if high else 9.6
    bottom = plain(_WHITE if choose.chance(0.7) else second, weave="leather")
    items: list[Item] = [
        lining(last.at(-12.6, collar), last.at(-2.8, collar + 1.6), colour=main.toned(0.8))
    ]
    items.append(_tongue(last, main, collar))
    items += sole(last, bottom, thick=0.6, grip=sport)
    upper = upper_outline(last, _sneaker_top(last, collar))
    items.append(Panel(outline=upper, fabric=main, puff=1.9, edge=3.0, wrinkle=0.05, lift=0.4))
    items += _overlays(last, trim, collar, thread(trim.mean()), sport=sport)
    items += _fastening(last, closing, collar, trim, sport=sport)
    items += _side_mark(choose, last, second if trim.mean() != second else colour)
    apart = sum(abs(a - b) for a, b in zip(trim.mean(), colour, strict=True))
    found = {"base_colour": name, "pattern": "two_tone" if apart > 90 else "solid"}
    found |= {"heel": "flat", "toe": "round", "shoe_closure": closing}
    found["shaft"] = "ankle" if high else "low"
    return finish_shoe(choose, items, found)


def _sneaker_top(last: Last, collar: float) -> Points:
    places = (
        (-13.3, 0.0), (-13.6, collar * 0.55), (-13.0, collar + 0.4), (-10.8, collar + 0.2),
        (-6.4, collar - 1.9), (-3.4, collar + 1.0), (-2.2, collar + 1.8), (1.5, 8.0), (6.4, 5.2),
        (10.8, 4.3), (13.8, 2.6), (14.5, 0.3),
    )  # fmt: skip
    return spline(*(last.at(x, up) for x, up in places), samples=8)


def _tongue(last: Last, main: Fabric, collar: float) -> Item:
    places = (
        (-4.4, collar - 1.0), (-3.6, collar + 3.4), (-0.9, collar + 3.0), (1.8, 8.2), (-1.0, 7.0),
        (-4.4, collar - 1.0),
    )  # fmt: skip
    outline = spline(*(last.at(x, up) for x, up in places))
    return Panel(outline=outline, fabric=main.toned(0.92), puff=0.7, edge=1.2, lift=0.2)


def _overlays(
    last: Last, trim: Fabric, collar: float, ink: tuple[float, float, float], *, sport: bool
) -> list[Item]:
    """Toe cap, heel counter and eyestay."""
    cap = join(
        spline(last.at(8.6, 4.9), last.at(11.2, 4.2), last.at(13.8, 2.6), last.at(14.5, 0.2)),
        last.curve(14.4, 7.4, up=0.0),
        spline(last.at(7.4, 0.2), last.at(9.4, 2.2), last.at(8.6, 4.9)),
    )
    front = ((-11.4, collar), (-9.0, collar * 0.45), (-6.0, 1.6), (-5.6, 0.1))
    counter = join(
        spline(last.at(-13.3, 0.0), last.at(-13.6, collar * 0.5), last.at(-13.0, collar)),
        spline(*(last.at(x, up) for x, up in front)),
    )
    stay = spline(
        last.at(-6.2, collar - 2.0), last.at(-3.2, collar + 0.9), last.at(-2.2, collar + 1.5),
        last.at(1.4, 7.8), last.at(5.4, 5.4), last.at(4.6, 3.4), last.at(0.6, 5.4),
        last.at(-3.0, collar - 3.4), last.at(-6.2, collar - 2.0), samples=8,
    )  # fmt: skip
    items: list[Item] = []
    for outline, part in ((cap, "toe"), (counter, "heel"), (stay, None)):
        items.append(
            Panel(
                outline=outline, fabric=trim, puff=0.7, edge=1.3, wrinkle=0.02, lift=0.4, part=part
            )
        )
    items += stitch(spline(last.at(7.9, 0.4), last.at(9.5, 2.2), last.at(8.8, 4.6)), ink)
    items += stitch(
        spline(last.at(-11.2, collar - 0.3), last.at(-8.8, collar * 0.45), last.at(-6.2, 0.6)),
        ink,
        -0.35,
    )
    if sport:
        band = spline(last.at(-4.5, 0.4), last.at(-1.0, 4.6), last.at(0.8, 6.0))
        items += [Stroke(curve=band, width=0.9, colour=trim.mean(), opacity=0.9)]
        items += stitch(band, ink)
    return items


def _fastening(last: Last, closing: str, collar: float, trim: Fabric, *, sport: bool) -> list[Item]:
    if closing == "lace_up":
        count = 5 if collar < 12 else 6
        places = []
        for i in range(count):
            t = i / (count - 1)
            x = 3.6 - 6.6 * t
            places.append(last.at(x, 5.0 + (collar - 4.8) * t**1.1))
        return laces(places, _WHITE if sum(trim.mean()) < 560 else (60, 62, 68), across=2.6)
    if closing == "velcro":
        items: list[Item] = []
        for x, up in ((2.2, 5.0), (-1.8, 7.2)):
            strap = line(
                last.at(x - 2.6, up - 2.4),
                last.at(x - 1.2, up - 3.2),
                last.at(x + 2.8, up + 1.6),
                last.at(x + 0.6, up + 2.4),
            )
            items.append(
                Panel(
                    outline=strap,
                    fabric=trim.toned(0.9),
                    puff=0.5,
                    edge=0.8,
                    lift=0.7,
                    part="strap",
                )
            )
        return items
    gore = line(
        last.at(-5.4, collar - 2.0),
        last.at(-2.4, collar - 0.2),
        last.at(-3.0, 5.0),
        last.at(-5.0, 4.6),
    )
    return [Panel(outline=gore, fabric=trim.woven("rib").toned(0.8), puff=0.3, edge=0.6, lift=0.2)]


def _side_mark(choose: Chooser, last: Last, colour: tuple[float, float, float]) -> list[Item]:
    """A stripe, a swoosh-free wave or bars on the side."""
    kind = int(choose.rng.integers(3))
    items: list[Item] = []
    if kind == 0:
        for x in (-4.0, -2.2, -0.4):
            curve = line(last.at(x - 1.6, 0.8), last.at(x + 1.6, 5.4))
            items.append(Stroke(curve=curve, width=0.75, colour=colour, opacity=0.95))
    elif kind == 1:
        curve = spline(last.at(-8.0, 3.2), last.at(-3.5, 2.2), last.at(0.5, 3.4), last.at(4.6, 2.4))
        items.append(Stroke(curve=curve, width=0.9, colour=colour, opacity=0.95))
    return items


FOOTWEAR: dict[str, Callable[[Chooser], Drawing]] = {
    "casual_shoe": sneaker,
    "sports_shoe": sneaker,
    "formal_shoe": lace_up,
    "loafers": lace_up,
    "boots": boots,
}
