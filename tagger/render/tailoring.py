"""Blazers, coats and waistcoats."""

from __future__ import annotations

from tagger.render.cloth import Chooser, Cloth, choose_cloth
from tagger.render.cut import Cut, Sleeve
from tagger.render.fabric import plain
from tagger.render.fastenings import back_neck, buttons_down
from tagger.render.geometry import bezier, join, line, rounded, shift, spline
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import mix
from tagger.render.upper import body, hem_part, sleeves

__all__ = ["finish_outer", "tailored"]


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
    cut = _tailored_cut(choose, coat=coat, bare=bare)
    sleeve = Sleeve(length=62, degrees=choose.between(9, 18), cuff=13.0, bend=choose.between(2, 9))
    rng = choose.rng
    lining = plain(mix(cloth.colour, (150, 110, 90), 0.35), weave="satin", gloss=0.3)
    items: list[Item] = back_neck(cut, lining, rise=2.0)
    if not bare:
        items += sleeves(cut, sleeve, cloth, rng, strength=0.8)
    items += [body(cut, cloth, rng, strength=0.7)]
    items += _front_edge(cut)
    if not bare:
        items += _lapels(cut, cloth, wide=10.5 if coat else 8.6)
    buttons = 5 if bare else 3 if coat else 2
    items += _flap_pockets(cut, cloth, bare=bare)
    dark = mix(cloth.colour, (16, 12, 10), 0.6)
    low = cut.neck_depth + (24.0 if coat else 20.0 if bare else 12.0)
    items += buttons_down(
        dark, top=cut.neck_depth + 1.6, bottom=low, count=buttons, radius=1.0, x=1.2
    )
    found = {"neck": "v_neck" if bare else "lapel", "closure": "buttons_full"}
    found["sleeve_length"] = "full"
    found |= {"fit": "slim" if bare else "regular", "length": "knee" if coat else "hip"}
    pockets = ("welt",) if bare else ("flap", "welt")
    return finish_outer(choose, items, cut, {**cloth.attributes, **found}, pockets)


def _tailored_cut(choose: Chooser, *, coat: bool, bare: bool) -> Cut:
    return Cut(
        length=choose.between(96, 104)
        if coat
        else choose.between(57, 63)
        if bare
        else choose.between(72, 76),
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
    n, d = cut.neck, cut.neck_depth
    back = join(
        bezier((-n * 0.8, 1.2), (-n * 0.5, -4.6), (n * 0.5, -4.6), (n * 0.8, 1.2)),
        bezier((n * 0.6, 1.4), (n * 0.4, -1.6), (-n * 0.4, -1.6), (-n * 0.6, 1.4)),
    )
    lapel = join(
        spline((n * 0.92, 3.0), (n * 0.62, d * 0.45), (0.3, d + 0.6)),
        spline((1.6, d + 0.4), (n * 0.9 + wide * 0.35, d * 0.66), (n + wide * 0.62, 13.5)),
        line((n + wide * 0.25, 11.2)),
    )
    collar = join(
        spline((n * 0.55, -2.8), (n * 0.86, 0.6), (n * 0.8, 5.6)),
        line((n + wide * 0.25, 11.0), (n + wide * 0.52, 9.2)),
        spline((n + 3.4, 3.6), (n + 1.0, -0.6), (n * 0.55, -3.4)),
    )
    items: list[Item] = [
        Panel(outline=back, fabric=cloth.main, tone=0.8, puff=0.4, lift=0.2, part="collar")
    ]
    for side in (-1.0, 1.0):
        for outline, angle, lift in ((lapel, -14.0, 0.85), (collar, 24.0, 0.7)):
            items.append(
                Panel(
                    outline=outline * (side, 1.0),
                    fabric=cloth.main,
                    angle=angle * side,
                    puff=0.8,
                    edge=1.7,
                    wrinkle=0.04,
                    lift=lift,
                    part="collar",
                )
            )
    return items


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


def finish_outer(
    choose: Chooser, items: list[Item], cut: Cut, found: dict[str, str], pockets: tuple[str, ...]
) -> Drawing:
    """Return the finished drawing."""
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
