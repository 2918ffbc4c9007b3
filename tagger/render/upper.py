"""Put bodies, sleeves, cuffs, hems and pockets together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tagger.render.cloth import Cloth
from tagger.render.cut import (
    Cut,
    Sleeve,
    body_folds,
    body_outline,
    hem_curve,
    sleeve_folds,
    sleeve_outline,
    sleeve_stripe,
)
from tagger.render.fabric import Fabric
from tagger.render.geometry import Points, bezier, clip_below, line, rectangle, rounded, shift
from tagger.render.items import Button, Item, Panel, Stroke
from tagger.render.shading import Fold, Pleats

__all__ = ["body", "chest_pocket", "hem_part", "kangaroo", "sleeves", "stitched_hem"]


def sleeves(
    cut: Cut,
    sleeve: Sleeve,
    cloth: Cloth,
    rng: np.random.Generator,
    *,
    cuff: str = "plain",
    cuff_width: float = 5.0,
    fabric: Fabric | None = None,
    wrinkle: float = 0.08,
    strength: float = 1.0,
) -> list[Item]:
    """Return both sleeves with their cuffs; the left one hangs a little differently.

    The cuff is `plain`, `ribbed`, `buttoned` or `turn_up`, its width centimetres along the arm.
    `strength` scales the folds.
    """
    items: list[Item] = []
    for side in (1.0, -1.0):
        degrees = sleeve.degrees + float(rng.uniform(-2.5, 2.5))
        own = replace(sleeve, degrees=degrees, bend=sleeve.bend * float(rng.uniform(0.5, 1.3)))
        parts: list[Item] = [
            Panel(
                outline=sleeve_outline(cut, own),
                fabric=fabric or cloth.main,
                angle=-own.degrees,
                pivot=(cut.shoulder, cut.slope),
                puff=1.9,
                edge=4.2,
                folds=tuple(_scaled(fold, strength) for fold in sleeve_folds(cut, own, rng)),
                wrinkle=wrinkle,
                lift=0.3,
                part="sleeve_right",
            )
        ]
        parts += _cuff(cut, own, cloth, cuff, cuff_width)
        items += parts if side > 0 else [_mirrored(item) for item in parts]
    return items


def _scaled(fold: Fold, strength: float) -> Fold:
    return replace(fold, height=fold.height * strength)


def _cuff(cut: Cut, sleeve: Sleeve, cloth: Cloth, kind: str, width: float) -> list[Item]:
    if kind == "plain":
        strip = sleeve_stripe(cut, sleeve, 2.2, 0.01)
        return [
            Stroke(
                curve=strip[: len(strip) // 2],
                width=0.1,
                colour=cloth.thread,
                opacity=0.55,
                dash=(0.32, 0.2),
            )
        ]
    ribbed = kind == "ribbed"
    strip = sleeve_stripe(cut, sleeve, width, width + 0.4, taper=0.16 if ribbed else 0.0)
    fabric = cloth.trim if ribbed else cloth.main
    panel = Panel(
        outline=strip,
        fabric=fabric,
        angle=-sleeve.degrees + (90.0 if kind == "turn_up" else 0.0),
        puff=0.7,
        edge=1.6,
        wrinkle=0.04,
        lift=0.45,
        part="cuff_right",
    )
    seam = Stroke(curve=strip[: len(strip) // 2], width=0.14, opacity=0.35)
    if kind != "buttoned":
        return [panel, seam]
    at = strip[: len(strip) // 2].mean(axis=0) * 0.5 + strip[len(strip) // 2 :].mean(axis=0) * 0.5
    inner = strip[len(strip) // 2 - 1] * 0.3 + at * 0.7
    return [
        panel,
        seam,
        Button(centre=(float(inner[0]), float(inner[1])), radius=0.5, colour=(236, 234, 226)),
    ]


def _mirrored(item: Item) -> Item:
    """Reflect an item at the centre line."""
    if isinstance(item, Button):
        return replace(item, centre=(-item.centre[0], item.centre[1]))
    part = item.part.replace("right", "left") if item.part else None
    if isinstance(item, Stroke):
        return replace(item, curve=item.curve * (-1.0, 1.0), part=part)
    folds = tuple(
        replace(f, start=(-f.start[0], f.start[1]), end=(-f.end[0], f.end[1])) for f in item.folds
    )
    return replace(
        item,
        outline=item.outline * (-1.0, 1.0),
        angle=-item.angle,
        pivot=(-item.pivot[0], item.pivot[1]),
        folds=folds,
        part=part,
    )


def body(
    cut: Cut,
    cloth: Cloth,
    rng: np.random.Generator,
    *,
    strength: float = 1.0,
    wrinkle: float = 0.08,
    pleats: tuple[Pleats, ...] = (),
    puff: float = 2.2,
) -> Panel:
    """Return the front."""
    return Panel(
        outline=body_outline(cut),
        fabric=cloth.main,
        pivot=(0.0, 0.0),
        puff=puff,
        edge=6.0,
        folds=body_folds(cut, rng, strength=strength),
        pleats=pleats,
        wrinkle=wrinkle,
        lift=0.45,
        decal=cloth.decal,
        part="body",
        open_end=True,
    )


def hem_part(cut: Cut, height: float = 3.0) -> Points:
    """Return the outline of the hem, for its box."""
    return clip_below(body_outline(cut), cut.length - height)


def stitched_hem(cut: Cut, cloth: Cloth, *, up: float = 2.2, rows: int = 2) -> list[Item]:
    """Return rows of stitches along the hem."""
    return [
        Stroke(
            curve=hem_curve(cut, up + 0.5 * row),
            width=0.1,
            colour=cloth.thread,
            opacity=0.55,
            dash=(0.32, 0.2),
        )
        for row in range(rows)
    ]


def rib_hem(cut: Cut, trim: Fabric, height: float) -> list[Item]:
    """Return a rib band at the hem, drawn in a little."""
    outline = clip_below(body_outline(cut), cut.length - height)
    top = hem_curve(cut, height)
    return [
        Panel(
            outline=outline, fabric=trim, puff=1.4, edge=2.6, wrinkle=0.05, lift=0.35, part="hem"
        ),
        Stroke(curve=top, width=0.22, opacity=0.35),
    ]


def chest_pocket(cloth: Cloth, *, x: float, y: float, width: float = 11.0) -> list[Item]:
    """Return a patch pocket with its stitches."""
    height = width * 1.12
    outline = line(
        (x, y), (x + width, y), (x + width, y + height * 0.84), (x + width / 2, y + height),
        (x, y + height * 0.84),
    )  # fmt: skip
    inner = outline * 1.0
    centre = outline.mean(axis=0)
    inner = centre + (outline - centre) * 0.93
    return [
        Panel(
            outline=rounded(outline, 0.5),
            fabric=cloth.main,
            puff=0.25,
            edge=0.8,
            wrinkle=0.06,
            lift=0.35,
            part="pocket",
        ),
        Stroke(
            curve=np.vstack([inner[1:], inner[:1]]),
            width=0.1,
            colour=cloth.thread,
            opacity=0.6,
            dash=(0.3, 0.18),
        ),
        Stroke(
            curve=line((x + 0.2, y + 1.8), (x + width - 0.2, y + 1.8)),
            width=0.1,
            colour=cloth.thread,
            opacity=0.6,
            dash=(0.3, 0.18),
        ),
    ]


def kangaroo(cut: Cut, cloth: Cloth) -> list[Item]:
    """Return the pouch of a hooded sweatshirt."""
    low = cut.length - 7.0
    top = low - 17.0
    right = line((0, top), (8.5, top), (14.5, low - 6.0), (14.5, low), (0, low))
    outline = np.vstack([right, (right * (-1.0, 1.0))[::-1][1:-1]])
    items: list[Item] = [
        Panel(
            outline=rounded(outline, 0.6),
            fabric=cloth.main,
            puff=0.9,
            edge=2.4,
            wrinkle=0.08,
            lift=0.5,
            part="pocket",
        )
    ]
    for side in (-1.0, 1.0):
        slit = bezier((8.5, top), (9.6, top + 4), (12.0, low - 9), (14.5, low - 6.0)) * (side, 1.0)
        items.append(Stroke(curve=slit, width=0.4, opacity=0.42))
        items.append(
            Stroke(
                curve=shift(slit, -1.0 * side, 0.4),
                width=0.1,
                colour=cloth.thread,
                opacity=0.55,
                dash=(0.32, 0.2),
            )
        )
    return items


def full_rectangle(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Return a rectangle with slightly rounded corners."""
    return rounded(rectangle(x0, y0, x1, y1), 0.3)
