"""Clutches, wallets and backpacks."""

from __future__ import annotations

from collections.abc import Sequence

from tagger.render.bag_parts import (
    STEEL,
    cord,
    edge_stitch,
    finish_bag,
    lock,
    metal_colour,
    zip_line,
)
from tagger.render.cloth import LEATHER_COLOURS, Chooser, Cloth, choose_cloth
from tagger.render.fabric import RGB, plain
from tagger.render.geometry import bezier, join, line, mirror, rectangle, rounded, spline
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import mix

__all__ = ["backpack", "clutch", "wallet"]


_PARTY = (*LEATHER_COLOURS, "pink", "magenta", "mustard", "purple")
_SCHOOL = ("black", "navy_blue", "grey", "charcoal", "olive", "red", "blue", "teal", "maroon")


def clutch(choose: Chooser) -> Drawing:
    """Return an envelope clutch."""
    cloth = _leather(choose, _PARTY)
    metal = metal_colour(choose)
    half, tall = 13.5, choose.between(14.0, 17.0)
    items = _plate(half, tall, cloth, puff=1.1)
    corners = ((-1.0, 0.0), (1.0, 0.0), (0.98, 0.28), (0.0, 0.72), (-0.98, 0.28))
    flap = rounded(line(*((x * half, y * tall) for x, y in corners)), 0.8)
    items.append(Panel(outline=flap, fabric=cloth.main, puff=0.7, edge=1.2, lift=0.75, part="flap"))
    items += edge_stitch(flap, cloth, inset=0.5)
    items += lock((0.0, tall * 0.62), metal)
    strap = choose.pick("strap", ("no_strap", "chain_strap", "wrist_loop"))
    items = [*_clutch_strap(strap, half, cloth, metal), *items]
    found = cloth.attributes | {"closure": "flap", "bag_shape": "envelope_shape"}
    found |= {"bag_size": "small", "strap": strap, "fabric": "leather"}
    return finish_bag(choose, items, found)


def wallet(choose: Chooser) -> Drawing:
    """Return a folded wallet lying flat."""
    cloth = _leather(choose, LEATHER_COLOURS)
    half, tall = choose.between(5.4, 6.2), choose.between(8.8, 9.8)
    items = _plate(half, tall, cloth, puff=0.35)
    edge = line((-half + 0.1, tall * 0.985), (half - 0.1, tall * 0.985))
    embossed = rounded(rectangle(half - 3.4, tall - 2.4, half - 0.9, tall - 1.1), 0.2)
    items += [
        Stroke(curve=edge, width=0.2, opacity=0.5),
        Stroke(curve=line((-half, 0.35), (half, 0.35)), width=0.4, opacity=0.25),
        Panel(outline=embossed, fabric=cloth.main.toned(0.85), puff=0.2, edge=0.3, lift=0.2),
    ]
    found = cloth.attributes | {"closure": "open_top", "fabric": "leather"}
    return finish_bag(choose, items, found)


def _leather(choose: Chooser, colours: Sequence[str]) -> Cloth:
    return choose_cloth(
        choose,
        patterns_=("solid",) * 4 + ("animal", "all_over_print"),
        colours=colours,
        weave="leather",
        gloss=0.3,
        mark_at=None,
    )


def _plate(half: float, tall: float, cloth: Cloth, *, puff: float) -> list[Item]:
    """The flat body with its stitched edge."""
    outline = rounded(rectangle(-half, 0, half, tall), 0.9)
    body = Panel(
        outline=outline,
        fabric=cloth.main,
        puff=puff,
        edge=1.2 if puff < 1 else 1.8,
        wrinkle=0.02,
        lift=0.0,
        part="body",
    )
    return [body, *edge_stitch(outline, cloth, inset=0.4)]


