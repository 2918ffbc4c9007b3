"""Bombers, quilted, denim and leather jackets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tagger.render.cloth import EARTH_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.collars import high_neck, shirt_collar
from tagger.render.cut import Cut, Sleeve, body_outline
from tagger.render.fastenings import back_neck, buttons_down, placket, zip_down
from tagger.render.geometry import Points, clip_line, line, rounded, shift, spline
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.tailoring import finish_outer
from tagger.render.upper import body, rib_hem, sleeves, stitched_hem

__all__ = ["jacket"]


_SEAM = (206, 160, 90)
_COPPER = (176, 130, 76)


def jacket(choose: Chooser) -> Drawing:
    """Return a bomber, a quilted, a denim or a leather jacket."""
    kind = ("bomber", "quilted", "denim", "leather")[int(choose.rng.integers(4))]
    cloth = _jacket_cloth(choose, kind)
    cut = Cut(
        length=choose.between(62, 68),
        chest=28.0,
        waist=27.0,
        hem=26.0,
        shoulder=22.5,
        neck=8.0,
        neck_depth=8.0,
    )
    sleeve = Sleeve(length=62, degrees=choose.between(12, 26), cuff=11, bend=choose.between(0, 9))
    rng = choose.rng
    cuff = {"bomber": "ribbed", "denim": "buttoned"}.get(kind, "plain")
    items: list[Item] = back_neck(cut, cloth.main)
    items += sleeves(cut, sleeve, cloth, rng, cuff=cuff, cuff_width=5.5, strength=1.4)
    front = body(cut, cloth, rng, strength=1.2, puff=3.0)
    items += [replace(front, folds=()) if kind == "quilted" else front]
    items += _JACKET_DETAILS[kind](cut, cloth)
    neck = {"bomber": "high_neck", "quilted": "high_neck"}.get(kind, "shirt_collar")
    found = {"neck": neck, "sleeve_length": "full", "cuff": cuff, "sleeve_style": "set_in"}
    found |= {"length": "hip", "fit": "regular"}
    found["closure"] = "buttons_full" if kind == "denim" else "zip_full"
    found["hem"] = "ribbed" if kind == "bomber" else "straight"
    if kind in ("denim", "leather"):
        found["fabric"] = kind
    if kind == "quilted":
        found["lining"] = "padded"
    pockets = {"denim": ("chest", "flap"), "quilted": ("side", "zipped")}.get(kind, ("welt",))
    return finish_outer(choose, items, cut, {**cloth.attributes, **found}, pockets)


def _jacket_cloth(choose: Chooser, kind: str) -> Cloth:
    weave = {"denim": "denim", "leather": "leather"}.get(kind, "plain")
    colours = {
        "denim": ("blue", "navy_blue", "blue", "black"),
        "leather": ("black", "black", "brown", "tan", "coffee_brown"),
    }.get(kind, (*EARTH_COLOURS, "red", "maroon", "teal", "mustard", "green"))
    return choose_cloth(
        choose,
        patterns_=("camouflage", "solid", "solid", "solid") if kind == "bomber" else ("solid",),
        colours=colours,
        weave=weave,  # type: ignore[arg-type]  # the literals above are weaves
        trim_weave="rib" if kind == "bomber" else None,
        mark_at=None,
        gloss={"leather": 0.32, "quilted": 0.22}.get(kind, 0.05),
    )


def _bomber(cut: Cut, cloth: Cloth) -> list[Item]:
    items = rib_hem(cut, cloth.trim, 6.0)
    items += high_neck(replace(cut, neck_depth=6.0), cloth.trim, height=4.0)
    items += zip_down(mix(cloth.colour, (0, 0, 0), 0.4), top=-0.5, bottom=cut.length + 0.6)
    return items + _welts(cut, cloth)


def _quilted(cut: Cut, cloth: Cloth) -> list[Item]:
    items: list[Item] = []
    outline = body_outline(cut)
    for y in np.arange(13.0, cut.length + 4.0, 8.0).tolist():
        band = clip_line(outline, (60, y), (-60, y))
        upper = clip_line(band, (-60, y - 8.0), (60, y - 8.0))
        items.append(
            Panel(
                outline=upper,
                fabric=cloth.main,
                puff=1.5,
                edge=3.2,
                wrinkle=0.14,
                lift=0.0,
                part="body",
            )
        )
        half = float(np.abs(upper[:, 0]).max()) - 0.1
        items.append(Stroke(curve=line((-half, y), (half, y)), width=0.16, opacity=0.4))
    items += high_neck(replace(cut, neck_depth=6.5), cloth.main, height=6.0)
    return items + zip_down(mix(cloth.colour, (0, 0, 0), 0.4), top=-2.5, bottom=cut.length + 0.6)


def _denim(cut: Cut, cloth: Cloth) -> list[Item]:
    items: list[Item] = []
    for side in (-1.0, 1.0):
        yoke = spline((0.8, 20.5), (12, 21.0), (cut.chest - 2.6, 19.0)) * (side, 1.0)
        panel = line((7.0, 21.0), (5.2, cut.length - 4.5)) * (side, 1.0)
        other = line((17.5, 21.0), (14.5, cut.length - 4.5)) * (side, 1.0)
        for curve in (yoke, panel, other):
            items.append(Stroke(curve=curve, width=0.16, opacity=0.4))
            items += [_contrast(shift(curve, gap, gap)) for gap in (0.45, 0.8)]
        items += _chest_flap(cloth, side)
    half = cut.hem - 0.4
    band = cut.length - 4.2
    items.append(Stroke(curve=line((-half, band), (half, band)), width=0.2, opacity=0.45))
    for up in (0.4, 3.8):
        items.append(_contrast(line((-half, cut.length - up), (half, cut.length - up))))
    items += placket(cut, cloth.main, _SEAM, top=5.5, bottom=cut.length + 0.9, width=4.0)
    items += buttons_down(_COPPER, top=8.5, bottom=cut.length - 2.0, count=6, radius=0.75)
    return items + shirt_collar(cut, cloth.main, _SEAM, spread=1.4)


def _contrast(curve: Points) -> Stroke:
    return Stroke(curve=curve, width=0.11, colour=_SEAM, opacity=0.85, dash=(0.4, 0.18))


def _chest_flap(cloth: Cloth, side: float) -> list[Item]:
    corners = line((6.4, 21.2), (16.4, 21.0), (16.0, 24.6), (11.4, 26.6), (6.8, 24.8))
    flap = rounded(corners * (side, 1.0), 0.4)
    return [
        Panel(outline=flap, fabric=cloth.main, puff=0.4, edge=1.0, lift=0.6, part="pocket"),
        Button(centre=(side * 11.4, 25.0), radius=0.6, colour=_COPPER, holes=0),
    ]


def _leather(cut: Cut, cloth: Cloth) -> list[Item]:
    items = _welts(cut, cloth)
    for side in (-1.0, 1.0):
        seam = spline((13, 5.0), (14.2, 24), (13.0, cut.length)) * (side, 1.0)
        items.append(Stroke(curve=seam, width=0.2, opacity=0.45))
    items += zip_down(mix(cloth.colour, (0, 0, 0), 0.5), top=5.0, bottom=cut.length + 0.8)
    items += shirt_collar(cut, cloth.main, cloth.thread, spread=2.4)
    return items + stitched_hem(cut, cloth)


def _welts(cut: Cut, cloth: Cloth) -> list[Item]:
    items: list[Item] = []
    for side in (-1.0, 1.0):
        welt = line(
            (9.0, cut.length - 24.0),
            (11.0, cut.length - 24.6),
            (16.4, cut.length - 11.4),
            (14.4, cut.length - 10.8),
        )
        items.append(
            Panel(
                outline=welt * (side, 1.0),
                fabric=cloth.main.toned(0.92),
                puff=0.4,
                edge=0.7,
                lift=0.6,
                part="pocket",
            )
        )
    return items


_JACKET_DETAILS: dict[str, Callable[[Cut, Cloth], list[Item]]] = {
    "bomber": _bomber,
    "quilted": _quilted,
    "denim": _denim,
    "leather": _leather,
}
