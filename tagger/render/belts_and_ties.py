"""Belts and neckties."""

from __future__ import annotations

import numpy as np

from tagger.render.cloth import Chooser, Cloth, choose_cloth
from tagger.render.fabric import RGB, plain
from tagger.render.geometry import Points, bezier, join, line, offset, rounded, shift, sub_curve
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.shading import Fold

__all__ = ["belt", "finish_accessory", "tie"]

_STEEL: RGB = (182, 184, 188)
_TALL = 3.4  # width of the belt's strap, centimetres
_TIE_COLOURS = (
    "navy_blue", "maroon", "black", "blue", "purple", "red", "grey", "green", "mustard",
)  # fmt: skip


def belt(choose: Chooser) -> Drawing:
    """Return a coiled leather belt with a pin buckle."""
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "solid", "textured"),
        colours=("black", "black", "brown", "coffee_brown", "tan", "maroon", "white"),
        weave="leather",
        gloss=0.3,
        mark_at=None,
    )
    rx, ry = choose.between(15, 17), choose.between(3.4, 5.0)
    turn = np.linspace(0, np.pi, 40)
    near = np.stack([rx * np.cos(turn), ry * np.sin(turn)], axis=1)
    items = _coil(near, cloth)
    items += _pin_buckle((rx * 0.1, ry - _TALL / 2), _TALL)
    for share in (0.72, 0.78, 0.84):
        x, y = sub_curve(near, share, 1.0)[0].tolist()
        hole = Button(centre=(x, y - _TALL / 2), radius=0.28, colour=(40, 32, 28), holes=0, gloss=0)
        items.append(hole)
    found = cloth.attributes | {"buckle": "pin", "fabric": "leather"}
    return finish_accessory(choose, items, found, stance="stand")


def _coil(near: Points, cloth: Cloth) -> list[Item]:
    """The strap: its far half from inside, its near half with stitches."""
    inside = plain(mix(cloth.colour, (176, 150, 120), 0.55), weave="leather")
    far = _ribbon(near * (1.0, -1.0), _TALL)
    items: list[Item] = [
        Panel(outline=far, fabric=inside, tone=0.7, puff=0.2, lift=0.0, wrinkle=0.02),
        Panel(
            outline=_ribbon(near, _TALL),
            fabric=cloth.main,
            puff=0.5,
            edge=0.9,
            wrinkle=0.03,
            lift=0.5,
            part="strap",
        ),
    ]
    for up in (0.45, _TALL - 0.45):
        row = shift(near, 0.0, -up)
        items.append(
            Stroke(curve=row, width=0.12, colour=cloth.thread, opacity=0.75, dash=(0.4, 0.22))
        )
    if cloth.attributes["pattern"] == "textured":
        for x, y in sub_curve(near, 0.05, 0.95, samples=34):
            mark = line((x - 0.3, y - 2.4), (x + 0.3, y - 1.0))
            items.append(Stroke(curve=mark, width=0.25, opacity=0.35))
    return items


def _ribbon(curve: Points, tall: float) -> Points:
    return join(curve, (curve - np.array([0.0, tall]))[::-1])


def _pin_buckle(at: tuple[float, float], tall: float) -> list[Item]:
    x, y = at
    half = tall / 2 + 0.7
    frame = rounded(
        line((x - 2.6, y - half), (x + 2.4, y - half), (x + 2.4, y + half), (x - 2.6, y + half)),
        0.9,
    )
    hole = rounded(
        line(
            (x - 1.8, y - half + 0.8),
            (x + 1.6, y - half + 0.8),
            (x + 1.6, y + half - 0.8),
            (x - 1.8, y + half - 0.8),
        ),
        0.5,
    )
    metal = plain(_STEEL, weave="metal", gloss=0.8)
    return [
        Panel(
            outline=frame,
            fabric=metal,
            puff=0.5,
            edge=0.6,
            wrinkle=0.0,
            lift=0.7,
            inside=(hole,),
            part="buckle",
        ),
        Stroke(curve=line((x + 1.9, y), (x - 2.4, y + 0.1)), width=0.5, colour=_STEEL, raised=True),
    ]


def tie(choose: Chooser) -> Drawing:
    """Return a knotted necktie."""
    cloth = choose_cloth(
        choose,
        patterns_=("striped", "striped", "solid", "polka_dot", "paisley", "checked"),
        colours=_TIE_COLOURS,
        weave="satin",
        gloss=0.3,
        mark_at=None,
        upright=True,
    )
    wide, length = choose.between(3.8, 4.6), choose.between(52, 58)
    items = _tie_items(cloth, wide, length)
    return finish_accessory(choose, items, cloth.attributes | {"fabric": "silk"}, stance="lay")


def _tie_items(cloth: Cloth, wide: float, length: float) -> list[Item]:
    """The loop around the neck, the tail, the blade and the knot."""
    tail = line(
        (-1.3, 4.0), (1.3, 4.0), (2.6, length * 0.8), (0.6, length * 0.84), (-1.4, length * 0.8)
    )
    knot = line((-2.7, -0.4), (2.7, -0.4), (1.6, 4.9), (-1.6, 4.9))
    loops = bezier((-2.2, 0.6), (-6.8, -6.4), (6.8, -6.4), (2.2, 0.6))
    band = join(offset(loops, 0.9), offset(loops, -0.9)[::-1])
    items: list[Item] = [
        Panel(
            outline=band,
            fabric=cloth.main,
            angle=50,
            tone=0.8,
            puff=0.4,
            edge=0.8,
            wrinkle=0.02,
            lift=0.0,
        ),
        Panel(
            outline=tail + np.array([1.0, 0.0]),
            fabric=cloth.main,
            angle=45,
            tone=0.82,
            puff=0.4,
            edge=0.8,
            lift=0.3,
        ),
        _blade(cloth, wide, length),
        Panel(
            outline=rounded(knot, 0.8),
            fabric=cloth.main,
            angle=-30,
            puff=0.9,
            edge=1.2,
            lift=0.7,
            part="knot",
        ),
    ]
    return items


def _blade(cloth: Cloth, wide: float, length: float) -> Panel:
    blade = line(
        (-1.5, 4.2), (1.5, 4.2), (wide, length - 4.6), (0.0, length), (-wide, length - 4.6)
    )
    return Panel(
        outline=rounded(blade, 0.4),
        fabric=cloth.main,
        angle=45,
        puff=0.8,
        edge=1.4,
        wrinkle=0.05,
        lift=0.6,
        folds=(Fold(start=(0.2, 4.0), end=(-0.4, 18.0), width=0.6, height=-0.5),),
        part="blade",
    )


def finish_accessory(
    choose: Chooser, items: list[Item], found: dict[str, str], *, stance: str
) -> Drawing:
    """Return the finished drawing."""
    found.pop("print_type", None)
    return Drawing(
        category=choose.category,
        attributes={name: (value,) for name, value in found.items()},
        items=tuple(items),
        stance=stance,
    )