def _clutch_strap(strap: str, half: float, cloth: Cloth, metal: RGB) -> list[Item]:
    if strap == "chain_strap":
        places = ((-0.96, 1.0), (-0.7, -9.0), (0.0, -13.0), (0.7, -9.0), (0.96, 1.0))
        chain = spline(*((x * half, y) for x, y in places), samples=20)
        dark = mix(metal, (30, 24, 16), 0.6)
        return [
            Stroke(curve=chain, width=0.75, colour=metal, raised=True, part="strap"),
            Stroke(curve=chain, width=0.4, colour=dark, opacity=0.8, dash=(0.35, 0.5)),
        ]
    if strap == "wrist_loop":
        loop = ((-0.5, 1.4), (3.0, 3.6), (4.4, 9.0), (2.6, 12.6), (1.4, 8.0), (-0.2, 1.8))
        return cord(spline(*((half + x, y) for x, y in loop)), 0.9, cloth, "strap")
    return []


def backpack(choose: Chooser) -> Drawing:
    """Return a backpack from the front."""
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "colourblocked", "camouflage", "checked", "all_over_print"),
        colours=_SCHOOL,
        weave="canvas",
        mark_at=None,
    )
    half, tall = choose.between(14.5, 16.5), choose.between(42.0, 46.0)
    right = join(
        bezier((0, 0), (half * 0.7, 0), (half, tall * 0.08), (half, tall * 0.3)),
        bezier(
            (half * 1.03, tall * 0.6), (half * 1.06, tall * 0.9), (half * 0.96, tall), (0, tall)
        ),
    )
    items = _backpack_straps(half, tall, cloth)
    items.append(
        Panel(
            outline=join(right, mirror(right)[1:-1]),
            fabric=cloth.main,
            puff=4.0,
            edge=6.5,
            wrinkle=0.12,
            lift=0.4,
            part="body",
        )
    )
    items += _backpack_front(half, tall, cloth)
    found = cloth.attributes | {"closure": "zip_top", "bag_size": "large", "fabric": "canvas"}
    return finish_bag(choose, items, found)


def _backpack_straps(half: float, tall: float, cloth: Cloth) -> list[Item]:
    dark = mix(cloth.colour, (10, 10, 12), 0.45)
    places = ((7, 1.0), (half + 3.4, tall * 0.2), (half + 4.2, tall * 0.6), (half - 1, tall * 0.93))
    items: list[Item] = []
    for side in (-1.0, 1.0):
        curve = spline(*places) * (side, 1.0)
        items.append(Stroke(curve=curve, width=2.6, colour=dark, raised=True, part="strap"))
    loop = spline((-3.4, 1.0), (-3.0, -3.4), (3.0, -3.4), (3.4, 1.0))
    items.append(Stroke(curve=loop, width=1.6, colour=dark, raised=True, part="handle"))
    return items


def _backpack_front(half: float, tall: float, cloth: Cloth) -> list[Item]:
    """The main zip's arch and the front pocket."""
    low, high = tall * 0.44, tall * 0.14
    side, bend = half - 1.4, half - 2.2
    arch = spline((-side, low), (-bend, high), (0, 3.4), (bend, high), (side, low))
    pocket = rounded(rectangle(-half * 0.82, tall * 0.5, half * 0.82, tall * 0.93), 3.2)
    patch = rounded(rectangle(-2.6, tall * 0.66, 2.6, tall * 0.73), 0.5)
    tan = plain((138, 92, 58), weave="leather")
    return [
        Stroke(curve=arch, width=1.0, opacity=0.35),
        Stroke(curve=arch, width=0.4, colour=STEEL, opacity=0.9, dash=(0.2, 0.14)),
        Panel(
            outline=pocket,
            fabric=cloth.block.woven("canvas"),
            puff=2.2,
            edge=3.4,
            wrinkle=0.09,
            lift=0.6,
            part="pocket",
        ),
        *edge_stitch(pocket, cloth, inset=0.7),
        *zip_line(tall * 0.56, -half * 0.66, half * 0.66, STEEL),
        Panel(outline=patch, fabric=tan, puff=0.3, edge=0.5, lift=0.4),
    ]
