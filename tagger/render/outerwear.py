"""Jackets, blazers, coats and waistcoats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tagger.render.cloth import EARTH_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.collars import (
    back_neck,
    buttons_down,
    high_neck,
    placket,
    shirt_collar,
    zip_down,
)
from tagger.render.cut import Cut, Sleeve, body_outline
from tagger.render.fabric import plain
from tagger.render.geometry import bezier, clip_line, join, line, rounded, shift, spline
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.upper import body, hem_part, rib_hem, sleeves, stitched_hem

__all__ = ["OUTERWEAR"]


def jacket(choose: Chooser) -> Drawing:
    """Return a bomber, a quilted, a denim or a leather jacket."""
    kind = ("bomber", "quilted", "denim", "leather")[int(choose.rng.integers(4))]
    weave = {"denim": "denim", "leather": "leather"}.get(kind, "plain")
    colours = {
        "denim": ("blue", "navy_blue", "blue", "black"),
        "leather": ("black", "black", "brown", "tan", "coffee_brown"),
    }.get(kind, (*EARTH_COLOURS, "red", "maroon", "teal", "mustard", "green"))
    cloth = choose_cloth(
        choose,
        patterns_=("camouflage", "solid", "solid", "solid") if kind == "bomber" else ("solid",),
        colours=colours,
        weave=weave,  # type: ignore[arg-type]  # the literals above are weaves
        trim_weave="rib" if kind == "bomber" else None,
        mark_at=None,
        gloss={"leather": 0.32, "quilted": 0.22}.get(kind, 0.05),
    )
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
    found = {
        "neck": neck,
        "sleeve_length": "full",
        "closure": "buttons_full" if kind == "denim" else "zip_full",
        "cuff": cuff,
        "length": "hip",
        "fit": "regular",
        "sleeve_style": "set_in",
        "hem": "ribbed" if kind == "bomber" else "straight",
    }
    if kind in ("denim", "leather"):
        found["fabric"] = kind
    if kind == "quilted":
        found["lining"] = "padded"
    pockets = {"denim": ("chest", "flap"), "quilted": ("side", "zipped")}.get(kind, ("welt",))
    return _finish(choose, items, cut, {**cloth.attributes, **found}, pockets)


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
    seam = (206, 160, 90)
    for side in (-1.0, 1.0):
        yoke = spline((0.8, 20.5), (12, 21.0), (cut.chest - 2.6, 19.0)) * (side, 1.0)
        panel = line((7.0, 21.0), (5.2, cut.length - 4.5)) * (side, 1.0)
        other = line((17.5, 21.0), (14.5, cut.length - 4.5)) * (side, 1.0)
        for curve in (yoke, panel, other):
            items.append(Stroke(curve=curve, width=0.16, opacity=0.4))
            for gap in (0.45, 0.8):
                items.append(
                    Stroke(
                        curve=shift(curve, gap, gap),
                        width=0.11,
                        colour=seam,
                        opacity=0.85,
                        dash=(0.4, 0.18),
                    )
                )
        flap = line((6.4, 21.2), (16.4, 21.0), (16.0, 24.6), (11.4, 26.6), (6.8, 24.8)) * (
            side,
            1.0,
        )
        items.append(
            Panel(
                outline=rounded(flap, 0.4),
                fabric=cloth.main,
                puff=0.4,
                edge=1.0,
                lift=0.6,
                part="pocket",
            )
        )
        items.append(Button(centre=(side * 11.4, 25.0), radius=0.6, colour=(176, 130, 76), holes=0))
    half = cut.hem - 0.4
    band = cut.length - 4.2
    items.append(Stroke(curve=line((-half, band), (half, band)), width=0.2, opacity=0.45))
    for up in (0.4, 3.8):
        y = cut.length - up
        items.append(
            Stroke(
                curve=line((-half, y), (half, y)),
                width=0.11,
                colour=seam,
                opacity=0.85,
                dash=(0.4, 0.18),
            )
        )
    items += placket(cut, cloth.main, seam, top=5.5, bottom=cut.length + 0.9, width=4.0)
    items += buttons_down((176, 130, 76), top=8.5, bottom=cut.length - 2.0, count=6, radius=0.75)
    return items + shirt_collar(cut, cloth.main, seam, spread=1.4)


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


def tailored(choose: Chooser) -> Drawing:
    """Return a blazer, a coat or a waistcoat."""
    coat, bare = choose.category == "coat", choose.category == "waistcoat"
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "solid", "checked", "striped"),
        colours=("navy_blue", "charcoal", "black", "grey", "beige", "brown", "tan", "maroon"),
        weave="fleece" if coat else "plain",
        mark_at=None,
        quiet=True,
    )
    cut = Cut(
        length=choose.between(96, 104) if coat else 60.0 if bare else choose.between(72, 76),
        chest=27.5 if coat else 21.5 if bare else 26.0,
        waist=25.0 if coat else 20.5 if bare else 23.2,
        hem=29.5 if coat else 22.0 if bare else 26.5,
        shoulder=15.5 if bare else 22.5,
        armhole=25.0 if bare else 21.0,
        neck=7.5,
        neck_kind="v_neck",
        neck_depth=choose.between(30, 34),
        waist_at=0.45 if coat else 0.6,
        slope=3.6,
        hem_drop=0.8,
    )
    sleeve = Sleeve(length=62, degrees=choose.between(9, 18), cuff=13.0, bend=choose.between(2, 9))
    rng = choose.rng
    lining = plain(mix(cloth.colour, (150, 110, 90), 0.35), weave="satin", gloss=0.3)
    items: list[Item] = back_neck(cut, lining, rise=2.0)
    if not bare:
        items += sleeves(cut, sleeve, cloth, rng, strength=0.8)
    items += [body(cut, cloth, rng, strength=0.7)]
    items += _front_edge(cut)
    if bare:
        buttons = 5
    else:
        items += _lapels(cut, cloth, wide=10.5 if coat else 8.6)
        buttons = 3 if coat else 2
    items += _flap_pockets(cut, cloth, bare=bare)
    dark = mix(cloth.colour, (16, 12, 10), 0.6)
    low = cut.neck_depth + (24.0 if coat else 20.0 if bare else 12.0)
    items += buttons_down(
        dark, top=cut.neck_depth + 1.6, bottom=low, count=buttons, radius=1.0, x=1.2
    )
    found = {
        "neck": "v_neck" if bare else "lapel",
        "sleeve_length": "full",
        "closure": "buttons_full",
    }
    found |= {"fit": "slim" if bare else "regular", "length": "knee" if coat else "hip"}
    pockets = ("welt",) if bare else ("flap", "welt")
    return _finish(choose, items, cut, {**cloth.attributes, **found}, pockets)


def _front_edge(cut: Cut) -> list[Item]:
    edge = bezier(
        (1.8, cut.neck_depth),
        (2.2, cut.length * 0.7),
        (2.0, cut.length - 7),
        (6.5, cut.length + 0.7),
    )
    return [
        Stroke(curve=edge, width=0.22, opacity=0.55),
        Stroke(curve=shift(edge, 0.5, 0.1), width=0.5, opacity=0.12),
    ]


def _lapels(cut: Cut, cloth: Cloth, *, wide: float) -> list[Item]:
    """Notched lapels and the collar above them, left under right."""
    items: list[Item] = []
    n, d = cut.neck, cut.neck_depth
    for side in (-1.0, 1.0):
        lapel = join(
            spline((n * 0.92, 3.0), (n * 0.62, d * 0.45), (0.3, d + 0.6)),
            spline((1.6, d + 0.4), (n * 0.9 + wide * 0.35, d * 0.66), (n + wide * 0.62, 13.5)),
            line((n + wide * 0.25, 11.2)),
        )
        items.append(
            Panel(
                outline=lapel * (side, 1.0),
                fabric=cloth.main,
                angle=-14.0 * side,
                puff=0.8,
                edge=1.8,
                wrinkle=0.04,
                lift=0.85,
                part="collar",
            )
        )
        collar = join(
            spline((n * 0.55, -2.8), (n * 0.86, 0.6), (n * 0.8, 5.6)),
            line((n + wide * 0.25, 11.0), (n + wide * 0.52, 9.2)),
            spline((n + 3.4, 3.6), (n + 1.0, -0.6), (n * 0.55, -3.4)),
        )
        items.append(
            Panel(
                outline=collar * (side, 1.0),
                fabric=cloth.main,
                angle=24.0 * side,
                puff=0.7,
                edge=1.6,
                wrinkle=0.04,
                lift=0.7,
                part="collar",
            )
        )
    back = join(
        bezier((-n * 0.8, 1.2), (-n * 0.5, -4.6), (n * 0.5, -4.6), (n * 0.8, 1.2)),
        bezier((n * 0.6, 1.4), (n * 0.4, -1.6), (-n * 0.4, -1.6), (-n * 0.6, 1.4)),
    )
    return [
        Panel(outline=back, fabric=cloth.main, tone=0.8, puff=0.4, lift=0.2, part="collar"),
        *items,
    ]


def _flap_pockets(cut: Cut, cloth: Cloth, *, bare: bool) -> list[Item]:
    items: list[Item] = []
    y = cut.length * (0.66 if cut.length < 85 else 0.55)
    for side in (-1.0, 1.0):
        height = 1.8 if bare else 5.2
        flap = line(
            (8.0, y),
            (20.0 if not bare else 17.0, y - 0.6),
            (20.2 if not bare else 17.0, y - 0.6 + height),
            (8.0, y + height),
        )
        items.append(
            Panel(
                outline=rounded(flap * (side, 1.0), 0.8),
                fabric=cloth.main,
                puff=0.35,
                edge=0.9,
                wrinkle=0.03,
                lift=0.6,
                part="pocket",
            )
        )
    welt = line((11.0, 24.5), (19.5, 22.9), (19.7, 25.1), (11.2, 26.7))
    if bare:
        welt = welt * (0.7, 1.0) + (2.0, 4.0)
    items.append(
        Panel(outline=welt, fabric=cloth.main, puff=0.25, edge=0.6, lift=0.5, part="pocket")
    )
    return items


def _finish(
    choose: Chooser, items: list[Item], cut: Cut, found: dict[str, str], pockets: tuple[str, ...]
) -> Drawing:
    attributes: dict[str, tuple[str, ...]] = {name: (value,) for name, value in found.items()}
    attributes["pockets"] = pockets
    if choose.category == "waistcoat":
        attributes.pop("sleeve_length")
    return Drawing(
        category=choose.category,
        attributes=attributes,
        items=tuple(items),
        worn="upper",
        parts={} if found.get("hem") == "ribbed" else {"hem": (hem_part(cut),)},
    )


OUTERWEAR: dict[str, Callable[[Chooser], Drawing]] = {
    "jacket": jacket,
    "blazer": tailored,
    "coat": tailored,
    "waistcoat": tailored,
}
