"""Closed shoes: sneakers, running shoes, lace-ups, loafers and boots."""

from __future__ import annotations

from collections.abc import Callable

from tagger.render.cloth import LEATHER_COLOURS, Chooser
from tagger.render.fabric import Fabric, plain
from tagger.render.geometry import Points, join, line, offset, spline, sub_curve
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import accent, jitter, mix, pick_colour, thread
from tagger.render.shoe_parts import Last, block_heel, far_shoe, laces, sole

__all__ = ["FOOTWEAR", "finish_shoe", "lining", "stitch", "upper_outline"]

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


def upper_outline(last: Last, top: Points) -> Points:
    """Close a top line, from the back to the toe, along the bed."""
    return join(top, last.curve(last.toe, last.heel, up=-0.15))


def lining(back: tuple[float, float], front: tuple[float, float], *, colour: Fabric) -> Panel:
    """Return the far side of the opening."""
    x0, y0 = back
    x1, y1 = front
    outline = spline(
        (x0, y0),
        ((x0 * 2 + x1) / 3, min(y0, y1) - 0.9),
        (x1, y1),
        ((x0 + x1) / 2, max(y0, y1) + 2.2),
        (x0, y0),
    )
    return Panel(outline=outline, fabric=colour, tone=0.62, puff=0.0, lift=0.0, wrinkle=0.02)


def stitch(curve: Points, colour: tuple[float, float, float], gap: float = 0.35) -> list[Item]:
    """Return a seam with a row of stitches `gap` centimetres beside it."""
    return [
        Stroke(curve=curve, width=0.14, opacity=0.42),
        Stroke(curve=offset(curve, gap), width=0.1, colour=colour, opacity=0.75, dash=(0.28, 0.16)),
    ]


def sneaker(choose: Chooser) -> Drawing:
    """Return a casual or sports shoe with laces, or with hook-and-loop straps."""
    sport = choose.category == "sports_shoe"
    rng = choose.rng
    name = pick_colour(
        rng,
        _SPORT if sport else (*_SPORT, "olive", "beige", "maroon", "brown"),
        choose.allowed("base_colour"),
    )
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
    top = spline(
        last.at(-13.3, 0.0), last.at(-13.6, collar * 0.55), last.at(-13.0, collar + 0.4),
        last.at(-10.8, collar + 0.2), last.at(-6.4, collar - 1.9), last.at(-3.4, collar + 1.0),
        last.at(-2.2, collar + 1.8), last.at(1.5, 8.0), last.at(6.4, 5.2), last.at(10.8, 4.3),
        last.at(13.8, 2.6), last.at(14.5, 0.3), samples=8,
    )  # fmt: skip
    bottom = plain(_WHITE if choose.chance(0.7) else second, weave="leather")
    items: list[Item] = [
        lining(last.at(-12.6, collar), last.at(-2.8, collar + 1.6), colour=main.toned(0.8))
    ]
    tongue = spline(
        last.at(-4.4, collar - 1.0), last.at(-3.6, collar + 3.4), last.at(-0.9, collar + 3.0),
        last.at(1.8, 8.2), last.at(-1.0, 7.0), last.at(-4.4, collar - 1.0),
    )  # fmt: skip
    items.append(Panel(outline=tongue, fabric=main.toned(0.92), puff=0.7, edge=1.2, lift=0.2))
    items += sole(last, bottom, thick=0.6, grip=sport)
    items.append(
        Panel(
            outline=upper_outline(last, top),
            fabric=main,
            puff=1.9,
            edge=3.0,
            wrinkle=0.05,
            lift=0.4,
        )
    )
    items += _overlays(last, trim, collar, thread(trim.mean()), sport=sport)
    items += _fastening(last, closing, collar, trim, sport=sport)
    items += _side_mark(choose, last, second if trim.mean() != second else colour)
    found = {
        "base_colour": name,
        "pattern": "two_tone"
        if sum(abs(a - b) for a, b in zip(trim.mean(), colour, strict=True)) > 90
        else "solid",
        "heel": "flat",
        "toe": "round",
        "shoe_closure": closing,
        "shaft": "ankle" if high else "low",
    }
    return finish_shoe(choose, items, found)


