"""Caps, belts, ties, socks and scarves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tagger.render.cloth import KNIT_COLOURS, Chooser, choose_cloth
from tagger.render.fabric import RGB, plain
from tagger.render.geometry import Points, bezier, join, line, offset, rounded, spline, sub_curve
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.shading import Fold

__all__ = ["ACCESSORIES"]

_STEEL: RGB = (182, 184, 188)


def cap(choose: Chooser) -> Drawing:
    """Return a six-panel cap from the side and front."""
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "logo", "camouflage", "checked"),
        colours=KNIT_COLOURS,
        weave="canvas",
        mark_at=(3.6, -7.2),
    )
    crown = join(
        bezier((-10.4, 0.6), (-11.4, -8.0), (-6.0, -14.6), (0.6, -14.4)),
        bezier((0.6, -14.4), (7.4, -14.2), (10.8, -7.4), (10.6, -0.6)),
        bezier((10.6, -0.6), (4.0, 1.8), (-4.0, 2.0), (-10.4, 0.6)),
    )
    peak = join(
        spline((1.2, 1.2), (8.0, 0.2), (11.0, -2.2), (16.6, -0.8), (20.6, 3.4)),
        spline((20.4, 4.4), (15.0, 4.2), (8.0, 3.6), (2.0, 2.4)),
    )
    items: list[Item] = [
        Panel(
            outline=crown,
            fabric=cloth.main,
            puff=2.6,
            edge=5.0,
            wrinkle=0.06,
            decal=cloth.decal,
            part="crown",
        )
    ]
    for seam in (
        bezier((0.6, -14.4), (-3.6, -9.0), (-4.6, -4.0), (-4.4, 1.4)),
        bezier((0.6, -14.4), (6.8, -10.0), (8.4, -5.0), (8.2, 0.2)),
    ):
        items.append(Stroke(curve=seam, width=0.14, opacity=0.4))
        for gap in (0.35, -0.35):
            items.append(
                Stroke(
                    curve=offset(seam, gap),
                    width=0.09,
                    colour=cloth.thread,
                    opacity=0.6,
                    dash=(0.28, 0.16),
                )
            )
    for x in (-7.2, 1.6):
        items.append(
            Button(centre=(x, -8.8), radius=0.3, colour=mix(cloth.colour, (0, 0, 0), 0.5), holes=0)
        )
    items.append(Button(centre=(0.6, -14.4), radius=0.8, colour=cloth.colour, holes=0, gloss=0.1))
    brim = plain(cloth.second if choose.chance(0.3) else cloth.colour, weave="canvas")
    items.append(
        Panel(outline=peak, fabric=brim, puff=1.0, edge=1.6, wrinkle=0.02, lift=0.7, part="peak")
    )
    for step in (0.5, 1.0, 1.5):
        rim = spline(
            (4.0 + step, 2.6 - step * 0.5),
            (11.0, 1.6 - step * 0.9),
            (16.0, 2.4 - step),
            (19.6 - step, 3.6 - step * 0.3),
        )
        items.append(
            Stroke(curve=rim, width=0.09, colour=cloth.thread, opacity=0.45, dash=(0.28, 0.16))
        )
    return _finish(choose, items, cloth.attributes | {"fabric": "cotton"}, stance="stand")


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
    rx, ry, tall = choose.between(15, 17), choose.between(3.4, 5.0), 3.4
    turn = np.linspace(0, np.pi, 40)
    far = np.stack([rx * np.cos(turn), -ry * np.sin(turn)], axis=1)
    near = np.stack([rx * np.cos(turn), ry * np.sin(turn)], axis=1)
    inside = plain(mix(cloth.colour, (176, 150, 120), 0.55), weave="leather")
    items: list[Item] = [
        Panel(
            outline=_ribbon(far, tall), fabric=inside, tone=0.7, puff=0.2, lift=0.0, wrinkle=0.02
        ),
        Panel(
            outline=_ribbon(near, tall),
            fabric=cloth.main,
            puff=0.5,
            edge=0.9,
            wrinkle=0.03,
            lift=0.5,
            part="strap",
        ),
    ]
    for up in (0.45, tall - 0.45):
        items.append(
            Stroke(
                curve=near - (0.0, up),
                width=0.12,
                colour=cloth.thread,
                opacity=0.75,
                dash=(0.4, 0.22),
            )
        )
    if cloth.attributes["pattern"] == "textured":
        for x, y in sub_curve(near, 0.05, 0.95, samples=34):
            items.append(
                Stroke(curve=line((x - 0.3, y - 2.4), (x + 0.3, y - 1.0)), width=0.25, opacity=0.35)
            )
    items += _pin_buckle((rx * 0.1, ry - tall / 2), tall)
    for share in (0.72, 0.78, 0.84):
        x, y = sub_curve(near, share, 1.0)[0]
        items.append(
            Button(
                centre=(float(x), float(y) - tall / 2),
                radius=0.28,
                colour=(40, 32, 28),
                holes=0,
                gloss=0,
            )
        )
    return _finish(
        choose, items, cloth.attributes | {"buckle": "pin", "fabric": "leather"}, stance="stand"
    )


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
        colours=(
            "navy_blue",
            "maroon",
            "black",
            "blue",
            "purple",
            "red",
            "grey",
            "green",
            "mustard",
        ),
        weave="satin",
        gloss=0.3,
        mark_at=None,
        upright=True,
    )
    wide, length = choose.between(3.8, 4.6), choose.between(52, 58)
    blade = line(
        (-1.5, 4.2), (1.5, 4.2), (wide, length - 4.6), (0.0, length), (-wide, length - 4.6)
    )
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
        Panel(
            outline=rounded(blade, 0.4),
            fabric=cloth.main,
            angle=45,
            puff=0.8,
            edge=1.4,
            wrinkle=0.05,
            lift=0.6,
            folds=(Fold(start=(0.2, 4.0), end=(-0.4, 18.0), width=0.6, height=-0.5),),
            part="blade",
        ),
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
    return _finish(choose, items, cloth.attributes | {"fabric": "silk"}, stance="lay")


def socks(choose: Chooser) -> Drawing:
    """Return a pair of socks."""
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "striped", "striped", "argyle", "polka_dot", "logo"),
        colours=KNIT_COLOURS,
        weave="rib",
        mark_at=(-2.0, 9.0),
    )
    length = choose.pick("sock_length", ("ankle", "crew", "crew", "knee_high"))
    top = {"ankle": 12.0, "crew": 2.0, "knee_high": -12.0}.get(length, 2.0)
    leg = join(
        spline((-5.0, top), (-5.2, 12), (-5.6, 22), (-6.2, 28.0), (-4.0, 32.2)),
        spline((-1.0, 33.0), (6.0, 32.6), (13.0, 33.0), (17.6, 31.0), (18.2, 27.6)),
        spline((16.4, 25.4), (10.0, 24.6), (6.0, 22.6), (4.6, 17.0), (4.4, top)),
    )
    heel = spline((-6.0, 24.6), (-6.3, 29.0), (-3.4, 32.6), (1.0, 32.9), (-2.0, 27.6), (-6.0, 24.6))
    toe = join(
        spline((13.6, 25.0), (16.6, 25.5), (18.3, 28.0), (17.0, 31.6), (13.0, 33.0)),
        spline((12.2, 30.0), (13.6, 25.0)),
    )
    cuff = join(line((-5.1, top), (4.5, top)), line((4.5, top + 4.4), (-5.2, top + 4.4)))
    trim = cloth.trim.woven("rib") if not choose.chance(0.5) else plain(cloth.second, weave="rib")
    one: list[Item] = [
        Panel(
            outline=leg,
            fabric=cloth.main,
            puff=1.8,
            edge=3.2,
            wrinkle=0.06,
            decal=cloth.decal,
            folds=(
                Fold(start=(4.4, 21.5), end=(-2.0, 24.0), width=0.8, height=0.5),
                Fold(start=(4.6, 19.0), end=(-1.0, 20.0), width=0.8, height=0.4),
            ),
            lift=0.5,
        ),
        Panel(outline=heel, fabric=trim, puff=0.9, edge=1.6, wrinkle=0.0, lift=0.0, part="heel"),
        Panel(outline=toe, fabric=trim, puff=0.9, edge=1.6, wrinkle=0.0, lift=0.0, part="toe"),
        Panel(outline=cuff, fabric=trim, puff=0.9, edge=1.6, wrinkle=0.0, lift=0.2, part="cuff"),
    ]
    from tagger.render.shoe_parts import far_shoe

    items = [*far_shoe(one, dx=choose.between(6, 9), dy=-choose.between(1, 4)), *one]
    return _finish(choose, items, cloth.attributes | {"sock_length": length}, stance="lay")


def _finish(choose: Chooser, items: list[Item], found: dict[str, str], *, stance: str) -> Drawing:
    found.pop("print_type", None)
    return Drawing(
        category=choose.category,
        attributes={name: (value,) for name, value in found.items()},
        items=tuple(items),
        stance=stance,
    )


ACCESSORIES: dict[str, Callable[[Chooser], Drawing]] = {
    "cap": cap,
    "belt": belt,
    "tie": tie,
    "socks": socks,
}
