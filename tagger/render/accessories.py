"""Caps, belts, ties, socks and scarves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tagger.render.belts_and_ties import belt, finish_accessory, tie
from tagger.render.cloth import KNIT_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.fabric import Fabric, plain
from tagger.render.geometry import bezier, join, line, offset, spline
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.shading import Fold
from tagger.render.shoe_parts import far_shoe

__all__ = ["ACCESSORIES"]


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
    items += _cap_seams(cloth)
    brim = plain(cloth.second if choose.chance(0.3) else cloth.colour, weave="canvas")
    items += _peak(brim, cloth, reach=choose.between(0.9, 1.1))
    return finish_accessory(choose, items, cloth.attributes | {"fabric": "cotton"}, stance="stand")


def _cap_seams(cloth: Cloth) -> list[Item]:
    """Seams between the crown's panels, eyelets and the button on top."""
    items: list[Item] = []
    for seam in (
        bezier((0.6, -14.4), (-3.6, -9.0), (-4.6, -4.0), (-4.4, 1.4)),
        bezier((0.6, -14.4), (6.8, -10.0), (8.4, -5.0), (8.2, 0.2)),
    ):
        items.append(Stroke(curve=seam, width=0.14, opacity=0.4))
        for gap in (0.35, -0.35):
            row = offset(seam, gap)
            items.append(
                Stroke(curve=row, width=0.09, colour=cloth.thread, opacity=0.6, dash=(0.28, 0.16))
            )
    dark = mix(cloth.colour, (0, 0, 0), 0.5)
    for x in (-7.2, 1.6):
        items.append(Button(centre=(x, -8.8), radius=0.3, colour=dark, holes=0))
    items.append(Button(centre=(0.6, -14.4), radius=0.8, colour=cloth.colour, holes=0, gloss=0.1))
    return items


def _peak(brim: Fabric, cloth: Cloth, *, reach: float) -> list[Item]:
    root, scale = np.array([1.2, 1.2]), np.array([reach, 1.0])
    outline = join(
        spline((1.2, 1.2), (8.0, 0.2), (11.0, -2.2), (16.6, -0.8), (20.6, 3.4)),
        spline((20.4, 4.4), (15.0, 4.2), (8.0, 3.6), (2.0, 2.4)),
    )
    outline = root + (outline - root) * scale
    items: list[Item] = [
        Panel(outline=outline, fabric=brim, puff=1.0, edge=1.6, wrinkle=0.02, lift=0.7, part="peak")
    ]
    for step in (0.5, 1.0, 1.5):
        rim = spline(
            (4.0 + step, 2.6 - step * 0.5),
            (11.0, 1.6 - step * 0.9),
            (16.0, 2.4 - step),
            (19.6 - step, 3.6 - step * 0.3),
        )
        rim = root + (rim - root) * scale
        items.append(
            Stroke(curve=rim, width=0.09, colour=cloth.thread, opacity=0.45, dash=(0.28, 0.16))
        )
    return items


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
    trim = cloth.trim.woven("rib") if not choose.chance(0.5) else plain(cloth.second, weave="rib")
    one = _sock(cloth, trim, top)
    items = [*far_shoe(one, dx=choose.between(6, 9), dy=-choose.between(1, 4)), *one]
    return finish_accessory(choose, items, cloth.attributes | {"sock_length": length}, stance="lay")


def _sock(cloth: Cloth, trim: Fabric, top: float) -> list[Item]:
    """One sock; `top` is y of its upper edge."""
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
    return [
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


ACCESSORIES: dict[str, Callable[[Chooser], Drawing]] = {
    "cap": cap,
    "belt": belt,
    "tie": tie,
    "socks": socks,
}
