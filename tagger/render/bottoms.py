"""Jeans, trousers, track pants, shorts, leggings and palazzos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tagger.render.cloth import BRIGHT_COLOURS, EARTH_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.fabric import RGB, Fabric, shaded_tile
from tagger.render.geometry import Points, bezier, join, line, rounded, shift, spline, sub_curve
from tagger.render.items import Button, Drawing, Item, Panel, Stroke
from tagger.render.palette import jitter, mix
from tagger.render.shading import Fold, noise_tile

__all__ = ["BOTTOMS", "denim_front"]

_STITCH = (204, 158, 88)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Legs:
    """Half widths in centimetres, y from the top of the waistband."""

    waist: float = 19.0
    hip: float = 24.5
    rise: float = 26.0
    knee: float = 10.2
    hem: float = 8.8
    length: float = 104.0
    spread: float = 5.0


def _leg(legs: _Legs, sway: float) -> Points:
    """The right leg from the waist, with the crotch on the centre line."""
    knee_y = legs.rise + (legs.length - legs.rise) * 0.46
    knee_y = min(knee_y, legs.length - 4.0) if legs.length < 70 else knee_y
    foot = _foot(legs) + sway
    outer_hem, inner_hem = foot + legs.hem, foot - legs.hem
    if legs.length < 70:
        outer = spline(
            (legs.waist, 0), (legs.hip, legs.rise * 0.62), (outer_hem, legs.length), samples=14
        )
        inner = spline(
            (inner_hem, legs.length),
            (inner_hem * 0.5, (legs.length + legs.rise) / 2),
            (0.0, legs.rise),
        )
    else:
        knee_middle = max(legs.knee + 0.7, (foot + 11.8) / 2)
        outer = spline(
            (legs.waist, 0),
            (legs.hip - 0.8, legs.rise * 0.62),
            (legs.hip - 0.4, legs.rise * 1.05),
            (knee_middle + legs.knee, knee_y),
            (outer_hem, legs.length),
            samples=16,
        )
        inner = spline(
            (inner_hem, legs.length),
            (knee_middle - legs.knee, knee_y),
            (0.0, legs.rise),
            samples=16,
        )
    hem = bezier(
        (outer_hem, legs.length),
        (foot + 2, legs.length + 1.2),
        (foot - 2, legs.length + 1.2),
        (inner_hem, legs.length),
    )
    return join(outer, hem[1:-1], inner, line((-0.4, legs.rise), (-0.4, 0.0)))


def _foot(legs: _Legs) -> float:
    """X of the middle of the right hem."""
    return max(10.2, legs.hem + 0.6) + legs.spread * 0.22


def _folds(legs: _Legs, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Whiskers at the crotch, creases behind the knee and above the hem."""
    folds = []
    for dx, dy in ((12.0, -4.5), (15.0, -0.5), (12.0, 5.0)):
        reach = float(rng.uniform(0.7, 1.15))
        folds.append(
            Fold(
                start=(0.6, legs.rise - 0.5),
                end=(dx * reach, legs.rise + dy * reach),
                width=1.1,
                height=float(rng.uniform(0.4, 0.9)),
            )
        )
    if legs.length > 70:
        knee_y = legs.rise + (legs.length - legs.rise) * 0.46
        for _ in range(int(rng.integers(3, 6))):
            y = knee_y + float(rng.uniform(-8, 9))
            centre = legs.hip * 0.5 + 1.5
            side = 1 if rng.random() < 0.5 else -1
            folds.append(
                Fold(
                    start=(centre + side * legs.knee, y),
                    end=(centre - side * legs.knee * 0.4, y + float(rng.uniform(-4, 4))),
                    width=1.1,
                    height=float(rng.uniform(0.35, 0.8)),
                )
            )
        for index in range(int(rng.integers(2, 4))):
            y = legs.length - 3.0 - 4.0 * index
            centre = _foot(legs)
            folds.append(
                Fold(
                    start=(centre - legs.hem * 0.9, y),
                    end=(centre + legs.hem * 0.5, y - 2.0),
                    width=1.0,
                    height=float(rng.uniform(0.3, 0.7)),
                )
            )
    else:
        for _ in range(3):
            x = float(rng.uniform(4, legs.hip))
            folds.append(
                Fold(start=(x, legs.length + 1), end=(x * 0.8, legs.rise), width=1.8, height=0.6)
            )
    return tuple(folds)


def _mirror_fold(fold: Fold) -> Fold:
    return Fold(
        start=(-fold.start[0], fold.start[1]),
        end=(-fold.end[0], fold.end[1]),
        width=fold.width,
        height=fold.height,
    )


