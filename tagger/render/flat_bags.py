"""Clutches, wallets and backpacks."""

from __future__ import annotations

from tagger.render.bag_parts import (
    STEEL,
    cord,
    edge_stitch,
    finish_bag,
    lock,
    metal_colour,
    zip_line,
)
from tagger.render.cloth import LEATHER_COLOURS, Chooser, choose_cloth
from tagger.render.fabric import plain
from tagger.render.geometry import bezier, join, line, rectangle, rounded, spline
from tagger.render.items import Drawing, Item, Panel, Stroke
from tagger.render.palette import mix

__all__ = ["backpack", "clutch"]


def clutch(choose: Chooser) -> Drawing:
    """Return an envelope clutch, or a wallet lying flat."""
    wallet = choose.category == "wallet"
    cloth = choose_cloth(
        choose,
        patterns_=("solid",) * 4 + ("animal", "all_over_print"),
        colours=LEATHER_COLOURS
        if wallet
        else (*LEATHER_COLOURS, "pink", "magenta", "mustard", "purple"),
        weave="leather",
        gloss=0.3,
        mark_at=None,
    )
    metal = metal_colour(choose)
    half, tall = (5.8, 9.4) if wallet else (13.5, choose.between(14.0, 17.0))
    outline = rounded(rectangle(-half, 0, half, tall), 0.9)
    items: list[Item] = [
        Panel(
            outline=outline,
            fabric=cloth.main,
            puff=0.35 if wallet else 1.1,
            edge=1.2 if wallet else 1.8,
            wrinkle=0.02,
            lift=0.0,
            part="body",
        )
    ]
    items += edge_stitch(outline, cloth, inset=0.4)
    if wallet:
        items.append(
            Stroke(
                curve=line((-half + 0.1, tall * 0.985), (half - 0.1, tall * 0.985)),
                width=0.2,
                opacity=0.5,
            )
        )
        fold = line((-half, 0.35), (half, 0.35))
        items.append(Stroke(curve=fold, width=0.4, opacity=0.25))
        items.append(
            Panel(
                outline=rounded(rectangle(half - 3.4, tall - 2.4, half - 0.9, tall - 1.1), 0.2),
                fabric=cloth.main.toned(0.85),
                puff=0.2,
                edge=0.3,
                lift=0.2,
            )
        )
        found = cloth.attributes | {"closure": "open_top", "fabric": "leather"}
        return finish_bag(choose, items, found)
    flap = rounded(
        line(
            (-half, 0),
            (half, 0),
            (half * 0.98, tall * 0.28),
            (0.0, tall * 0.72),
            (-half * 0.98, tall * 0.28),
        ),
        0.8,
    )
    items.append(Panel(outline=flap, fabric=cloth.main, puff=0.7, edge=1.2, lift=0.75, part="flap"))
    items += edge_stitch(flap, cloth, inset=0.5)
    items += lock((0.0, tall * 0.62), metal)
    strap = choose.pick("strap", ("no_strap", "chain_strap", "wrist_loop"))
    if strap == "chain_strap":
        chain = spline(
            (-half * 0.96, 1.0),
            (-half * 0.7, -9.0),
            (0, -13.0),
            (half * 0.7, -9.0),
            (half * 0.96, 1.0),
            samples=20,
        )
        links = [
            Stroke(curve=chain, width=0.75, colour=metal, raised=True, part="strap"),
            Stroke(
                curve=chain,
                width=0.4,
                colour=mix(metal, (30, 24, 16), 0.6),
                opacity=0.8,
                dash=(0.35, 0.5),
            ),
        ]
        items = [*links, *items]
    elif strap == "wrist_loop":
        loop = spline(
            (half - 0.5, 1.4),
            (half + 3.0, 3.6),
            (half + 4.4, 9.0),
            (half + 2.6, 12.6),
            (half + 1.4, 8.0),
            (half - 0.2, 1.8),
        )
        items = [*cord(loop, 0.9, cloth, "strap"), *items]
    found = cloth.attributes | {
        "closure": "flap",
        "bag_shape": "envelope_shape",
        "bag_size": "small",
    }
    found |= {"strap": strap, "fabric": "leather"}
    return finish_bag(choose, items, found)


def backpack(choose: Chooser) -> Drawing:
    """Return a backpack from the front."""
    cloth = choose_cloth(
        choose,
        patterns_=("solid", "solid", "colourblocked", "camouflage", "checked", "all_over_print"),
        colours=(
            "black",
            "navy_blue",
            "grey",
            "charcoal",
            "olive",
            "red",
            "blue",
            "teal",
            "maroon",
        ),
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
    outline = join(right, (right * (-1.0, 1.0))[::-1][1:-1])
    strap = plain(mix(cloth.colour, (10, 10, 12), 0.45), weave="canvas")
    items: list[Item] = []
    for side in (-1.0, 1.0):
        curve = spline(
            (7, 1.0), (half + 3.4, tall * 0.2), (half + 4.2, tall * 0.6), (half - 1.0, tall * 0.93)
        ) * (side, 1.0)
        items.append(Stroke(curve=curve, width=2.6, colour=strap.mean(), raised=True, part="strap"))
    loop = spline((-3.4, 1.0), (-3.0, -3.4), (3.0, -3.4), (3.4, 1.0))
    items.append(Stroke(curve=loop, width=1.6, colour=strap.mean(), raised=True, part="handle"))
    items.append(
        Panel(
            outline=outline,
            fabric=cloth.main,
            puff=4.0,
            edge=6.5,
            wrinkle=0.12,
            lift=0.4,
            part="body",
        )
    )
    arch = spline(
        (-half + 1.4, tall * 0.44),
        (-half + 2.2, tall * 0.14),
        (0, 3.4),
        (half - 2.2, tall * 0.14),
        (half - 1.4, tall * 0.44),
    )
    items.append(Stroke(curve=arch, width=1.0, opacity=0.35))
    items.append(Stroke(curve=arch, width=0.4, colour=STEEL, opacity=0.9, dash=(0.2, 0.14)))
    pocket = rounded(rectangle(-half * 0.82, tall * 0.5, half * 0.82, tall * 0.93), 3.2)
    items.append(
        Panel(
            outline=pocket,
            fabric=cloth.block.woven("canvas"),
            puff=2.2,
            edge=3.4,
            wrinkle=0.09,
            lift=0.6,
            part="pocket",
        )
    )
    items += edge_stitch(pocket, cloth, inset=0.7)
    items += zip_line(tall * 0.56, -half * 0.66, half * 0.66, STEEL)
    patch = rounded(rectangle(-2.6, tall * 0.66, 2.6, tall * 0.73), 0.5)
    items.append(
        Panel(
            outline=patch,
            fabric=plain((138, 92, 58), weave="leather"),
            puff=0.3,
            edge=0.5,
            lift=0.4,
        )
    )
    found = cloth.attributes | {"closure": "zip_top", "bag_size": "large", "fabric": "canvas"}
    return finish_bag(choose, items, found)
