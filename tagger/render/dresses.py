"""Dresses, anarkalis and skirts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tagger.render.cloth import BRIGHT_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.cut import Cut, Sleeve
from tagger.render.fastenings import back_neck, rib_neck
from tagger.render.geometry import Points, bezier, join, line, mirror, shift, spline
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.prints import embroidered_yoke
from tagger.render.shading import Fold, Pleats
from tagger.render.trouser_fronts import denim_front
from tagger.render.upper import body, sleeves

__all__ = ["DRESSES"]

_PATTERNS = (
    "solid", "solid", "solid", "floral", "floral", "floral", "polka_dot", "striped", "checked",
    "all_over_print", "animal", "paisley", "tie_dye",
)  # fmt: skip
_HEMS = {"thigh": 84.0, "knee": 96.0, "calf": 114.0, "ankle": 130.0, "floor": 138.0}
_SKIRTS = {"thigh": 40.0, "knee": 54.0, "calf": 74.0, "ankle": 92.0}


def dress(choose: Chooser) -> Drawing:
    """Return a dress: a bodice and a skirt, or one straight piece."""
    long = choose.category == "anarkali"
    patterns = ("solid", "embroidered", "ethnic_motif", "floral") if long else _PATTERNS
    cloth = choose_cloth(
        choose, patterns_=patterns, colours=BRIGHT_COLOURS, mark_at=None, gloss=0.12
    )
    shape = choose.pick(
        "silhouette", ("flared",) if long else ("a_line", "flared", "flared", "bodycon")
    )
    length = choose.pick(
        "length", ("ankle", "floor") if long else ("thigh", "knee", "knee", "calf", "ankle")
    )
    bottom = _HEMS.get(length, 96.0) + choose.between(-2, 2)
    reach = choose.pick(
        "sleeve_length",
        ("full", "three_quarter")
        if long
        else ("sleeveless", "sleeveless", "short", "three_quarter", "full"),
    )
    neck = choose.pick("neck", ("round", "v_neck", "scoop", "square", "boat"))
    cut = _bodice(choose, neck, bare=reach == "sleeveless")
    rng = choose.rng
    if cloth.attributes["pattern"] == "embroidered":
        cloth = _embroider(choose, cloth, cut)
    items: list[Item] = back_neck(cut, cloth.main, label=neck != "v_neck")
    if reach != "sleeveless":
        items += sleeves(cut, _sleeve(choose, reach), cloth, rng)
    skirt_, hem = _skirt_panel(choose, cloth, shape, top=cut.length, bottom=bottom, waist=cut.hem)
    items += [skirt_, *_hem_lines(hem, cloth)]
    items += [body(cut, cloth, rng, strength=0.8, puff=2.4)]
    items += _belt(choose, cut, cloth) if choose.chance(0.45) else [_waist_seam(cut)]
    items += rib_neck(cut, cloth.trim, 0.8)
    belted = any(item.part == "belt" for item in items if isinstance(item, Panel))
    found = {"neck": neck, "sleeve_length": reach, "silhouette": shape, "length": length}
    found |= {"closure": "pull_on", "fit": "slim" if shape == "bodycon" else "regular"}
    found |= {"hem": "straight", "belt_included": "with_belt" if belted else "without_belt"}
    if reach == "sleeveless":
        found["strap_type"] = "broad"
    return _finish(choose, items, {**cloth.attributes, **found}, hem, worn="whole")


def _bodice(choose: Chooser, neck: str, *, bare: bool) -> Cut:
    depth = {"v_neck": 16.0, "scoop": 13.0, "square": 12.0, "boat": 4.5}.get(neck, 8.0)
    return Cut(
        neck={"boat": 12.0, "scoop": 10.0, "square": 10.0}.get(neck, 8.5),
        neck_kind=neck,
        neck_depth=depth + choose.between(-1, 1),
        shoulder=15.0 if bare else 18.0,
        slope=3.4,
        armhole=19.5,
        chest=20.5 if bare else 21.5,
        waist=18.6,
        hem=16.8,
        length=choose.between(38, 42),
        hem_drop=0.6,
        waist_at=0.82,
    )


def _sleeve(choose: Chooser, reach: str) -> Sleeve:
    length = {"short": 18.0, "three_quarter": 40.0}.get(reach, 57.0)
    return Sleeve(
        length=length,
        degrees=choose.between(12, 26) + (12.0 if reach == "short" else 0.0),
        cuff=14.0 if reach == "short" else 10.5,
        bend=0.0 if reach == "short" else choose.between(0, 8),
    )


def _embroider(choose: Chooser, cloth: Cloth, cut: Cut) -> Cloth:
    decal = embroidered_yoke(
        choose.rng,
        (cloth.second, mix(cloth.second, (222, 180, 84), 0.6)),
        centre=(0.0, cut.neck_depth + 11.0),
        width=28.0,
        height=22.0,
    )
    return replace(
        cloth, decal=decal, attributes={**cloth.attributes, "embellishment": "thread_work"}
    )


def _skirt_panel(
    choose: Chooser, cloth: Cloth, shape: str, *, top: float, bottom: float, waist: float
) -> tuple[Panel, Points]:
    """The skirt from the waist down, and its hem."""
    drop = bottom - top
    wide = {"bodycon": 20.0, "straight": 24.0, "a_line": 22.0 + 0.20 * drop}
    hips = {"bodycon": 22.0, "straight": 22.5, "a_line": waist + 5.0}
    reach, hip = wide.get(shape, 24.0 + 0.34 * drop), hips.get(shape, waist + 8.0)
    narrow = shape in ("bodycon", "straight")
    side = spline(
        (waist, top - 0.8),
        (hip, top + min(18.0, drop * 0.35)),
        ((hip + reach) / 2 + (2.0 if shape == "flared" else 0.4), top + drop * 0.68),
        (reach + choose.between(-1.2, 1.2), bottom - (0.6 if narrow else 2.2)),
        samples=14,
    )
    hem = _wavy(side[-1], bottom + 0.6, shape, choose)
    right = join(line((0.0, top - 1.2)), side, hem[1:])
    pleats = _skirt_pleats(choose, shape, top=top, bottom=bottom, halves=(waist, reach))
    creases = tuple(
        Fold(start=(s * hip * 0.95, top + 14.0), end=(s * hip * 0.2, top + 17.0), height=0.5)
        for s in (-1.0, 1.0)
    )
    panel = Panel(
        outline=join(right, mirror(right)[1:-1]),
        fabric=cloth.main,
        puff=2.6,
        edge=6.0,
        pleats=(pleats,),
        folds=creases if narrow else (),
        wrinkle=0.08,
        lift=0.3,
        part="skirt",
        open_end=True,
    )
    return panel, np.vstack([hem * (-1.0, 1.0), hem[::-1][1:]])


def _skirt_pleats(
    choose: Chooser, shape: str, *, top: float, bottom: float, halves: tuple[float, float]
) -> Pleats:
    count = 4.0 if shape in ("bodycon", "straight") else choose.between(7.0, 12.0)
    return Pleats(
        top=top - 3.0,
        bottom=bottom,
        half_top=halves[0],
        half_bottom=halves[1],
        count=count,
        depth={"bodycon": 0.35, "straight": 0.5, "a_line": 0.9}.get(shape, 1.5),
        sharp=1.0 if shape == "flared" and choose.chance(0.25) else 0.0,
        phase=choose.between(0, 6),
    )


def _wavy(corner: Points, low: float, shape: str, choose: Chooser) -> Points:
    """The hem's right half from the side to the centre, in waves where the skirt is wide."""
    t = np.linspace(0.0, 1.0, 60)
    x = corner[0] * (1 - t)
    y = corner[1] + (low - corner[1]) * np.sin(t * np.pi / 2)
    if shape in ("flared", "a_line"):
        height = 0.75 if shape == "flared" else 0.35
        waves = 3.0 if shape == "a_line" else 4.5
        y = (
            y
            + height
            * np.cos(2 * np.pi * waves * t + choose.between(0, 6))
            * np.sin(np.pi * t) ** 0.5
        )
    return np.stack([x, y], axis=1)


