"""Woven tops: shirts, tunics, kurtas and kurtis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tagger.render.cloth import BRIGHT_COLOURS, SHIRT_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.collars import mandarin, shirt_collar
from tagger.render.cut import Cut, Sleeve, body_outline
from tagger.render.fastenings import back_neck, buttons_down, placket, rib_neck
from tagger.render.geometry import clip_below, line, shift
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.prints import embroidered_yoke
from tagger.render.shading import Pleats
from tagger.render.top_parts import finish_top
from tagger.render.upper import body, chest_pocket, sleeves, stitched_hem

__all__ = ["SHIRTS"]

_PEARL = (238, 236, 228)


_SHIRTINGS = (
    "solid", "solid", "checked", "checked", "striped", "striped", "floral", "polka_dot",
)  # fmt: skip
_KURTA_PATTERNS = (
    "solid", "solid", "ethnic_motif", "ethnic_motif", "floral", "paisley", "embroidered", "striped",
)  # fmt: skip
_MENS = ("off_white", "white", "cream", "maroon", "blue", "mustard", "teal", "beige")


def shirt(choose: Chooser) -> Drawing:
    """Return a buttoned shirt with a collar or a band."""
    neck = choose.pick("neck", ("shirt_collar",) * 5 + ("mandarin",))
    cloth = choose_cloth(choose, patterns_=_SHIRTINGS, colours=SHIRT_COLOURS, mark_at=None)
    fit = choose.pick("fit", ("slim", "regular", "regular"))
    curved = choose.chance(0.6)
    cut = _shirt_cut(choose, slim=fit == "slim", curved=curved)
    length = choose.pick("sleeve_length", ("full", "full", "short"))
    cuff = "buttoned" if length == "full" else "plain"
    rng = choose.rng
    items: list[Item] = back_neck(cut, cloth.main)
    sleeve = _shirt_sleeve(choose, full=length == "full")
    items += sleeves(cut, sleeve, cloth, rng, cuff=cuff, cuff_width=6.5, strength=1.15)
    items += [body(cut, cloth, rng, strength=1.1), *stitched_hem(cut, cloth, up=0.9, rows=1)]
    items += _yoke(cut, cloth)
    pocket = choose.chance(0.6)
    items += chest_pocket(cloth, x=5.5, y=19.0, width=11.0) if pocket else []
    top = cut.neck_depth * 0.72
    items += placket(cut, cloth.main, cloth.thread, top=top, bottom=cut.length + cut.hem_drop - 0.2)
    button = _PEARL if choose.chance(0.7) else mix(cloth.colour, (20, 16, 12), 0.6)
    items += buttons_down(button, top=top + 3.0, bottom=cut.length - 7, count=7)
    found = {"neck": neck, "sleeve_length": length, "closure": "buttons_full", "cuff": cuff}
    found |= {"fit": fit, "length": "hip", "hem": "curved" if curved else "straight"}
    found["sleeve_style"] = "set_in"
    if neck == "mandarin":
        items += mandarin(replace(cut, neck_depth=top + 0.6), cloth.main, cloth.thread)
    else:
        down, spread = choose.chance(0.35), choose.between(-0.4, 1.6)
        items += shirt_collar(cut, cloth.main, cloth.thread, button_down=down, spread=spread)
        found["collar_style"] = "button_down" if down else "point"
    return finish_top(choose, items, cut, cloth, found, pockets=("chest",) if pocket else ())


def _shirt_cut(choose: Chooser, *, slim: bool, curved: bool) -> Cut:
    wide = -1.8 if slim else 0.4
    return Cut(
        length=choose.between(70, 76),
        chest=25.5 + wide * 0.6,
        waist=24.0 + wide,
        hem=25.2 + wide,
        neck=7.6,
        neck_depth=8.0,
        hem_drop=4.4 if curved else 1.2,
    )


def _shirt_sleeve(choose: Chooser, *, full: bool) -> Sleeve:
    return Sleeve(
        length=61.0 if full else 24.0,
        degrees=choose.between(14, 30) if full else choose.between(24, 38),
        cuff=10.5 if full else 18.5,
        bend=choose.between(0, 9) if full else 0.0,
    )


def _yoke(cut: Cut, cloth: Cloth) -> list[Item]:
    """Seams where the back's yoke comes over the shoulder."""
    items: list[Item] = []
    for side in (-1.0, 1.0):
        seam = line((cut.neck + 0.6, 3.4), (cut.shoulder - 0.6, cut.slope + 3.0)) * (side, 1.0)
        items.append(Stroke(curve=seam, width=0.12, opacity=0.3))
        items.append(
            Stroke(
                curve=shift(seam, 0.0, -0.5),
                width=0.1,
                colour=cloth.thread,
                opacity=0.5,
                dash=(0.3, 0.18),
            )
        )
    return items