def _overlays(
    last: Last, trim: Fabric, collar: float, ink: tuple[float, float, float], *, sport: bool
) -> list[Item]:
    """Toe cap, heel counter and eyestay."""
    cap = join(
        spline(last.at(8.6, 4.9), last.at(11.2, 4.2), last.at(13.8, 2.6), last.at(14.5, 0.2)),
        last.curve(14.4, 7.4, up=0.0),
        spline(last.at(7.4, 0.2), last.at(9.4, 2.2), last.at(8.6, 4.9)),
    )
    counter = join(
        spline(last.at(-13.3, 0.0), last.at(-13.6, collar * 0.5), last.at(-13.0, collar)),
        spline(
            last.at(-11.4, collar),
            last.at(-9.0, collar * 0.45),
            last.at(-6.0, 1.6),
            last.at(-5.6, 0.1),
        ),
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
    tip = 2.0 if toe == "round" else 1.2
    front = 3.0 if toe == "round" else 2.2
    collar = 6.4 if loafer else 7.6
    top = spline(
        last.at(-13.2, 0.0), last.at(-13.7, 4.2), last.at(-13.0, collar + 0.4),
        last.at(-9.5, collar - 1.3), last.at(-5.0, collar - 1.7), last.at(-1.4, collar + 0.4),
        last.at(3.0, 6.2), last.at(8.0, front + 1.6), last.at(12.0, front),
        last.at(15.0, tip * 0.9), last.at(15.5, 0.2), samples=9,
    )  # fmt: skip
    dark = plain(mix(colour, (18, 14, 12), 0.7), weave="leather")
    items: list[Item] = [
        lining(last.at(-12.6, collar), last.at(-1.0, collar + 0.6), colour=plain((196, 170, 134)))
    ]
    items += block_heel(last, dark, width=6.6)
    items += sole(last, dark, thick=0.9)
    items.append(
        Panel(
            outline=upper_outline(last, top),
            fabric=main,
            puff=2.0,
            edge=2.8,
            wrinkle=0.03,
            lift=0.4,
        )
    )
    ink = thread(colour)
    items += stitch(last.curve(-12.8, 14.6, up=0.35), ink, 0.0)
    items += stitch(
        spline(last.at(-6.6, 0.5), last.at(-5.6, 3.4), last.at(-6.4, collar - 2.0)), ink
    )
    items += _penny(last, main, ink) if loafer else _oxford(choose, last, main, ink, collar)
    cap = join(last.curve(9.0, 15.4), last.curve(15.4, 9.0, up=3.2))
    found = {
        "base_colour": name,
        "pattern": "solid",
        "fabric": "leather",
        "heel": "low",
        "toe": toe,
        "shoe_closure": "slip_on" if loafer else "lace_up",
        "shaft": "low",
    }
    return finish_shoe(choose, items, found, toe=cap)


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
    top = spline(
        last.at(-13.0, 0.0), last.at(-13.4, 5.0), last.at(-12.6 - lean * 0.2, tall * 0.6),
        last.at(-13.0 - lean, tall), samples=9,
    )  # fmt: skip
    rim = last.bed(-13.0) - tall
    front = spline(
        (-1.6 + lean, rim + 0.8), (-2.0, rim + tall * 0.45), (-0.4, last.bed(-0.4) - 8.6),
        last.at(4.6, 6.0), last.at(9.6, 4.4), last.at(13.6, 2.9), last.at(14.8, 0.4), samples=9,
    )  # fmt: skip
    dark = plain(mix(colour, (18, 14, 12), 0.65), weave="leather")
    leather_lining = plain((150, 124, 98))
    items: list[Item] = [
        lining((-12.9 - lean, rim + 0.2), (-1.8 + lean, rim + 0.9), colour=leather_lining)
    ]
    items += block_heel(last, dark, width=6.4)
    items += sole(last, dark, thick=1.2)
    outline = join(top, front, last.curve(last.toe, last.heel, up=-0.15))
    from tagger.render.shading import Fold

    bend = last.bed(-6) - 6.0
    folds = tuple(
        Fold(start=(-1.2, bend - d), end=(-9.0, bend - d - 1.5), width=0.9, height=0.5)
        for d in (0.0, 2.6, 5.4)
    )
    items.append(
        Panel(
            outline=outline,
            fabric=main,
            puff=2.2,
            edge=3.4,
            wrinkle=0.07,
            folds=folds,
            lift=0.4,
            part="shaft",
        )
    )
    ink = thread(colour)
    items += stitch(last.curve(-12.8, 14.0, up=0.4), ink, 0.0)
    items += _boot_closure(last, closing, rim, tall)
    found = {
        "base_colour": name,
        "pattern": "solid",
        "fabric": "suede" if suede else "leather",
        "heel": heel,
        "toe": "round",
        "shoe_closure": closing,
        "shaft": shaft,
    }
    return finish_shoe(choose, items, found)


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


def finish_shoe(
    choose: Chooser, items: list[Item], found: dict[str, str], toe: Points | None = None
) -> Drawing:
    """Return the drawing of one shoe, or of the pair."""
    pair = choose.chance(0.45)
    shown = (
        [*far_shoe(items, dx=choose.between(2.5, 5.0), dy=-choose.between(2.2, 3.6)), *items]
        if pair
        else items
    )
    return Drawing(
        category=choose.category,
        attributes={name: (value,) for name, value in found.items()},
        items=tuple(shown),
        stance="stand",
        parts={} if toe is None else {"toe": (toe,)},
    )


FOOTWEAR: dict[str, Callable[[Chooser], Drawing]] = {
    "casual_shoe": sneaker,
    "sports_shoe": sneaker,
    "formal_shoe": lace_up,
    "loafers": lace_up,
    "boots": boots,
}
