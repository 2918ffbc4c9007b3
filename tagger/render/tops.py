"""Knit tops: T-shirts, polo shirts, vests, sweaters, sweatshirts and hoodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tagger.render.cloth import KNIT_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.collars import (
    back_neck,
    buttons_down,
    high_neck,
    hood,
    placket,
    rib_neck,
    shirt_collar,
    zip_down,
)
from tagger.render.cut import Cut, Sleeve
from tagger.render.items import Drawing, Item
from tagger.render.palette import mix
from tagger.render.upper import body, hem_part, kangaroo, rib_hem, sleeves, stitched_hem

__all__ = ["TOPS"]

_TEE_PATTERNS = (
    "solid", "solid", "logo", "graphic", "graphic", "graphic", "striped", "striped", "colourblocked",
    "polka_dot", "tie_dye", "camouflage", "floral", "all_over_print", "animal",
)  # fmt: skip


def _fit(choose: Chooser, cut: Cut) -> tuple[Cut, str]:
    """Widen or narrow a cut and name the fit."""
    fit = choose.pick("fit", ("slim", "regular", "regular", "loose"))
    wide = {"slim": -2.4, "regular": 0.0, "loose": 3.6}.get(fit, 0.0)
    return (
        replace(
            cut,
            chest=cut.chest + wide * 0.8,
            waist=cut.waist + wide * 1.15,
            hem=cut.hem + wide,
            shoulder=cut.shoulder + max(0.0, wide) * 0.6,
        ),
        fit,
    )


_NECK_DEPTH = {"round": 8.5, "v_neck": 15.0, "scoop": 13.5, "henley": 8.5, "polo_collar": 8.0}


def _neck(choose: Chooser, cut: Cut, neck: str) -> Cut:
    depth = _NECK_DEPTH.get(neck, 8.5) + choose.between(-1.0, 1.5)
    kind = neck if neck in ("v_neck", "scoop", "square", "boat") else "round"
    half = cut.neck + (1.6 if neck == "scoop" else 0.0)
    return replace(cut, neck_kind=kind, neck_depth=depth, neck=half)


def tee(choose: Chooser) -> Drawing:
    """Return a T-shirt or polo shirt; short or full sleeves by its category."""
    long = choose.category == "longsleeve_tshirt"
    neck = choose.pick(
        "neck", ("round", "round", "round", "v_neck", "polo_collar", "henley", "scoop")
    )
    polo = neck == "polo_collar"
    pattern = (
        ("solid", "logo", "logo", "striped", "striped", "colourblocked") if polo else _TEE_PATTERNS
    )
    cloth = choose_cloth(choose, patterns_=pattern, colours=KNIT_COLOURS, trim_weave="rib")
    cut, fit = _fit(choose, Cut(length=choose.between(66, 73), hem=25.0 + choose.between(-0.5, 1)))
    cut = _neck(choose, cut, neck)
    cloth = cloth.lowered(cut.neck_depth + (8.0 if neck == "henley" else 3.5))
    length = choose.between(57, 61) if long else choose.between(20, 25)
    sleeve = Sleeve(
        length=length,
        degrees=choose.between(16, 34) if long else choose.between(24, 46),
        cuff=10.5 if long else 17.5,
        bend=choose.between(0, 9) if long else 0.0,
    )
    rng = choose.rng
    cuff = choose.pick("cuff", ("ribbed", "plain") if polo or long else ("plain",))
    items: list[Item] = back_neck(cut, cloth.main)
    items += sleeves(
        cut, sleeve, cloth, rng, cuff=cuff, cuff_width=5.0 if long else 2.6, fabric=cloth.block
    )
    items += [body(cut, cloth, rng), *stitched_hem(cut, cloth)]
    items += _collar(choose, cut, cloth, neck)
    pulled = neck not in ("polo_collar", "henley")
    return _finish(
        choose,
        items,
        cut,
        cloth,
        {
            "neck": neck,
            "sleeve_length": "full" if long else "short",
            "closure": "pull_on" if pulled else "half_placket",
            "cuff": cuff,
            "fit": fit,
            "length": "hip",
            "hem": "straight",
            "sleeve_style": "set_in",
        },
    )


def _collar(choose: Chooser, cut: Cut, cloth: Cloth, neck: str) -> list[Item]:
    button = (238, 236, 230) if choose.chance(0.6) else mix(cloth.colour, (20, 20, 20), 0.4)
    items: list[Item] = []
    if neck in ("polo_collar", "henley"):
        bottom = cut.neck_depth + choose.between(11, 15)
        top = cut.neck_depth - 0.4
        fabric = cloth.trim if neck == "henley" else cloth.main
        items += placket(cut, fabric, cloth.thread, top=top, bottom=bottom)
        items += buttons_down(
            button, top=top + 3.0, bottom=bottom - 4.0, count=2 + choose.chance(0.5)
        )
    if neck == "polo_collar":
        return items + shirt_collar(cut, cloth.trim, cloth.thread, soft=True, spread=1.0)
    return items + rib_neck(cut, cloth.trim, 1.9)


def vest(choose: Chooser) -> Drawing:
    """Return a sleeveless top or innerwear vest with broad straps."""
    inner = choose.category == "innerwear_vest"
    neck = choose.pick("neck", ("scoop", "round", "v_neck"))
    colours = ("white", "white", "grey_melange", "black", "navy_blue") if inner else KNIT_COLOURS
    pattern = (
        ("solid",) if inner else ("solid", "graphic", "floral", "polka_dot", "striped", "animal")
    )
    cloth = choose_cloth(
        choose, patterns_=pattern, colours=colours, trim_weave="rib", mark_at=None, chest=(0, 27)
    )
    cut = Cut(
        neck=9.5,
        shoulder=14.0,
        slope=2.6,
        armhole=23.0,
        chest=23.5,
        waist=21.5,
        hem=23.5,
        length=choose.between(60, 68),
    )
    cut = replace(_neck(choose, cut, neck), neck=9.5)
    cloth = cloth.lowered(cut.neck_depth + 3.0)
    rng = choose.rng
    items: list[Item] = back_neck(cut, cloth.main, label=not inner)
    items += [body(cut, cloth, rng), *stitched_hem(cut, cloth)]
    items += rib_neck(cut, cloth.trim, 1.3)
    items += _arm_bands(cut, cloth)
    found = {
        "neck": neck,
        "sleeve_length": "sleeveless",
        "closure": "pull_on",
        "length": "hip",
        "fit": "slim",
        "strap_type": "broad",
        "hem": "straight",
    }
    return _finish(choose, items, cut, cloth, found)


def _arm_bands(cut: Cut, cloth: Cloth) -> list[Item]:
    from tagger.render.geometry import band, bezier
    from tagger.render.items import Panel

    sx, sy = cut.shoulder_point
    ux, uy = cut.underarm
    curve = bezier((sx, sy), (sx - 2.2, sy + cut.armhole * 0.45), (ux - 4.0, uy - 3.0), (ux, uy))
    strip = band(curve, -1.2)
    return [
        Panel(
            outline=strip * (side, 1.0),
            fabric=cloth.trim,
            puff=0.2,
            edge=0.6,
            wrinkle=0.0,
            lift=0.3,
        )
        for side in (1.0, -1.0)
    ]


def sweater(choose: Chooser) -> Drawing:
    """Return a knitted sweater or cardigan."""
    cardigan = choose.category == "cardigan"
    neck = choose.pick(
        "neck", ("v_neck",) if cardigan else ("round", "round", "v_neck", "high_neck")
    )
    patterns = ("solid", "solid", "striped", "argyle", "textured_knit", "textured_knit")
    cloth = choose_cloth(
        choose,
        patterns_=patterns,
        colours=KNIT_COLOURS,
        weave="knit",
        trim_weave="rib",
        mark_at=None,
    )
    cut, fit = _fit(choose, Cut(length=choose.between(63, 70), chest=27.0, waist=26.0, hem=24.5))
    cut = _neck(choose, cut, neck)
    if neck == "high_neck":
        cut = replace(cut, neck=8.0, neck_depth=4.5)
    elif cardigan:
        cut = replace(cut, neck_depth=24.0, neck=8.0)
    sleeve = Sleeve(length=60, degrees=choose.between(15, 32), cuff=9.5, bend=choose.between(0, 9))
    rng = choose.rng
    items: list[Item] = back_neck(cut, cloth.main)
    items += sleeves(cut, sleeve, cloth, rng, cuff="ribbed", cuff_width=6.5, wrinkle=0.11)
    items += [body(cut, cloth, rng, wrinkle=0.11, puff=2.6)]
    if cloth.attributes["pattern"] == "textured_knit":
        items += _cables(cut)
    items += rib_hem(cut, cloth.trim, 6.0)
    if cardigan:
        items += placket(
            cut,
            cloth.trim,
            cloth.thread,
            top=cut.neck_depth - 0.5,
            bottom=cut.length + 0.6,
            width=3.4,
        )
        button = mix(cloth.colour, (30, 20, 15), 0.55)
        items += buttons_down(
            button, top=cut.neck_depth + 2, bottom=cut.length - 3, count=6, radius=0.9
        )
    if neck == "high_neck":
        items += high_neck(cut, cloth.trim)
    else:
        items += rib_neck(cut, cloth.trim, 2.6)
    found = {
        "neck": neck,
        "sleeve_length": "full",
        "closure": "buttons_full" if cardigan else "pull_on",
        "cuff": "ribbed",
        "hem": "ribbed",
        "length": "hip",
        "fit": fit,
        "fabric": "knit",
        "sleeve_style": "set_in",
    }
    return _finish(choose, items, cut, cloth, found)


def _cables(cut: Cut) -> list[Item]:
    """Twisted cables down the front, as pairs of raised cords."""
    import numpy as np

    from tagger.render.items import Stroke

    items: list[Item] = []
    for x in (-13.0, -4.5, 4.5, 13.0):
        start = 14.0 if abs(x) > 8 else cut.neck_depth + 5.0
        y = np.linspace(start, cut.length - 6.5, 60)
        for phase in (0.0, np.pi):
            wave = x + 1.1 * np.sin(y * 0.9 + phase)
            items.append(Stroke(curve=np.stack([wave, y], axis=1), width=0.9, opacity=0.13))
            items.append(
                Stroke(
                    curve=np.stack([wave - 0.28, y], axis=1),
                    width=0.3,
                    colour=(255, 255, 255),
                    opacity=0.15,
                )
            )
        for edge in (-2.2, 2.2):
            items.append(
                Stroke(
                    curve=np.stack([np.full_like(y, x + edge), y], axis=1), width=0.3, opacity=0.2
                )
            )
    return items


def sweatshirt(choose: Chooser) -> Drawing:
    """Return a sweatshirt, or a hoodie with a pouch or a zip."""
    hooded = choose.category == "hoodie"
    neck = "hood" if hooded else choose.pick("neck", ("round", "round", "high_neck"))
    zipped = (hooded and choose.chance(0.4)) or neck == "high_neck"
    patterns: tuple[str, ...] = ("solid", "solid", "logo", "colourblocked", "camouflage", "tie_dye")
    if not zipped:
        patterns += ("graphic", "graphic")
    cloth = choose_cloth(
        choose,
        patterns_=patterns,
        colours=KNIT_COLOURS,
        weave="fleece",
        trim_weave="rib",
        chest=(0, 26),
    )
    cut, fit = _fit(choose, Cut(length=choose.between(64, 69), chest=28.0, waist=27.0, hem=25.0))
    cut = replace(cut, neck_depth=9.0 if not hooded else 8.0, shoulder=cut.shoulder + 1.5)
    sleeve = Sleeve(length=61, degrees=choose.between(14, 30), cuff=10.0, bend=choose.between(0, 9))
    rng = choose.rng
    behind, front = (
        hood(cut, cloth.main, cord=mix(cloth.colour, (245, 245, 245), 0.7)) if hooded else ([], [])
    )
    items: list[Item] = [*behind]
    if not hooded:
        items += back_neck(cut, cloth.main)
    items += sleeves(
        cut, sleeve, cloth, rng, cuff="ribbed", cuff_width=6.0, fabric=cloth.block, strength=1.2
    )
    items += [body(cut, cloth, rng, strength=1.2, wrinkle=0.1, puff=2.6)]
    items += rib_hem(cut, cloth.trim, 6.0)
    pockets: tuple[str, ...] = ()
    if hooded and not zipped:
        items += kangaroo(cut, cloth)
        pockets = ("kangaroo",)
    items += front
    if neck == "high_neck":
        items += high_neck(replace(cut, neck_depth=7.0), cloth.main, height=5.0)
    elif not hooded:
        items += rib_neck(cut, cloth.trim, 2.3)
    if zipped:
        top = cut.neck_depth - 0.5 if hooded else -2.0
        items += zip_down(mix(cloth.colour, (0, 0, 0), 0.3), top=top, bottom=cut.length + 0.4)
    found = {
        "neck": neck,
        "sleeve_length": "full",
        "closure": "zip_full" if zipped else "pull_on",
        "cuff": "ribbed",
        "hem": "ribbed",
        "length": "hip",
        "fit": fit,
        "fabric": "fleece",
        "sleeve_style": "set_in",
    }
    return _finish(choose, items, cut, cloth, found, pockets=pockets)


def _finish(
    choose: Chooser,
    items: list[Item],
    cut: Cut,
    cloth: Cloth,
    found: dict[str, str],
    pockets: tuple[str, ...] = (),
) -> Drawing:
    attributes: dict[str, tuple[str, ...]] = {
        name: (value,) for name, value in {**cloth.attributes, **found}.items()
    }
    if pockets:
        attributes["pockets"] = pockets
    parts = {} if found.get("hem") == "ribbed" else {"hem": (hem_part(cut),)}
    return Drawing(
        category=choose.category,
        attributes=attributes,
        items=tuple(items),
        worn="upper",
        parts=parts,
    )


TOPS: dict[str, Callable[[Chooser], Drawing]] = {
    "tshirt": tee,
    "longsleeve_tshirt": tee,
    "top": vest,
    "innerwear_vest": vest,
    "sweater": sweater,
    "cardigan": sweater,
    "sweatshirt": sweatshirt,
    "hoodie": sweatshirt,
}
