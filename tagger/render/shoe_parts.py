"""Shoes from the side, toe to the right, y = 0 on the floor, centimetres."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tagger.render.cloth import Chooser
from tagger.render.fabric import RGB, Fabric, plain
from tagger.render.geometry import Points, bezier, join, line, offset, rounded, shift, spline
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix

__all__ = ["Last", "block_heel", "far_shoe", "laces", "sole", "stiletto", "wedge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The form a shoe is built on.

    Attributes:
        lift: Height of the heel's seat over the ball of the foot, centimetres.
        base: Thickness of the sole under the ball, centimetres.
        toe: x of the tip.
        spring: How far the tip is lifted, centimetres.
        heel: x of the back.
    """

    lift: float = 0.0
    base: float = 2.6
    toe: float = 14.6
    spring: float = 0.9
    heel: float = -13.4

    def bed(self, x: float) -> float:
        """Return y of the foot's bed at x."""
        t = float(np.clip((4.5 - x) / 14.5, 0.0, 1.0))
        arch = t * t * (3 - 2 * t)
        tip = float(np.clip((x - 7.0) / (self.toe - 7.0), 0.0, 1.0)) ** 2
        return -self.base - self.lift * arch - self.spring * tip

    def curve(self, start: float, end: float, *, up: float = 0.0, samples: int = 40) -> Points:
        """Return the bed's line from one x to another, raised by `up`."""
        xs = np.linspace(start, end, samples)
        return np.stack([xs, np.array([self.bed(float(x)) - up for x in xs])], axis=1)

    def at(self, x: float, up: float) -> tuple[float, float]:
        """Return the point `up` centimetres over the bed."""
        return (x, self.bed(x) - up)


def sole(last: Last, fabric: Fabric, *, thick: float, grip: bool = False) -> list[Item]:
    """Return the sole: its upper edge follows the bed, its lower edge the floor or the arch."""
    top = last.curve(last.heel - 0.3, last.toe + 0.25, up=-0.1)
    if last.lift < 0.6:
        bottom = spline(
            (last.toe + 0.1, -last.spring - 0.8),
            (last.toe - 2.6, -0.12),
            (last.toe - 6.0, 0.0),
            (last.heel + 3.0, 0.0),
            (last.heel + 0.2, -0.5),
        )
    else:
        bottom = last.curve(last.toe + 0.1, last.heel, up=-thick)
    items: list[Item] = [
        Panel(
            outline=join(top, bottom),
            fabric=fabric,
            puff=0.7,
            edge=1.2,
            wrinkle=0.0,
            lift=0.2,
            part="sole",
        )
    ]
    if last.lift < 0.6 and last.base > 1.6:
        groove = last.curve(last.heel, last.toe - 0.2, up=-last.base * 0.42)
        items.append(Stroke(curve=groove, width=0.16, opacity=0.3))
    if grip:
        for x in np.arange(last.heel + 1.0, last.toe - 3.0, 1.3).tolist():
            items.append(Stroke(curve=line((x, -0.55), (x + 0.25, 0.0)), width=0.3, opacity=0.35))
    return items


def block_heel(last: Last, fabric: Fabric, *, width: float = 7.0) -> list[Item]:
    """Return a stacked heel under the back of the shoe."""
    back = last.heel - 0.1
    low = 0.0
    outline = join(
        last.curve(back, back + width, up=-0.5),
        line((back + width * 0.97, low), (back + 0.25, low)),
    )
    return [
        Panel(
            outline=outline, fabric=fabric, puff=0.5, edge=1.0, wrinkle=0.0, lift=0.3, part="heel"
        ),
        Stroke(
            curve=line((back + 0.3, low - 0.5), (back + width * 0.96, low - 0.5)),
            width=0.12,
            opacity=0.4,
        ),
    ]