def _hem_lines(hem: Points, cloth: Cloth) -> list[Item]:
    inner = hem[2:-2] * (0.992, 1.0) + np.array([0.0, -1.8])
    return [
        Stroke(curve=inner, width=0.1, colour=cloth.thread, opacity=0.5, dash=(0.32, 0.2)),
        Stroke(curve=shift(inner, 0.0, 0.15), width=0.25, opacity=0.08),
    ]


def _waist_seam(cut: Cut) -> Item:
    y = cut.length
    curve = bezier((-cut.hem, y - 0.4), (-6, y + 0.8), (6, y + 0.8), (cut.hem, y - 0.4))
    return Stroke(curve=curve, width=0.2, opacity=0.35)


def _belt(choose: Chooser, cut: Cut, cloth: Cloth) -> list[Item]:
    """A belt of the same or another colour, tied in a bow or closed by a buckle."""
    y, half = cut.length, cut.hem + 0.5
    fabric = cloth.trim.toned(0.86) if choose.chance(0.5) else cloth.trim
    strip = join(
        bezier((-half, y - 2.2), (-6, y - 1.2), (6, y - 1.2), (half, y - 2.2)),
        bezier((half, y + 1.2), (6, y + 2.2), (-6, y + 2.2), (-half, y + 1.2)),
    )
    items: list[Item] = [
        Panel(outline=strip, fabric=fabric, puff=0.7, edge=1.4, wrinkle=0.03, lift=0.6, part="belt")
    ]
    if choose.chance(0.5):
        for side in (-1.0, 1.0):
            tail = line((0.4, y), (2.0, y + 0.4), (6.4, y + 15.0), (3.6, y + 15.6)) * (side, 1.0)
            ear = spline(
                (0, y), (4.0, y - 3.4), (8.4, y - 2.6), (8.0, y + 1.6), (4.0, y + 1.8), (0, y)
            ) * (side, 1.0)
            items.append(
                Panel(outline=tail, fabric=fabric, puff=0.5, edge=1.0, lift=0.6, part="belt")
            )
            items.append(
                Panel(outline=ear, fabric=fabric, puff=0.8, edge=1.4, lift=0.7, part="belt")
            )
        knot = spline(
            (-1.6, y - 1.8), (1.6, y - 1.8), (1.8, y + 1.6), (-1.8, y + 1.6), (-1.6, y - 1.8)
        )
        items.append(Panel(outline=knot, fabric=fabric, puff=0.7, edge=1.0, lift=0.7, part="belt"))
    return items


