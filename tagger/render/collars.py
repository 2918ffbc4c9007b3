"""Necks and collars, plackets and fastenings, drawn on top of a body."""

from __future__ import annotations

import numpy as np

from tagger.render.cut import Cut, neckline
from tagger.render.fabric import RGB, Fabric
from tagger.render.geometry import Points, bezier, join, line, loop, mirror, spline, sub_curve
from tagger.render.items import Button, Item, Panel, Stroke
from tagger.render.palette import mix

__all__ = ["high_neck", "hood", "mandarin", "shirt_collar"]


def _leaf(cut: Cut, *, depth: float, point: tuple[float, float], stand: float) -> Points:
    """The right collar leaf: neck edge down to the front, out to the point, back up."""
    n = cut.neck
    neck_edge = spline(
        (n * 0.62, -stand * 1.02), (n * 0.66, depth * 0.28), (0.25, depth), samples=12
    )
    outer = spline(
        point,
        ((point[0] + n + 1.2) / 2 + 1.1, point[1] * 0.55),
        (n + 1.3, 0.7),
        (n * 0.95, -stand * 0.75),
        samples=8,
    )
    return join(neck_edge, outer)


def shirt_collar(
    cut: Cut,
    fabric: Fabric,
    thread: RGB,
    *,
    soft: bool = False,
    button_down: bool = False,
    spread: float = 0.0,
) -> list[Item]:
    """Return a fold-over collar.

    Args:
        cut: The garment's cut.
        fabric: Of the collar.
        thread: Of its stitches.
        soft: Knitted, as on a polo shirt: lower, rounder and without a stitched edge.
        button_down: Whether the points are buttoned.
        spread: Moves the points outwards, centimetres.
    """
    stand = 2.2 if soft else 3.0
    depth = cut.neck_depth * (0.8 if soft else 0.72)
    point = (5.0 + spread + (1.2 if soft else 0.0), depth + (3.4 if soft else 5.4))
    items = [_collar_back(cut.neck, stand, fabric)]
    right = _leaf(cut, depth=depth, point=point, stand=stand)
    for side in (1.0, -1.0):
        items += _leaf_items(right, fabric, None if soft else thread, side)
        if button_down:
            at = (side * (point[0] - 0.2), point[1] - 1.5)
            items.append(Button(centre=at, radius=0.45, colour=mix(thread, (240, 240, 235), 0.6)))
    return items


def _collar_back(n: float, stand: float, fabric: Fabric) -> Item:
    low, high = n * 0.95, n * 0.75
    outline = join(
        bezier((-low, 0.6), (-high, -stand * 1.6), (high, -stand * 1.6), (low, 0.6)),
        bezier((n * 0.7, 1.6), (n * 0.4, 0.6), (-n * 0.4, 0.6), (-n * 0.7, 1.6)),
    )
    return Panel(outline=outline, fabric=fabric, tone=0.74, puff=0.3, wrinkle=0.02, part="collar")


def _leaf_items(right: Points, fabric: Fabric, thread: RGB | None, side: float) -> list[Item]:
    """One collar leaf; with a thread it has a stitched edge."""
    outline = right * (side, 1.0)
    leaf = Panel(
        outline=outline,
        fabric=fabric,
        angle=-32.0 * side,
        puff=0.5,
        edge=1.4,
        wrinkle=0.04,
        lift=0.75,
        part="collar",
    )
    if thread is None:
        return [leaf]
    edge = _pull_in(np.vstack([right[11:12], right[12:20]]) * (side, 1.0), outline, 0.45)
    return [leaf, Stroke(curve=edge, width=0.1, colour=thread, opacity=0.6, dash=(0.3, 0.18))]


def _pull_in(edge: Points, outline: Points, distance: float) -> Points:
    centre = outline.mean(axis=0)
    way = centre - edge
    pulled: Points = edge + distance * way / np.maximum(
        np.linalg.norm(way, axis=1, keepdims=True), 1e-9
    )
    return pulled