def stiletto(last: Last, fabric: Fabric, *, tip: float = 1.0) -> list[Item]:
    """Return a heel that narrows to a tip."""
    back = last.heel + 0.1
    seat = last.bed(back + 1.0)
    outer = bezier(
        (back - 0.2, seat), (back + 0.9, seat * 0.6), (back + 0.9, seat * 0.3), (back + 1.3, 0.0)
    )
    inner = bezier(
        (back + 1.3 + tip, 0.0),
        (back + 1.5 + tip, seat * 0.35),
        (back + 2.2 + tip, seat * 0.75),
        (back + 5.4, last.bed(back + 5.4) + 0.5),
    )
    outline = join(outer, inner, last.curve(back + 5.3, back, up=-0.4))
    return [
        Panel(
            outline=outline, fabric=fabric, puff=0.6, edge=0.9, wrinkle=0.0, lift=0.3, part="heel"
        ),
        Panel(
            outline=line(
                (back + 1.25, -0.6),
                (back + 1.42 + tip, -0.6),
                (back + 1.35 + tip, 0.0),
                (back + 1.3, 0.0),
            ),
            fabric=plain((40, 38, 38)),
            puff=0.0,
            lift=0.0,
        ),
    ]


def wedge(last: Last, fabric: Fabric) -> list[Item]:
    """Return a wedge from the heel to the ball."""
    outline = join(
        last.curve(last.heel, 9.0, up=-0.3),
        spline((9.0, -0.2), (5.0, 0.0), (last.heel + 1.2, 0.0), (last.heel + 0.2, -0.4), samples=8),
    )
    items: list[Item] = [
        Panel(
            outline=outline, fabric=fabric, puff=0.9, edge=1.4, wrinkle=0.0, lift=0.2, part="heel"
        )
    ]
    for share in (0.3, 0.6):
        curve = last.curve(last.heel + 0.3, 6.0) * (1.0, 1.0 - share)
        items.append(Stroke(curve=curve, width=0.14, opacity=0.22))
    return items


def laces(places: list[tuple[float, float]], colour: RGB, *, across: float = 3.4) -> list[Item]:
    """Return eyelets and laces at the given points of the eyestay, lowest first."""
    items: list[Item] = []
    for index, (x, y) in enumerate(places):
        slant = 0.9 if index % 2 else 0.3
        curve = spline((x - 0.1, y), (x + across * 0.5, y - 1.3), (x + across, y - slant))
        items.append(Stroke(curve=curve, width=0.62, colour=colour, raised=True, part="laces"))
        items.append(Button(centre=(x, y), radius=0.34, colour=(120, 120, 124), holes=0))
    x, y = places[-1]
    for bow in (
        spline((x + 1.8, y - 1.2), (x + 5.0, y - 2.4), (x + 6.4, y + 0.4), (x + 2.4, y - 0.6)),
        spline((x + 1.8, y - 1.2), (x - 1.8, y - 0.2), (x - 2.6, y + 2.6), (x + 1.2, y - 0.4)),
    ):
        items.append(Stroke(curve=bow, width=0.5, colour=colour, raised=True, part="laces"))
    return items


def far_shoe(items: list[Item], *, dx: float, dy: float) -> list[Item]:
    """Return the other shoe of the pair, standing a little behind."""
    moved: list[Item] = []
    for item in items:
        if isinstance(item, Panel):
            moved.append(
                replace(item, outline=shift(item.outline, dx, dy), tone=item.tone * 0.9, part=None)
            )
        elif isinstance(item, Stroke):
            moved.append(replace(item, curve=shift(item.curve, dx, dy), part=None))
        else:
            moved.append(replace(item, centre=(item.centre[0] + dx, item.centre[1] + dy)))
    return moved


def buckle(
    centre: tuple[float, float], *, size: float = 1.1, colour: RGB = (200, 190, 160)
) -> list[Item]:
    """Return a small metal frame."""
    x, y = centre
    frame = rounded(
        line(
            (x - size, y - size), (x + size, y - size), (x + size, y + size), (x - size, y + size)
        ),
        0.4,
    )
    hole = frame * 0.6 + np.array(centre) * 0.4
    return [
        Panel(
            outline=frame,
            fabric=plain(mix(colour, (255, 255, 255), 0.1), weave="metal", gloss=0.7),
            puff=0.3,
            edge=0.4,
            wrinkle=0.0,
            lift=0.6,
            inside=(hole,),
        ),
        Stroke(
            curve=line((x - size * 0.7, y), (x + size * 0.8, y)),
            width=0.22,
            colour=colour,
            opacity=1.0,
        ),
    ]


__all__ += ["buckle"]


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


__all__ += ["finish_shoe", "lining", "stitch", "upper_outline"]
