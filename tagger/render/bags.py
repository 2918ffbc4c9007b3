"""Handbags, clutches, wallets, backpacks and messenger bags."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tagger.render.bag_parts import (
    cord,
    edge_stitch,
    finish_bag,
    lock,
    metal_colour,
    tassel,
    zip_line,
)
from tagger.render.cloth import LEATHER_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.fabric import RGB
from tagger.render.flat_bags import backpack, clutch, wallet
from tagger.render.geometry import Points, bezier, ellipse, join, line, rounded, spline
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.shading import Fold

__all__ = ["BAGS"]


def handbag(choose: Chooser) -> Drawing:
    """Return a tote, satchel, bowler or hobo bag."""
    shape = choose.pick("bag_shape", ("tote_shape", "satchel_shape", "bowler_shape", "hobo_shape"))
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "solid", "solid", "animal", "checked"),
        colours=(*LEATHER_COLOURS, "pink", "purple", "mustard", "teal"),
        weave="leather",
        gloss=0.26,
        mark_at=None,
    )
    metal = metal_colour(choose)
    size = choose.pick("bag_size", ("medium", "medium", "large"))
    half = (17.0 if size == "medium" else 21.0) + choose.between(-1, 1)
    tall = half * choose.between(1.25, 1.5)
    outline = _bag_outline(shape, half, tall)
    items: list[Item] = _handles(shape, half, cloth, front=False)
    items.append(
        Panel(
            outline=outline,
            fabric=cloth.main,
            puff=3.0,
            edge=5.0,
            wrinkle=0.08,
            folds=_bag_folds(choose, half, tall),
            lift=0.2,
            part="body",
        )
    )
    items += edge_stitch(outline, cloth)
    closing = choose.pick(
        "closure", ("zip_top", "snap", "flap") if shape == "satchel_shape" else ("zip_top", "snap")
    )
    items += _bag_front(shape, half, tall, cloth, metal, closing, choose)
    items += _handles(shape, half, cloth, front=True)
    found = cloth.attributes | {"bag_shape": shape, "bag_size": size, "closure": closing}
    found["fabric"] = "leather"
    found["strap"] = "single_handle" if shape == "hobo_shape" else "double_handle"
    return finish_bag(choose, items, found)


def _bag_outline(shape: str, half: float, tall: float) -> Points:
    if shape == "tote_shape":
        return rounded(line((-half, 0), (half, 0), (half * 0.9, tall), (-half * 0.9, tall)), 1.6)
    if shape == "satchel_shape":
        return rounded(
            line((-half * 0.86, 0), (half * 0.86, 0), (half * 1.02, tall), (-half * 1.02, tall)),
            2.4,
        )
    if shape == "bowler_shape":
        right = join(
            bezier(
                (0, -1.0), (half * 0.7, -1.0), (half * 0.95, tall * 0.2), (half * 1.04, tall * 0.72)
            ),
            bezier((half * 1.04, tall * 0.8), (half, tall), (half * 0.9, tall), (0, tall)),
        )
    else:
        right = join(
            bezier(
                (0, tall * 0.16),
                (half * 0.5, tall * 0.16),
                (half * 0.85, tall * 0.05),
                (half * 0.94, -tall * 0.12),
            ),
            bezier(
                (half * 1.2, tall * 0.5), (half * 1.0, tall * 0.98), (half * 0.5, tall), (0, tall)
            ),
        )
    return join(right, (right * (-1.0, 1.0))[::-1][1:-1])


def _bag_folds(choose: Chooser, half: float, tall: float) -> tuple[Fold, ...]:
    folds = []
    for side in (-1.0, 1.0):
        for _ in range(2):
            x = side * half * choose.between(0.4, 0.75)
            folds.append(
                Fold(
                    start=(x, 1.0),
                    end=(x * 0.8, tall * choose.between(0.3, 0.6)),
                    width=1.8,
                    height=0.5,
                )
            )
    return tuple(folds)


def _handles(shape: str, half: float, cloth: Cloth, *, front: bool) -> list[Item]:
    """Two handles, one behind and one in front; a hobo has a single strap behind."""
    if shape == "hobo_shape":
        if front:
            return []
        curve = spline(
            (-half * 0.92, -3.0),
            (-half * 0.6, -half * 0.95),
            (0, -half * 1.25),
            (half * 0.6, -half * 0.95),
            (half * 0.92, -3.0),
        )
        return cord(curve, 2.2, cloth, "handle")
    rise = half * (0.95 if shape == "tote_shape" else 0.72)
    x = half * 0.46
    drop = half * 0.22
    sway = 0.0 if front else 1.2
    curve = spline(
        (-x, drop), (-x * 1.02 + sway, -rise * 0.4), (-x * 0.62 + sway, -rise),
        (x * 0.62 + sway, -rise), (x * 1.02 + sway, -rise * 0.4), (x, drop), samples=14,
    )  # fmt: skip
    if not front:
        curve = curve * (1.0, 1.06)
    return cord(curve, 1.5, cloth, "handle")


def _bag_front(
    shape: str, half: float, tall: float, cloth: Cloth, metal: RGB, closing: str, choose: Chooser
) -> list[Item]:
    """Tabs of the handles, the closure and some decoration."""
    items = [] if shape == "hobo_shape" else _handle_tabs(half, cloth, metal)
    if closing == "flap":
        return [*_flap(half, tall, cloth), *items, *lock((0.0, tall * 0.5), metal)]
    if closing == "zip_top":
        top = {"tote_shape": 1.4, "satchel_shape": 1.4, "bowler_shape": 2.2}.get(shape, tall * 0.26)
        items += zip_line(top, -half * 0.62, half * 0.62, metal)
    else:
        items += lock((0.0, tall * 0.22), metal)
    if choose.chance(0.4):
        items += zip_line(tall * 0.55, -half * 0.5, half * 0.5, metal)
    elif choose.chance(0.4):
        items += tassel((half * 0.3, half * 0.3), cloth)
    return items


def _handle_tabs(half: float, cloth: Cloth, metal: RGB) -> list[Item]:
    items: list[Item] = []
    leather = cloth.block.woven("leather", gloss=0.26)
    for side in (-1.0, 1.0):
        x, y = side * half * 0.46, half * 0.22
        corners = [(-1.6, -0.6), (1.6, -0.6), (1.2, 4.4), (0.0, 5.4), (-1.2, 4.4)]
        tab = rounded(line(*((x + dx, y + dy) for dx, dy in corners)), 0.6)
        ring = ellipse((x, y - 0.2), 1.3, 1.3)
        closed = np.vstack([ring, ring[:1]])
        items += [
            Panel(outline=tab, fabric=leather, puff=0.5, edge=0.9, lift=0.5),
            Button(centre=(x, y + 3.4), radius=0.5, colour=metal, holes=0, gloss=0.9),
            Stroke(curve=closed, width=0.42, colour=metal, raised=True),
        ]
    return items


def _flap(half: float, tall: float, cloth: Cloth) -> list[Item]:
    outline = join(
        line((-half * 0.86, 0.2), (half * 0.86, 0.2)),
        bezier(
            (half * 0.9, tall * 0.35),
            (half * 0.6, tall * 0.62),
            (-half * 0.6, tall * 0.62),
            (-half * 0.9, tall * 0.35),
        ),
    )
    flap = Panel(outline=outline, fabric=cloth.main, puff=1.0, edge=2.0, lift=0.7, part="flap")
    return [flap, *edge_stitch(outline, cloth)]


BAGS: dict[str, Callable[[Chooser], Drawing]] = {
    "handbag": handbag,
    "clutch": clutch,
    "wallet": wallet,
    "backpack": backpack,
}
