"""Jeans, trousers, track pants, shorts, leggings and palazzos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tagger.render.cloth import BRIGHT_COLOURS, EARTH_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.fabric import RGB, plain
from tagger.render.geometry import line
from tagger.render.items import Drawing, Item
from tagger.render.legs import Legs, foot_x, leg_hems, trunk, waistband
from tagger.render.palette import jitter, mix
from tagger.render.trouser_fronts import (
    STITCH,
    denim_front,
    drawstring,
    faded,
    formal_front,
    side_stripes,
)

__all__ = ["BOTTOMS"]


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
    fabric = faded(cloth, rng, amount).woven("denim") if amount else cloth.main
    items = trunk(legs, cloth, rng, fabric)
    items += waistband(legs, cloth.main)
    items += denim_front(cloth, waist=legs.waist, rise=legs.rise)
    items += leg_hems(legs, STITCH)
    pattern = "washed" if amount else "solid"
    found = {"pattern": pattern, "wash": wash, "leg_shape": shape, "fit": fit, "leg_length": "full"}
    found |= {"waistband": "fly", "fabric": "denim", "belt_included": "without_belt"}
    found |= {"base_colour": _wash_colour(wash), "rise": "mid"}
    found["distress"] = "light_fade" if amount > 0.4 else "clean"
    return _finish(choose, items, legs, found, ("side",))


def _wash_colour(wash: str) -> str:
    return {"raw": "navy_blue", "dark": "navy_blue", "black_wash": "charcoal"}.get(wash, "blue")


def _recoloured(cloth: Cloth, colour: RGB) -> Cloth:
    main = plain(colour, weave=cloth.main.weave)
    return replace(cloth, main=main, trim=main, colour=colour)


def _cut_legs(choose: Chooser, shape: str, *, length: float = 104.0) -> tuple[Legs, str]:
    knee, hem, fit = _SHAPES.get(shape, _SHAPES["straight"])
    return (
        Legs(
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
    items = trunk(legs, cloth, rng, cloth.main)
    items += waistband(legs, cloth.main, ribbed=soft)
    found = cloth.attributes | {"leg_shape": shape, "fit": fit, "leg_length": "full", "rise": "mid"}
    if soft:
        items += drawstring(cloth) if choose.category != "leggings" else []
        items += side_stripes(legs, cloth) if choose.category == "track_pants" else []
        found["waistband"] = "elasticated" if choose.category == "leggings" else "drawstring"
    else:
        items += formal_front(legs, cloth)
        found |= {"waistband": "fly", "belt_included": "without_belt"}
    items += leg_hems(legs, cloth.thread)
    return _finish(choose, items, legs, found, ("side",) if not soft else ())


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
    legs = Legs(
        length=choose.between(38, 43) if knee == "above_knee" else choose.between(50, 55),
        hem=choose.between(13.5, 15.0),
        hip=25.0,
        spread=choose.between(4, 12),
    )
    rng = choose.rng
    items = trunk(legs, cloth, rng, cloth.main)
    items += waistband(legs, cloth.main, ribbed=soft)
    found = cloth.attributes | {"leg_length": knee, "fit": "regular", "rise": "mid"}
    if soft:
        items += drawstring(cloth)
        found["waistband"] = "drawstring"
    elif denim:
        items += denim_front(cloth, waist=legs.waist, rise=legs.rise)
        found |= {"waistband": "fly", "fabric": "denim"}
    else:
        items += formal_front(legs, cloth)
        found["waistband"] = "fly"
    items += leg_hems(legs, STITCH if denim else cloth.thread)
    return _finish(choose, items, legs, found, () if soft else ("side",))


def _finish(
    choose: Chooser, items: list[Item], legs: Legs, found: dict[str, str], pockets: tuple[str, ...]
) -> Drawing:
    attributes: dict[str, tuple[str, ...]] = {name: (value,) for name, value in found.items()}
    if pockets:
        attributes["pockets"] = pockets
    foot = foot_x(legs)
    hems = tuple(
        line(
            (side * (foot - legs.hem), legs.length - 3), (side * (foot + legs.hem), legs.length + 1)
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
