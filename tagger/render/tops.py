"""Knit tops: T-shirts, polo shirts, vests, sweaters, sweatshirts and hoodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tagger.render.cloth import KNIT_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.collars import shirt_collar
from tagger.render.cut import Cut, Sleeve
from tagger.render.fastenings import back_neck, buttons_down, placket, rib_neck
from tagger.render.items import Drawing, Item
from tagger.render.knitwear import sweater, sweatshirt
from tagger.render.palette import mix
from tagger.render.top_parts import finish_top, fitted, with_neck
from tagger.render.upper import body, sleeves, stitched_hem

__all__ = ["TOPS"]

_TEE_PATTERNS = (
    "solid", "solid", "logo", "graphic", "graphic", "graphic", "striped", "striped",
    "colourblocked", "polka_dot", "tie_dye", "camouflage", "floral", "all_over_print", "animal",
)  # fmt: skip


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
    cut, fit = fitted(
        choose, Cut(length=choose.between(66, 73), hem=25.0 + choose.between(-0.5, 1))
    )
    cut = with_neck(choose, cut, neck)
    cloth = cloth.lowered(cut.neck_depth + (8.0 if neck == "henley" else 3.5))
    sleeve = _tee_sleeve(choose, long=long)
    rng = choose.rng
    cuff = choose.pick("cuff", ("ribbed", "plain") if polo or long else ("plain",))
    items: list[Item] = back_neck(cut, cloth.main)
    items += sleeves(
        cut, sleeve, cloth, rng, cuff=cuff, cuff_width=5.0 if long else 2.6, fabric=cloth.block
    )
    items += [body(cut, cloth, rng), *stitched_hem(cut, cloth)]
    items += _collar(choose, cut, cloth, neck)
    found = {"neck": neck, "cuff": cuff, "fit": fit, "length": "hip", "hem": "straight"}
    found |= {"sleeve_length": "full" if long else "short", "sleeve_style": "set_in"}
    found["closure"] = "half_placket" if neck in ("polo_collar", "henley") else "pull_on"
    return finish_top(choose, items, cut, cloth, found)


def _tee_sleeve(choose: Chooser, *, long: bool) -> Sleeve:
    return Sleeve(
        length=choose.between(57, 61) if long else choose.between(20, 25),
        degrees=choose.between(16, 34) if long else choose.between(24, 46),
        cuff=10.5 if long else 17.5,
        bend=choose.between(0, 9) if long else 0.0,
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
    cut = replace(with_neck(choose, cut, neck), neck=9.5)
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
    return finish_top(choose, items, cut, cloth, found)


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