def skirt(choose: Chooser) -> Drawing:
    """Return a skirt with a waistband."""
    shape = choose.pick("silhouette", ("a_line", "flared", "flared", "bodycon", "straight"))
    length = choose.pick("length", ("thigh", "knee", "knee", "calf", "ankle"))
    denim = shape in ("a_line", "straight", "bodycon") and choose.chance(0.3)
    cloth = choose_cloth(
        choose,
        patterns_=("solid",) if denim else _PATTERNS,
        colours=("blue", "navy_blue", "black") if denim else BRIGHT_COLOURS,
        weave="denim" if denim else "plain",
        mark_at=None,
        gloss=0.05 if denim else 0.12,
    )
    bottom = _SKIRTS.get(length, 54.0) + choose.between(-2, 2)
    waist = 17.0
    panel, hem = _skirt_panel(choose, cloth, shape, top=3.0, bottom=bottom, waist=waist)
    items: list[Item] = [*_skirt_band(waist, cloth)]
    items[1:1] = [panel, *_hem_lines(hem, cloth)]
    found = {"silhouette": shape, "length": length, "hem": "straight"}
    found["fit"] = "slim" if shape == "bodycon" else "regular"
    if denim:
        items += denim_front(cloth, waist=waist, rise=16.0)
        found |= {"fabric": "denim", "waistband": "fly"}
    else:
        found["waistband"] = "side_fastening"
    return _finish(choose, items, {**cloth.attributes, **found}, hem, worn="lower")


def _skirt_band(waist: float, cloth: Cloth) -> list[Item]:
    """The inside of the back, and the waistband."""
    back = spline((-waist, -0.4), (0, -1.8), (waist, -0.4), (8, 1.6), (-8, 1.6))
    band = join(
        bezier((-waist, -0.4), (-6, 1.2), (6, 1.2), (waist, -0.4)),
        bezier((waist + 0.5, 3.4), (6, 4.8), (-6, 4.8), (-waist - 0.5, 3.4)),
    )
    return [
        Panel(outline=back, fabric=cloth.main, tone=0.5, puff=0.0, lift=0.0),
        Panel(
            outline=band,
            fabric=cloth.main,
            puff=0.6,
            edge=1.6,
            wrinkle=0.05,
            lift=0.4,
            part="waistband",
        ),
    ]


def _finish(
    choose: Chooser, items: list[Item], found: dict[str, str], hem: Points, *, worn: str
) -> Drawing:
    strip = np.vstack([hem, shift(hem[::-1], 0.0, -3.0)])
    return Drawing(
        category=choose.category,
        attributes={name: (value,) for name, value in found.items()},
        items=tuple(items),
        worn=worn,
        parts={"hem": (strip,)},
    )


DRESSES: dict[str, Callable[[Chooser], Drawing]] = {
    "dress": dress,
    "anarkali": dress,
    "skirt": skirt,
}