def _trunk(legs: _Legs, cloth: Cloth, rng: np.random.Generator, fabric: Fabric) -> list[Item]:
    """Both legs and the inside of the back above the waistband."""
    back = spline((-legs.waist, 0.3), (0, -1.9), (legs.waist, 0.3), (0, 1.2))
    items: list[Item] = [Panel(outline=back, fabric=cloth.main, tone=0.48, puff=0.0, lift=0.0)]
    for side, name in ((-1.0, "leg_left"), (1.0, "leg_right")):
        folds = _folds(legs, rng)
        items.append(
            Panel(
                outline=_leg(legs, float(rng.uniform(-0.8, 0.8))) * (side, 1.0),
                fabric=fabric,
                angle=-3.0 * side,
                pivot=(0.0, 0.0),
                puff=3.0,
                edge=4.6,
                folds=folds if side > 0 else tuple(_mirror_fold(f) for f in folds),
                wrinkle=0.09,
                lift=0.12,
                part=name,
                open_end=True,
            )
        )
    return items


def _leg_hems(legs: _Legs, colour: RGB) -> list[Item]:
    items: list[Item] = []
    for side in (-1.0, 1.0):
        foot = _foot(legs)
        y = legs.length - 2.2
        curve = bezier(
            (foot + legs.hem - 0.4, y),
            (foot + 2, y + 1.2),
            (foot - 2, y + 1.2),
            (foot - legs.hem + 0.3, y),
        )
        items.append(
            Stroke(
                curve=curve * (side, 1.0), width=0.12, colour=colour, opacity=0.7, dash=(0.36, 0.2)
            )
        )
    return items


def _waistband(
    legs: _Legs, fabric: Fabric, *, height: float = 3.8, ribbed: bool = False
) -> list[Item]:
    w = legs.waist
    band = join(
        bezier((-w, 0), (-7, 1.4), (7, 1.4), (w, 0)),
        bezier((w + 0.7, height), (7, height + 1.5), (-7, height + 1.5), (-w - 0.7, height)),
    )
    items: list[Item] = [
        Panel(
            outline=band,
            fabric=fabric.woven("rib") if ribbed else fabric,
            puff=0.6,
            edge=1.4,
            wrinkle=0.05,
            lift=0.35,
            part="waistband",
        )
    ]
    items.append(
        Stroke(
            curve=bezier(
                (w + 0.6, height), (7, height + 1.5), (-7, height + 1.5), (-w - 0.6, height)
            ),
            width=0.18,
            opacity=0.4,
        )
    )
    return items


def denim_front(cloth: Cloth, *, waist: float, rise: float) -> list[Item]:
    """Return fly, belt loops, pockets, rivets and button of a pair of jeans."""
    items: list[Item] = []
    fly = spline((3.4, 4.8), (3.6, rise * 0.62), (1.6, rise * 0.84), (0.0, rise * 0.9))
    items.append(Stroke(curve=line((0.0, 4.6), (0.0, rise)), width=0.2, opacity=0.5))
    for gap in (0.0, -0.5):
        items.append(
            Stroke(
                curve=shift(fly, gap, 0.0),
                width=0.13,
                colour=_STITCH,
                opacity=0.9,
                dash=(0.4, 0.18),
            )
        )
    for side in (-1.0, 1.0):
        pocket = spline((waist * 0.48, 4.9), (waist * 0.58, 9.6), (waist * 1.06, 11.4)) * (
            side,
            1.0,
        )
        items.append(Stroke(curve=pocket, width=0.24, opacity=0.5, part="pocket"))
        for gap in (0.45, 0.95):
            items.append(
                Stroke(
                    curve=shift(pocket, -0.15 * side * gap, gap),
                    width=0.12,
                    colour=_STITCH,
                    opacity=0.9,
                    dash=(0.4, 0.18),
                )
            )
        for t in (0.04, 0.94):
            x, y = sub_curve(pocket, t, 1.0)[0]
            items.append(
                Button(centre=(float(x), float(y)), radius=0.42, colour=(178, 116, 66), holes=0)
            )
        for x in (waist * 0.42, waist * 0.86):
            loop = line((x, 0.0), (x + 1.1, 0.1), (x + 1.2, 5.2), (x + 0.1, 5.2)) * (side, 1.0)
            items.append(
                Panel(
                    outline=rounded(loop, 0.2),
                    fabric=cloth.main,
                    puff=0.3,
                    edge=0.5,
                    lift=0.6,
                    wrinkle=0.0,
                )
            )
    items.append(Button(centre=(0.6, 2.9), radius=0.95, colour=(180, 128, 76), holes=0, gloss=0.6))
    return items


