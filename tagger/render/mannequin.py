"""A plain shop mannequin and a hanger: they carry garments and are no garment."""

from __future__ import annotations

import numpy as np

from tagger.render.fabric import RGB, plain
from tagger.render.geometry import Points, bezier, ellipse, join, line, mirror, spline
from tagger.render.items import Drawing, Item, Panel, Stroke

__all__ = ["WAIST_Y", "hanger", "mannequin"]

# Where a lower garment's waist sits below the shoulder's neck point, centimetres.
WAIST_Y = 44.0

_SKINS: tuple[RGB, ...] = ((222, 214, 202), (196, 192, 188), (236, 232, 226), (70, 68, 68))


def _both(right: Points) -> Points:
    return join(right, mirror(right)[1:-1])


def mannequin(rng: np.random.Generator, *, upper: bool, lower: bool) -> Drawing:
    """Return the parts of a mannequin that carry an upper, a lower or both.

    Args:
        rng: Chooses the finish.
        upper: Whether it has neck and torso.
        lower: Whether it has hips and legs.
    """
    skin = plain(_SKINS[int(rng.integers(len(_SKINS)))], weave="satin", gloss=0.25)
    items: list[Item] = []
    if lower:
        for side in (-1.0, 1.0):
            items.append(
                Panel(
                    outline=_leg() * (side, 1.0),
                    fabric=skin,
                    puff=4.0,
                    edge=5.0,
                    wrinkle=0.0,
                    lift=0.2,
                )
            )
    if upper:
        items += _torso(skin.mean(), cap_wood=rng.random() < 0.5, legs=lower)
        items.insert(
            0 if not lower else 2,
            Panel(outline=_both(_body()), fabric=skin, puff=5.0, edge=8.0, wrinkle=0.0, lift=0.2),
        )
    elif lower:
        items.append(
            Panel(outline=_both(_hips()), fabric=skin, puff=4.0, edge=6.0, wrinkle=0.0, lift=0.2)
        )
    return Drawing(category="", attributes={}, items=tuple(items))


def _body() -> Points:
    neck = spline((5.2, -9.0), (5.0, -4.0), (6.8, 0.4))
    shoulder = spline((9.0, 1.6), (15.5, 4.4), (18.2, 8.6), (18.0, 13.0))
    side = spline(
        (18.6, 20.0), (19.0, 28.0), (15.4, WAIST_Y - 4), (17.6, 56.0), (19.5, 66.0), (17.0, 72.0)
    )
    return join(line((0, -9.0)), neck, shoulder, side, line((0, 73.0)))


def _hips() -> Points:
    side = spline(
        (15.6, WAIST_Y - 5), (17.0, WAIST_Y + 6), (20.0, WAIST_Y + 20), (18.0, WAIST_Y + 30)
    )
    return join(line((0, WAIST_Y - 5.6)), side, line((0, WAIST_Y + 32)))


def _leg() -> Points:
    top = WAIST_Y + 16
    outer = spline(
        (20.0, top), (18.2, top + 26), (15.6, top + 44), (16.2, top + 60), (13.0, top + 86)
    )
    foot = spline((14.0, top + 92), (16.8, top + 98), (11.6, top + 99), (8.6, top + 94))
    inner = spline(
        (8.8, top + 86), (7.4, top + 62), (7.8, top + 44), (4.6, top + 24), (0.8, top + 8)
    )
    return join(outer, foot, inner, line((0.0, top)))


def _torso(skin: RGB, *, cap_wood: bool, legs: bool) -> list[Item]:
    """The neck's cap and, without legs, the stand under the body."""
    cap = plain((168, 120, 78) if cap_wood else (196, 198, 202), weave="satin", gloss=0.4)
    items: list[Item] = []
    if not legs:
        metal = plain((170, 172, 176), weave="metal", gloss=0.6)
        items.append(
            Panel(
                outline=line((-1.1, 70), (1.1, 70), (1.1, 104), (-1.1, 104)),
                fabric=metal,
                puff=0.8,
                edge=0.8,
                wrinkle=0.0,
                lift=0.0,
            )
        )
    items.append(
        Panel(
            outline=ellipse((0, -9.0), 5.3, 1.5),
            fabric=cap,
            puff=0.5,
            edge=0.8,
            wrinkle=0.0,
            lift=0.2,
        )
    )
    items.append(
        Panel(
            outline=ellipse((0, -10.6), 1.5, 1.3),
            fabric=cap,
            puff=0.6,
            edge=0.8,
            wrinkle=0.0,
            lift=0.3,
        )
    )
    return items


def hanger(rng: np.random.Generator) -> Drawing:
    """Return a hanger whose arms lie along the shoulders."""
    wood = rng.random() < 0.6
    fabric = plain((176, 128, 82) if wood else (60, 60, 62), weave="satin", gloss=0.35)
    arms = join(
        bezier((0, -3.4), (7, -2.4), (13, 1.6), (19.5, 5.4)),
        bezier((19.8, 6.8), (13, 3.6), (7, 0.2), (0, -0.6)),
    )
    hook = spline(
        (0, -3.2), (0.1, -7.0), (0.2, -9.4), (2.8, -11.4), (3.2, -14.4), (0.4, -16.4), (-2.8, -14.8)
    )
    return Drawing(
        category="",
        attributes={},
        items=(
            Stroke(curve=hook, width=0.6, colour=(168, 168, 172), raised=True),
            Panel(outline=_both(arms), fabric=fabric, puff=0.9, edge=1.2, wrinkle=0.0, lift=0.2),
        ),
    )
