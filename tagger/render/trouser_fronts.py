"""What is seen on the front of trousers: fly, pockets, creases, cords and stripes."""

from __future__ import annotations

import numpy as np

from tagger.render.cloth import Cloth
from tagger.render.fabric import Fabric, shaded_tile
from tagger.render.geometry import Points, line, rounded, shift, spline, sub_curve
from tagger.render.items import Button, Item, Panel, Stroke
from tagger.render.legs import Legs, foot_x, leg_outline
from tagger.render.palette import mix
from tagger.render.shading import noise_tile

__all__ = ["STITCH", "denim_front", "drawstring", "faded", "formal_front", "side_stripes"]

STITCH = (204, 158, 88)


def denim_front(cloth: Cloth, *, waist: float, rise: float) -> list[Item]:
    """Return fly, belt loops, pockets, rivets and button of a pair of jeans."""
    fly = spline((3.4, 4.8), (3.6, rise * 0.62), (1.6, rise * 0.84), (0.0, rise * 0.9))
    items: list[Item] = [Stroke(curve=line((0.0, 4.6), (0.0, rise)), width=0.2, opacity=0.5)]
    items += [_topstitch(shift(fly, gap, 0.0)) for gap in (0.0, -0.5)]
    for side in (-1.0, 1.0):
        items += _jeans_pocket(waist, side)
        for x in (waist * 0.42, waist * 0.86):
            loop = line((x, 0.0), (x + 1.1, 0.1), (x + 1.2, 5.2), (x + 0.1, 5.2)) * (side, 1.0)
            strip = rounded(loop, 0.2)
            items.append(
                Panel(outline=strip, fabric=cloth.main, puff=0.3, edge=0.5, lift=0.6, wrinkle=0.0)
            )
    items.append(Button(centre=(0.6, 2.9), radius=0.95, colour=(180, 128, 76), holes=0, gloss=0.6))
    return items


def _topstitch(curve: Points) -> Stroke:
    return Stroke(curve=curve, width=0.13, colour=STITCH, opacity=0.9, dash=(0.4, 0.18))


def _jeans_pocket(waist: float, side: float) -> list[Item]:
    pocket = spline((waist * 0.48, 4.9), (waist * 0.58, 9.6), (waist * 1.06, 11.4)) * (side, 1.0)
    items: list[Item] = [Stroke(curve=pocket, width=0.24, opacity=0.5, part="pocket")]
    items += [_topstitch(shift(pocket, -0.15 * side * gap, gap)) for gap in (0.45, 0.95)]
    for t in (0.04, 0.94):
        x, y = sub_curve(pocket, t, 1.0)[0].tolist()
        items.append(Button(centre=(x, y), radius=0.42, colour=(178, 116, 66), holes=0))
    return items


def faded(cloth: Cloth, rng: np.random.Generator, amount: float) -> Fabric:
    """Denim bleached on thighs and knees; the tile is as large as a leg and shows once."""
    height, width, cm = 540, 320, 0.25
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(cm)
    x = x - 40.0
    fade = np.zeros_like(x)
    for side in (-1.0, 1.0):
        fade += np.exp(-(((x - side * 12.0) / 5.5) ** 2) - ((y - 42.0) / 20.0) ** 2)
        fade += 0.7 * np.exp(-(((x - side * 14.0) / 5.0) ** 2) - ((y - 66.0) / 9.0) ** 2)
    streaks = noise_tile(rng, size=640, cells=(30, 90))[:height, :width]
    fade = np.clip(0.9 * amount * fade * (1 + 0.13 * streaks), 0.0, 0.75)[..., None]
    pale = np.asarray(mix(cloth.colour, (226, 232, 240), 0.75), dtype=np.float32)
    tile = np.asarray(cloth.colour, dtype=np.float32) * (1 - fade) + pale * fade
    return shaded_tile(np.roll(tile, -160, axis=1), (width * cm, height * cm))


def formal_front(legs: Legs, cloth: Cloth) -> list[Item]:
    """Return fly, slanted pockets, creases, loops and button."""
    items: list[Item] = [Stroke(curve=line((0, 4.6), (0, legs.rise)), width=0.18, opacity=0.45)]
    for side in (-1.0, 1.0):
        slant = line((legs.waist * 0.74, 4.8), (legs.waist * 1.08, 18.0)) * (side, 1.0)
        items.append(Stroke(curve=slant, width=0.22, opacity=0.45, part="pocket"))
        foot = foot_x(legs)
        crease = spline((8.6, 10), ((8.6 + foot) / 2, legs.length * 0.5), (foot, legs.length)) * (
            side,
            1.0,
        )
        items.append(Stroke(curve=crease, width=0.25, opacity=0.16))
        items.append(
            Stroke(curve=shift(crease, -0.22, 0), width=0.2, colour=(255, 255, 255), opacity=0.14)
        )
        for x in (legs.waist * 0.45, legs.waist * 0.9):
            loop = line((x, 0.2), (x + 0.9, 0.3), (x + 0.9, 4.9), (x, 4.9)) * (side, 1.0)
            items.append(
                Panel(outline=loop, fabric=cloth.main, puff=0.2, edge=0.4, lift=0.5, wrinkle=0.0)
            )
    items.append(Button(centre=(0.8, 2.9), radius=0.7, colour=mix(cloth.colour, (20, 20, 20), 0.5)))
    return items


def drawstring(cloth: Cloth) -> list[Item]:
    """Return the two ends of a cord."""
    cord = (
        mix(cloth.colour, (250, 250, 250), 0.75)
        if sum(cloth.colour) < 420
        else mix(cloth.colour, (30, 30, 30), 0.5)
    )
    items: list[Item] = []
    for side in (-1.0, 1.0):
        curve = spline((1.2, 3.0), (2.4, 7.0), (1.7, 13.0)) * (side, 1.0)
        items.append(Stroke(curve=curve, width=0.5, colour=cord, raised=True))
    return items


def side_stripes(legs: Legs, cloth: Cloth) -> list[Item]:
    """Return contrast stripes down both sides."""
    items: list[Item] = []
    for side in (-1.0, 1.0):
        outer = sub_curve(leg_outline(legs, 0.0)[:64], 0.1, 0.985, samples=60) * (side, 1.0)
        for gap in (0.9, 1.9):
            items.append(
                Stroke(
                    curve=shift(outer, -side * gap, 0.0),
                    width=0.55,
                    colour=cloth.second,
                    opacity=0.92,
                )
            )
    return items