def _faded(cloth: Cloth, rng: np.random.Generator, amount: float) -> Fabric:
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


_SHAPES = {
    "skinny": (9.0, 6.6, "skinny"),
    "straight": (10.8, 9.8, "regular"),
    "tapered": (10.6, 8.0, "slim"),
    "bootcut": (10.0, 11.6, "regular"),
    "wide_leg": (13.5, 15.5, "loose"),
}


def jeans(choose: Chooser) -> Drawing:
    """Return a pair of jeans."""
    wash = choose.pick("wash", ("raw", "dark", "medium", "medium", "light", "black_wash"))
    base = {
        "raw": (34, 42, 70),
        "dark": (44, 58, 92),
        "medium": (74, 102, 148),
        "light": (140, 168, 200),
    }
    ink = base.get(wash, (48, 49, 54))
    cloth = choose_cloth(
        choose,
        patterns_=("washed", "washed", "solid"),
        colours=("blue",),
        weave="denim",
        mark_at=None,
    )
    colour = mix(ink, jitter(choose.rng, "blue"), 0.06)
    amount = {"raw": 0.0, "dark": 0.5, "medium": 0.75, "light": 0.7}.get(wash, 0.3)
    if cloth.attributes["pattern"] == "solid":
        amount = 0.0
    cloth = _recoloured(cloth, colour)
    shape = choose.pick("leg_shape", tuple(_SHAPES))
    legs, fit = _cut_legs(choose, shape)
    rng = choose.rng
    fabric = _faded(cloth, rng, amount).woven("denim") if amount else cloth.main
    items = _trunk(legs, cloth, rng, fabric)
    items += _waistband(legs, cloth.main)
    items += denim_front(cloth, waist=legs.waist, rise=legs.rise)
    items += _leg_hems(legs, _STITCH)
    found = cloth.attributes | {"wash": wash, "leg_shape": shape, "fit": fit, "leg_length": "full"}
    found |= {"waistband": "fly", "fabric": "denim", "belt_included": "without_belt"}
    found |= {
        "base_colour": _wash_colour(wash),
        "distress": "light_fade" if amount > 0.4 else "clean",
    }
    found["rise"] = "mid"
    return _finish(choose, items, legs, found, ("side",))


def _wash_colour(wash: str) -> str:
    return {"raw": "navy_blue", "dark": "navy_blue", "black_wash": "charcoal"}.get(wash, "blue")


def _recoloured(cloth: Cloth, colour: RGB) -> Cloth:
    from dataclasses import replace

    from tagger.render.fabric import plain

    main = plain(colour, weave=cloth.main.weave)
    return replace(cloth, main=main, trim=main, colour=colour)


def _cut_legs(choose: Chooser, shape: str, *, length: float = 104.0) -> tuple[_Legs, str]:
    knee, hem, fit = _SHAPES.get(shape, _SHAPES["straight"])
    return (
        _Legs(
            knee=knee,
            hem=hem,
            length=length + choose.between(-3, 3),
            spread=choose.between(0.0, 12.0),
            waist=choose.between(18.0, 20.0),
        ),
        fit,
    )


def trousers(choose: Chooser) -> Drawing:
    """Return woven trousers with a crease, or soft track pants, pyjamas or leggings."""
    soft = choose.category in ("track_pants", "lounge_pants", "leggings", "palazzo")
    shapes = {
        "leggings": ("skinny",),
        "palazzo": ("wide_leg",),
        "track_pants": ("tapered", "straight"),
    }.get(choose.category, ("straight", "tapered", "wide_leg") if not soft else ("straight",))
    patterns: tuple[str, ...] = ("solid", "solid", "solid", "checked", "striped")
    if choose.category == "palazzo":
        patterns = ("solid", "floral", "ethnic_motif", "paisley", "striped")
    elif choose.category in ("track_pants", "leggings"):
        patterns = ("solid", "solid", "logo")
    elif choose.category == "lounge_pants":
        patterns = ("checked", "checked", "striped", "polka_dot")
    cloth = choose_cloth(
        choose,
        patterns_=patterns,
        colours=BRIGHT_COLOURS if choose.category in ("palazzo", "lounge_pants") else EARTH_COLOURS,
        weave="fleece" if choose.category == "track_pants" else "plain",
        mark_at=(11.0, 22.0),
        quiet=not soft,
        upright=True,
    )
    shape = choose.pick("leg_shape", shapes)
    legs, fit = _cut_legs(choose, shape)
    rng = choose.rng
    items = _trunk(legs, cloth, rng, cloth.main)
    items += _waistband(legs, cloth.main, ribbed=soft)
    found = cloth.attributes | {"leg_shape": shape, "fit": fit, "leg_length": "full", "rise": "mid"}
    if soft:
        items += _drawstring(cloth) if choose.category != "leggings" else []
        items += _side_stripes(legs, cloth) if choose.category == "track_pants" else []
        found["waistband"] = "elasticated" if choose.category == "leggings" else "drawstring"
    else:
        items += _formal_front(legs, cloth)
        found |= {"waistband": "fly", "belt_included": "without_belt"}
    items += _leg_hems(legs, cloth.thread)
    return _finish(choose, items, legs, found, ("side",) if not soft else ())


