"""Sweaters, cardigans, sweatshirts and hoodies."""

from __future__ import annotations

from dataclasses import replace

from tagger.render.cloth import KNIT_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.collars import high_neck, hood
from tagger.render.cut import Cut, Sleeve
from tagger.render.fastenings import back_neck, buttons_down, placket, rib_neck, zip_down
from tagger.render.items import Drawing, Item
from tagger.render.palette import mix
from tagger.render.top_parts import finish_top, fitted, with_neck
from tagger.render.upper import body, kangaroo, rib_hem, sleeves

__all__ = ["sweater", "sweatshirt"]


_RIBBED = {
    "sleeve_length": "full",
    "cuff": "ribbed",
    "hem": "ribbed",
    "length": "hip",
    "sleeve_style": "set_in",
}


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
    cut, fit = fitted(choose, Cut(length=choose.between(63, 70), chest=27.0, waist=26.0, hem=24.5))
    cut = with_neck(choose, cut, neck)
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
        items += _cardigan_front(cut, cloth)
    if neck == "high_neck":
        items += high_neck(cut, cloth.trim)
    else:
        items += rib_neck(cut, cloth.trim, 2.6)
    found = _RIBBED | {"neck": neck, "fit": fit, "fabric": "knit"}
    found["closure"] = "buttons_full" if cardigan else "pull_on"
    return finish_top(choose, items, cut, cloth, found)


def _cardigan_front(cut: Cut, cloth: Cloth) -> list[Item]:
    top, low = cut.neck_depth, cut.length
    strip = placket(cut, cloth.trim, cloth.thread, top=top - 0.5, bottom=low + 0.6, width=3.4)
    dark = mix(cloth.colour, (30, 20, 15), 0.55)
    return strip + buttons_down(dark, top=top + 2, bottom=low - 3, count=6, radius=0.9)


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
    cut, fit = fitted(choose, Cut(length=choose.between(64, 69), chest=28.0, waist=27.0, hem=25.0))
    cut = replace(cut, neck_depth=9.0 if not hooded else 8.0, shoulder=cut.shoulder + 1.5)
    sleeve = Sleeve(length=61, degrees=choose.between(14, 30), cuff=10.0, bend=choose.between(0, 9))
    rng = choose.rng
    pale = mix(cloth.colour, (245, 245, 245), 0.7)
    behind, front = hood(cut, cloth.main, cord=pale) if hooded else (back_neck(cut, cloth.main), [])
    items: list[Item] = [*behind]
    items += sleeves(
        cut, sleeve, cloth, rng, cuff="ribbed", cuff_width=6.0, fabric=cloth.block, strength=1.2
    )
    items += [body(cut, cloth, rng, strength=1.2, wrinkle=0.1, puff=2.6)]
    items += rib_hem(cut, cloth.trim, 6.0)
    pouch = hooded and not zipped
    items += [*(kangaroo(cut, cloth) if pouch else []), *front]
    if not hooded:
        items += _sweat_neck(cut, cloth, neck)
    if zipped:
        top = cut.neck_depth - 0.5 if hooded else -2.0
        items += zip_down(mix(cloth.colour, (0, 0, 0), 0.3), top=top, bottom=cut.length + 0.4)
    found = _RIBBED | {"neck": neck, "fit": fit, "fabric": "fleece"}
    found["closure"] = "zip_full" if zipped else "pull_on"
    return finish_top(choose, items, cut, cloth, found, pockets=("kangaroo",) if pouch else ())


def _sweat_neck(cut: Cut, cloth: Cloth, neck: str) -> list[Item]:
    if neck == "high_neck":
        return high_neck(replace(cut, neck_depth=7.0), cloth.main, height=5.0)
    return rib_neck(cut, cloth.trim, 2.3)