def mandarin(cut: Cut, fabric: Fabric, thread: RGB, *, height: float = 3.0) -> list[Item]:
    """Return a standing band collar, open at the front by a finger."""
    n = cut.neck
    back = join(
        bezier((-n, 0.4), (-n * 0.6, -1.2), (n * 0.6, -1.2), (n, 0.4)),
        bezier(
            (n * 0.88, -height),
            (n * 0.5, -height - 1.3),
            (-n * 0.5, -height - 1.3),
            (-n * 0.88, -height),
        ),
    )
    items: list[Item] = [
        Panel(
            outline=back, fabric=fabric, tone=0.62, puff=0.2, wrinkle=0.02, lift=0.2, part="collar"
        )
    ]
    right = neckline(cut)
    top = right * (0.86, 0.74) + (0.0, -height * 0.78)
    top = np.vstack([[n * 0.9, -height], top[3:-1], [[0.55, right[-1, 1] - height * 0.85]]])
    outline = join(right[:-1], line((0.35, right[-1, 1])), top[::-1])
    for side in (1.0, -1.0):
        items.append(
            Panel(
                outline=outline * (side, 1.0),
                fabric=fabric,
                puff=0.4,
                edge=1.2,
                wrinkle=0.03,
                lift=0.6,
                part="collar",
            )
        )
        seam = sub_curve(right, 0.02, 0.96) * (side, 1.0)
        dark = mix(thread, (0, 0, 0), 0.2)
        items.append(Stroke(curve=seam, width=0.14, colour=dark, opacity=0.5))
    return items


def high_neck(cut: Cut, fabric: Fabric, *, height: float = 7.0) -> list[Item]:
    """Return a folded roll neck."""
    n = cut.neck
    front = cut.neck_depth
    outline = join(
        bezier((-n - 0.6, 0.8), (-n * 0.7, front + 1.4), (n * 0.7, front + 1.4), (n + 0.6, 0.8)),
        spline((n + 0.1, -height * 0.6), (n - 0.3, -height)),
        bezier(
            (n - 0.4, -height),
            (n * 0.5, -height + 1.5),
            (-n * 0.5, -height + 1.5),
            (0.4 - n, -height),
        ),
        spline((0.3 - n, -height), (-n - 0.1, -height * 0.6)),
    )
    inside = loop((n - 0.4, -height), (0, -height + 1.6), (0.4 - n, -height), (0, -height - 1.2))
    return [
        Panel(outline=inside, fabric=fabric, tone=0.5, puff=0.0, lift=0.0),
        Panel(
            outline=outline,
            fabric=fabric,
            puff=1.6,
            edge=2.6,
            wrinkle=0.14,
            lift=0.5,
            part="collar",
        ),
        Stroke(
            curve=bezier(
                (-n, -height * 0.25), (-n * 0.5, 1.2), (n * 0.5, 1.2), (n, -height * 0.25)
            ),
            width=0.5,
            opacity=0.2,
        ),
    ]


def hood(cut: Cut, fabric: Fabric, *, cord: RGB | None) -> tuple[list[Item], list[Item]]:
    """Return a raised hood: what lies behind the body, and what lies in front of it."""
    n, d = cut.neck, cut.neck_depth
    outer = spline(
        (-n - 3.5, 3.0), (-n - 5.0, -8.0), (-n - 3.0, -20.0), (0, -27.0),
        (n + 3.0, -20.0), (n + 5.0, -8.0), (n + 3.5, 3.0), samples=12,
    )  # fmt: skip
    behind: list[Item] = [
        Panel(outline=outer, fabric=fabric, puff=3.0, edge=5.0, wrinkle=0.16, part="collar")
    ]
    hole_right = spline((0, d), (n * 0.62, 1.0), (n * 0.86, -8.0), (n * 0.62, -17.0), (0, -21.5))
    hole = join(hole_right, mirror(hole_right)[1:-1])
    rim = join(
        spline(
            (0, d + 2.6), (n * 0.9 + 1.0, 2.0), (n + 2.0, -8.0), (n * 0.75 + 1.4, -18.4), (0, -23.8)
        )
    )
    front: list[Item] = [
        Panel(
            outline=join(rim, mirror(rim)[1:-1]),
            fabric=fabric,
            puff=1.2,
            edge=2.0,
            lift=0.5,
            wrinkle=0.06,
            part="collar",
        ),
        Panel(outline=hole, fabric=fabric.toned(0.8), tone=0.5, puff=-1.6, edge=5.0, lift=0.0),
        Stroke(curve=join(rim, mirror(rim)[1:]), width=0.14, opacity=0.3),
    ]
    if cord is not None:
        for side in (-1.0, 1.0):
            curve = spline((1.7, d - 0.4), (2.3, d + 6.0), (1.8, d + 13.0)) * (side, 1.0)
            front.append(Stroke(curve=curve, width=0.5, colour=cord, raised=True))
            front.append(
                Button(centre=(side * 1.7, d - 0.4), radius=0.4, colour=(150, 150, 152), holes=0)
            )
    return behind, front