def _formal_front(legs: _Legs, cloth: Cloth) -> list[Item]:
    items: list[Item] = [Stroke(curve=line((0, 4.6), (0, legs.rise)), width=0.18, opacity=0.45)]
    for side in (-1.0, 1.0):
        slant = line((legs.waist * 0.74, 4.8), (legs.waist * 1.08, 18.0)) * (side, 1.0)
        items.append(Stroke(curve=slant, width=0.22, opacity=0.45, part="pocket"))
        foot = _foot(legs)
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


def _drawstring(cloth: Cloth) -> list[Item]:
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


def _side_stripes(legs: _Legs, cloth: Cloth) -> list[Item]:
    items: list[Item] = []
    for side in (-1.0, 1.0):
        outer = sub_curve(_leg(legs, 0.0)[:64], 0.1, 0.985, samples=60) * (side, 1.0)
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


def shorts(choose: Chooser) -> Drawing:
    """Return shorts, lounge shorts or swim shorts."""
    denim = choose.category == "shorts" and choose.chance(0.3)
    soft = choose.category != "shorts" or (not denim and choose.chance(0.4))
    cloth = choose_cloth(
        choose,
        patterns_=("solid",)
        if denim
        else ("solid", "solid", "checked", "camouflage", "floral", "striped"),
        colours=("blue", "navy_blue", "black")
        if denim
        else (*EARTH_COLOURS, "red", "teal", "blue"),
        weave="denim" if denim else "canvas",
        mark_at=None,
        upright=True,
    )
    knee = choose.pick("leg_length", ("above_knee", "knee"))
    legs = _Legs(
        length=choose.between(38, 43) if knee == "above_knee" else choose.between(50, 55),
        hem=choose.between(13.5, 15.0),
        hip=25.0,
        spread=choose.between(4, 12),
    )
    rng = choose.rng
    items = _trunk(legs, cloth, rng, cloth.main)
    items += _waistband(legs, cloth.main, ribbed=soft)
    found = cloth.attributes | {"leg_length": knee, "fit": "regular", "rise": "mid"}
    if soft:
        items += _drawstring(cloth)
        found["waistband"] = "drawstring"
    elif denim:
        items += denim_front(cloth, waist=legs.waist, rise=legs.rise)
        found |= {"waistband": "fly", "fabric": "denim"}
    else:
        items += _formal_front(legs, cloth)
        found["waistband"] = "fly"
    items += _leg_hems(legs, _STITCH if denim else cloth.thread)
    return _finish(choose, items, legs, found, () if soft else ("side",))


def _finish(
    choose: Chooser,
    items: list[Item],
    legs: _Legs,
    found: dict[str, str],
    pockets: tuple[str, ...],
) -> Drawing:
    attributes: dict[str, tuple[str, ...]] = {name: (value,) for name, value in found.items()}
    if pockets:
        attributes["pockets"] = pockets
    foot = _foot(legs)
    hems = tuple(
        line(
            (side * (foot - legs.hem), legs.length - 3),
            (side * (foot + legs.hem), legs.length + 1),
        )
        for side in (-1.0, 1.0)
    )
    return Drawing(
        category=choose.category,
        attributes=attributes,
        items=tuple(items),
        worn="lower",
        parts={"hem": hems},
    )


BOTTOMS: dict[str, Callable[[Chooser], Drawing]] = {
    "jeans": jeans,
    "trousers": trousers,
    "track_pants": trousers,
    "leggings": trousers,
    "palazzo": trousers,
    "lounge_pants": trousers,
    "shorts": shorts,
}