def kurta(choose: Chooser) -> Drawing:
    """Return a long kurta or kurti, or a tunic, with slits or a flare."""
    womens = choose.category in ("kurti", "tunic") or choose.chance(0.45)
    neck = choose.pick("neck", ("mandarin", "round", "v_neck") if womens else ("mandarin",))
    colours = BRIGHT_COLOURS if womens else _MENS
    cloth = choose_cloth(choose, patterns_=_KURTA_PATTERNS, colours=colours, mark_at=None)
    length = choose.pick("length", ("knee", "knee", "thigh") if womens else ("knee", "thigh"))
    flare = choose.between(0.0, 7.0) if womens else choose.between(0.0, 2.0)
    cut = _kurta_cut(choose, neck, womens=womens, knee=length == "knee", flare=flare)
    reaches = ("three_quarter", "full", "short") if womens else ("full",)
    reach = choose.pick("sleeve_length", reaches)
    rng = choose.rng
    cloth = _worked(choose, cloth, cut)
    items: list[Item] = back_neck(cut, cloth.main)
    items += sleeves(cut, _kurta_sleeve(choose, reach), cloth, rng)
    pleats = Pleats(
        top=cut.length * 0.45,
        bottom=cut.length,
        half_top=cut.waist,
        half_bottom=cut.hem,
        count=choose.between(3.0, 5.0) + flare * 0.5,
        depth=0.5 + flare * 0.09,
        phase=choose.between(0, 6),
    )
    items += [body(cut, cloth, rng, pleats=(pleats,)), *stitched_hem(cut, cloth, rows=1)]
    items += [*_borders(choose, cut, cloth), *_slits(cut)]
    items += _kurta_neck(cut, cloth, neck, low=choose.between(16, 24))
    found = {"neck": neck, "sleeve_length": reach, "length": length, "hem": "side_slit"}
    found |= {"sleeve_style": "set_in", "fit": "regular"}
    found["closure"] = "half_placket" if neck == "mandarin" else "pull_on"
    found["silhouette"] = "a_line" if flare > 3.5 else "straight"
    return finish_top(choose, items, cut, cloth, found)


def _kurta_cut(choose: Chooser, neck: str, *, womens: bool, knee: bool, flare: float) -> Cut:
    return Cut(
        length=(100.0 if knee else 82.0) + choose.between(-3, 3),
        chest=23.5 if womens else 26.0,
        waist=21.5 if womens else 25.0,
        hem=26.0 + flare,
        shoulder=18.5 if womens else 21.5,
        armhole=19.5,
        neck=8.0,
        neck_kind=neck if neck == "v_neck" else "round",
        neck_depth={"v_neck": 15.0, "round": 9.0}.get(neck, 7.0),
        waist_at=0.42,
        hem_drop=1.0,
    )


def _kurta_sleeve(choose: Chooser, reach: str) -> Sleeve:
    short = reach == "short"
    return Sleeve(
        length={"three_quarter": 41.0, "short": 20.0}.get(reach, 57.0),
        degrees=choose.between(14, 26) + (10.0 if short else 0.0),
        cuff=15.5 if short else 12.0,
        bend=0.0 if short else choose.between(0, 8),
    )


def _kurta_neck(cut: Cut, cloth: Cloth, neck: str, *, low: float) -> list[Item]:
    """A band with a placket of `low` centimetres, or a narrow binding."""
    if neck != "mandarin":
        return rib_neck(cut, cloth.trim, 0.9)
    top, bottom = cut.neck_depth, cut.neck_depth + low
    gold = mix(cloth.second, (200, 160, 70), 0.5)
    return [
        *placket(cut, cloth.main, cloth.thread, top=top - 0.4, bottom=bottom),
        *buttons_down(gold, top=top + 2.4, bottom=bottom - 4, count=4),
        *mandarin(cut, cloth.main, cloth.thread),
    ]


def _worked(choose: Chooser, cloth: Cloth, cut: Cut) -> Cloth:
    """Put thread work on the front of an embroidered kurta."""
    if cloth.attributes["pattern"] != "embroidered":
        return cloth
    decal = embroidered_yoke(
        choose.rng,
        (cloth.second, mix(cloth.second, (222, 180, 84), 0.6)),
        centre=(0.0, cut.neck_depth + 12.0),
        width=cut.shoulder * 1.25,
        height=26.0,
    )
    return replace(
        cloth, decal=decal, attributes={**cloth.attributes, "embellishment": "thread_work"}
    )


def _borders(choose: Chooser, cut: Cut, cloth: Cloth) -> list[Item]:
    """A woven border above the hem, on some."""
    if choose.chance(0.5):
        return []
    outline = clip_below(body_outline(cut), cut.length - 6.5)
    gold = mix(cloth.second, (206, 164, 74), 0.45)
    items: list[Item] = [
        Panel(
            outline=outline,
            fabric=cloth.trim.toned(0.72) if choose.chance(0.5) else cloth.trim,
            puff=1.6,
            edge=6.0,
            wrinkle=0.05,
            lift=0.0,
            open_end=True,
        )
    ]
    half = cut.hem - 0.4
    for y in (cut.length - 6.3, cut.length - 0.9):
        items.append(
            Stroke(curve=line((-half, y), (half, y)), width=0.35, colour=gold, opacity=0.9)
        )
    middle = cut.length - 3.6
    items.append(
        Stroke(
            curve=line((-half, middle), (half, middle)),
            width=1.1,
            colour=gold,
            opacity=0.85,
            dash=(0.9, 0.9),
        )
    )
    return items


def _slits(cut: Cut) -> list[Item]:
    items: list[Item] = []
    for side in (-1.0, 1.0):
        x = cut.hem - 0.5
        slit = line((x - 0.4, cut.length - 22.0), (x, cut.length - 0.3)) * (side, 1.0)
        items.append(Stroke(curve=slit, width=0.3, opacity=0.4))
    return items


SHIRTS: dict[str, Callable[[Chooser], Drawing]] = {
    "shirt": shirt,
    "kurta": kurta,
    "kurti": kurta,
    "tunic": kurta,
}
