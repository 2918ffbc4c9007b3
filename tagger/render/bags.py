"""Handbags, clutches, wallets, backpacks and messenger bags."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tagger.render.cloth import LEATHER_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.fabric import RGB, plain
from tagger.render.geometry import (
    Points,
    bezier,
    ellipse,
    join,
    line,
    rectangle,
    rounded,
    shift,
    spline,
)
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.shading import Fold

__all__ = ["BAGS"]

_GOLD: RGB = (206, 172, 104)
_STEEL: RGB = (178, 180, 184)


def _metal(choose: Chooser) -> RGB:
    return _GOLD if choose.chance(0.6) else _STEEL


def _edge_stitch(outline: Points, cloth: Cloth, inset: float = 0.6) -> list[Item]:
    centre = (outline.min(axis=0) + outline.max(axis=0)) / 2
    size = outline.max(axis=0) - outline.min(axis=0)
    inner = centre + (outline - centre) * (1 - 2 * inset / size)
    return [
        Stroke(
            curve=np.vstack([inner, inner[:1]]),
            width=0.12,
            colour=cloth.thread,
            opacity=0.7,
            dash=(0.4, 0.22),
        )
    ]


def _cord(curve: Points, width: float, cloth: Cloth, part: str) -> list[Item]:
    """A rolled handle with a seam."""
    return [
        Stroke(
            curve=curve,
            width=width,
            colour=mix(cloth.colour, (0, 0, 0), 0.12),
            raised=True,
            part=part,
        ),
        Stroke(
            curve=shift(curve, 0.1, width * 0.2),
            width=0.1,
            colour=cloth.thread,
            opacity=0.5,
            dash=(0.4, 0.25),
        ),
    ]


def _zip(y: float, x0: float, x1: float, metal: RGB) -> list[Item]:
    return [
        Stroke(curve=line((x0, y), (x1, y)), width=0.9, opacity=0.35),
        Stroke(
            curve=line((x0, y), (x1, y)), width=0.4, colour=metal, opacity=0.95, dash=(0.2, 0.14)
        ),
        Panel(
            outline=rounded(rectangle(x1 - 2.2, y - 0.5, x1 - 0.2, y + 0.5), 0.3),
            fabric=plain(metal, weave="metal", gloss=0.6),
            puff=0.3,
            edge=0.4,
            wrinkle=0.0,
            lift=0.6,
        ),
    ]


def handbag(choose: Chooser) -> Drawing:
    """Return a tote, satchel, bowler or hobo bag."""
    shape = choose.pick("bag_shape", ("tote_shape", "satchel_shape", "bowler_shape", "hobo_shape"))
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "solid", "solid", "animal", "checked", "colourblocked"),
        colours=(*LEATHER_COLOURS, "pink", "purple", "mustard", "teal"),
        weave="leather",
        gloss=0.26,
        mark_at=None,
    )
    metal = _metal(choose)
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
    items += _edge_stitch(outline, cloth)
    closing = choose.pick(
        "closure", ("zip_top", "snap", "flap") if shape == "satchel_shape" else ("zip_top", "snap")
    )
    items += _bag_front(shape, half, tall, cloth, metal, closing, choose)
    items += _handles(shape, half, cloth, front=True)
    found = cloth.attributes | {
        "bag_shape": shape,
        "bag_size": size,
        "closure": closing,
        "fabric": "leather",
    }
    found["strap"] = "single_handle" if shape == "hobo_shape" else "double_handle"
    return _finish(choose, items, found)


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
        return _cord(curve, 2.2, cloth, "handle")
    rise = half * (0.95 if shape == "tote_shape" else 0.72)
    x = half * 0.46
    drop = half * 0.22
    sway = 0.0 if front else 1.2
    curve = spline(
        (-x, drop), (-x * 1.02 + sway, -rise * 0.4), (-x * 0.62 + sway, -rise), (x * 0.62 + sway, -rise),
        (x * 1.02 + sway, -rise * 0.4), (x, drop), samples=14,
    )  # fmt: skip
    if not front:
        curve = curve * (1.0, 1.06)
    return _cord(curve, 1.5, cloth, "handle")


def _bag_front(
    shape: str, half: float, tall: float, cloth: Cloth, metal: RGB, closing: str, choose: Chooser
) -> list[Item]:
    items: list[Item] = []
    if shape != "hobo_shape":
        for side in (-1.0, 1.0):
            x, y = side * half * 0.46, half * 0.22
            tab = rounded(
                line(
                    (x - 1.6, y - 0.6),
                    (x + 1.6, y - 0.6),
                    (x + 1.2, y + 4.4),
                    (x, y + 5.4),
                    (x - 1.2, y + 4.4),
                ),
                0.6,
            )
            items.append(
                Panel(
                    outline=tab,
                    fabric=cloth.block.woven("leather", gloss=0.26),
                    puff=0.5,
                    edge=0.9,
                    lift=0.5,
                )
            )
            items.append(Button(centre=(x, y + 3.4), radius=0.5, colour=metal, holes=0, gloss=0.9))
            ring = ellipse((x, y - 0.2), 1.3, 1.3)
            items.append(
                Stroke(curve=np.vstack([ring, ring[:1]]), width=0.42, colour=metal, raised=True)
            )
    if closing == "flap":
        flap = join(
            line((-half * 0.86, 0.2), (half * 0.86, 0.2)),
            bezier(
                (half * 0.9, tall * 0.35),
                (half * 0.6, tall * 0.62),
                (-half * 0.6, tall * 0.62),
                (-half * 0.9, tall * 0.35),
            ),
        )
        items.insert(
            0, Panel(outline=flap, fabric=cloth.main, puff=1.0, edge=2.0, lift=0.7, part="flap")
        )
        items[1:1] = _edge_stitch(flap, cloth)
        items += _lock((0.0, tall * 0.5), metal)
    elif closing == "zip_top":
        top = {"tote_shape": 1.4, "satchel_shape": 1.4, "bowler_shape": 2.2}.get(shape, tall * 0.26)
        items += _zip(top, -half * 0.62, half * 0.62, metal)
    else:
        items += _lock((0.0, tall * 0.22), metal)
    if choose.chance(0.4) and closing != "flap":
        items += _zip(tall * 0.55, -half * 0.5, half * 0.5, metal)
    elif choose.chance(0.4) and closing != "flap":
        items += _tassel((half * 0.3, half * 0.3), cloth)
    return items


def _lock(at: tuple[float, float], metal: RGB) -> list[Item]:
    x, y = at
    plate = rounded(rectangle(x - 2.0, y - 1.5, x + 2.0, y + 1.5), 0.7)
    return [
        Panel(
            outline=plate,
            fabric=plain(metal, weave="metal", gloss=0.7),
            puff=0.6,
            edge=0.7,
            wrinkle=0.0,
            lift=0.7,
            part="lock",
        ),
        Stroke(curve=line((x - 0.7, y), (x + 0.7, y)), width=0.5, opacity=0.4),
    ]


def _tassel(at: tuple[float, float], cloth: Cloth) -> list[Item]:
    x, y = at
    items: list[Item] = [
        Stroke(
            curve=spline((x, y - 2.0), (x + 0.5, y + 1.0), (x + 0.3, y + 3.4)),
            width=0.3,
            colour=mix(cloth.colour, (0, 0, 0), 0.25),
            raised=True,
        )
    ]
    for i in range(7):
        dx = (i - 3) * 0.32
        items.append(
            Stroke(
                curve=spline(
                    (x + 0.3 + dx * 0.4, y + 3.6),
                    (x + 0.3 + dx, y + 6.0),
                    (x + 0.3 + dx * 1.3, y + 9.0),
                ),
                width=0.4,
                colour=mix(cloth.colour, (0, 0, 0), 0.1 + 0.04 * (i % 3)),
                raised=True,
            )
        )
    return items


def clutch(choose: Chooser) -> Drawing:
    """Return an envelope clutch, or a wallet lying flat."""
    wallet = choose.category == "wallet"
    cloth = choose_cloth(
        choose,
        patterns_=("solid",) * 4 + ("animal", "all_over_print"),
        colours=LEATHER_COLOURS
        if wallet
        else (*LEATHER_COLOURS, "pink", "magenta", "mustard", "purple"),
        weave="leather",
        gloss=0.3,
        mark_at=None,
    )
    metal = _metal(choose)
    half, tall = (5.8, 9.4) if wallet else (13.5, choose.between(14.0, 17.0))
    outline = rounded(rectangle(-half, 0, half, tall), 0.9)
    items: list[Item] = [
        Panel(
            outline=outline,
            fabric=cloth.main,
            puff=0.35 if wallet else 1.1,
            edge=1.2 if wallet else 1.8,
            wrinkle=0.02,
            lift=0.0,
            part="body",
        )
    ]
    items += _edge_stitch(outline, cloth, inset=0.4)
    if wallet:
        items.append(
            Stroke(
                curve=line((-half + 0.1, tall * 0.985), (half - 0.1, tall * 0.985)),
                width=0.2,
                opacity=0.5,
            )
        )
        fold = line((-half, 0.35), (half, 0.35))
        items.append(Stroke(curve=fold, width=0.4, opacity=0.25))
        items.append(
            Panel(
                outline=rounded(rectangle(half - 3.4, tall - 2.4, half - 0.9, tall - 1.1), 0.2),
                fabric=cloth.main.toned(0.85),
                puff=0.2,
                edge=0.3,
                lift=0.2,
            )
        )
        found = cloth.attributes | {"closure": "open_top", "fabric": "leather"}
        return _finish(choose, items, found)
    flap = rounded(
        line(
            (-half, 0),
            (half, 0),
            (half * 0.98, tall * 0.28),
            (0.0, tall * 0.72),
            (-half * 0.98, tall * 0.28),
        ),
        0.8,
    )
    items.append(Panel(outline=flap, fabric=cloth.main, puff=0.7, edge=1.2, lift=0.75, part="flap"))
    items += _edge_stitch(flap, cloth, inset=0.5)
    items += _lock((0.0, tall * 0.62), metal)
    strap = choose.pick("strap", ("no_strap", "chain_strap", "wrist_loop"))
    if strap == "chain_strap":
        chain = spline(
            (-half * 0.96, 1.0),
            (-half * 0.7, -9.0),
            (0, -13.0),
            (half * 0.7, -9.0),
            (half * 0.96, 1.0),
            samples=20,
        )
        links = [
            Stroke(curve=chain, width=0.75, colour=metal, raised=True, part="strap"),
            Stroke(
                curve=chain,
                width=0.4,
                colour=mix(metal, (30, 24, 16), 0.6),
                opacity=0.8,
                dash=(0.35, 0.5),
            ),
        ]
        items = [*links, *items]
    elif strap == "wrist_loop":
        loop = spline(
            (half - 0.5, 1.4),
            (half + 3.0, 3.6),
            (half + 4.4, 9.0),
            (half + 2.6, 12.6),
            (half + 1.4, 8.0),
            (half - 0.2, 1.8),
        )
        items = [*_cord(loop, 0.9, cloth, "strap"), *items]
    found = cloth.attributes | {
        "closure": "flap",
        "bag_shape": "envelope_shape",
        "bag_size": "small",
    }
    found |= {"strap": strap, "fabric": "leather"}
    return _finish(choose, items, found)


def backpack(choose: Chooser) -> Drawing:
    """Return a backpack from the front."""
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "colourblocked", "camouflage", "checked", "all_over_print"),
        colours=(
            "black",
            "navy_blue",
            "grey",
            "charcoal",
            "olive",
            "red",
            "blue",
            "teal",
            "maroon",
        ),
        weave="canvas",
        mark_at=None,
    )
    half, tall = choose.between(14.5, 16.5), choose.between(42.0, 46.0)
    right = join(
        bezier((0, 0), (half * 0.7, 0), (half, tall * 0.08), (half, tall * 0.3)),
        bezier(
            (half * 1.03, tall * 0.6), (half * 1.06, tall * 0.9), (half * 0.96, tall), (0, tall)
        ),
    )
    outline = join(right, (right * (-1.0, 1.0))[::-1][1:-1])
    strap = plain(mix(cloth.colour, (10, 10, 12), 0.45), weave="canvas")
    items: list[Item] = []
    for side in (-1.0, 1.0):
        curve = spline(
            (7, 1.0), (half + 3.4, tall * 0.2), (half + 4.2, tall * 0.6), (half - 1.0, tall * 0.93)
        ) * (side, 1.0)
        items.append(Stroke(curve=curve, width=2.6, colour=strap.mean(), raised=True, part="strap"))
    loop = spline((-3.4, 1.0), (-3.0, -3.4), (3.0, -3.4), (3.4, 1.0))
    items.append(Stroke(curve=loop, width=1.6, colour=strap.mean(), raised=True, part="handle"))
    items.append(
        Panel(
            outline=outline,
            fabric=cloth.main,
            puff=4.0,
            edge=6.5,
            wrinkle=0.12,
            lift=0.4,
            part="body",
        )
    )
    arch = spline(
        (-half + 1.4, tall * 0.44),
        (-half + 2.2, tall * 0.14),
        (0, 3.4),
        (half - 2.2, tall * 0.14),
        (half - 1.4, tall * 0.44),
    )
    items.append(Stroke(curve=arch, width=1.0, opacity=0.35))
    items.append(Stroke(curve=arch, width=0.4, colour=_STEEL, opacity=0.9, dash=(0.2, 0.14)))
    pocket = rounded(rectangle(-half * 0.82, tall * 0.5, half * 0.82, tall * 0.93), 3.2)
    items.append(
        Panel(
            outline=pocket,
            fabric=cloth.block.woven("canvas"),
            puff=2.2,
            edge=3.4,
            wrinkle=0.09,
            lift=0.6,
            part="pocket",
        )
    )
    items += _edge_stitch(pocket, cloth, inset=0.7)
    items += _zip(tall * 0.56, -half * 0.66, half * 0.66, _STEEL)
    patch = rounded(rectangle(-2.6, tall * 0.66, 2.6, tall * 0.73), 0.5)
    items.append(
        Panel(
            outline=patch,
            fabric=plain((138, 92, 58), weave="leather"),
            puff=0.3,
            edge=0.5,
            lift=0.4,
        )
    )
    found = cloth.attributes | {"closure": "zip_top", "bag_size": "large", "fabric": "canvas"}
    return _finish(choose, items, found)


def _finish(choose: Chooser, items: list[Item], found: dict[str, str]) -> Drawing:
    found.pop("print_type", None)
    return Drawing(
        category=choose.category,
        attributes={name: (value,) for name, value in found.items()},
        items=tuple(items),
        stance="stand" if choose.category != "wallet" else "lay",
    )


BAGS: dict[str, Callable[[Chooser], Drawing]] = {
    "handbag": handbag,
    "clutch": clutch,
    "wallet": clutch,
    "backpack": backpack,
}
