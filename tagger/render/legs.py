"""The common cut of trousers and shorts, in centimetres from the top of the waistband."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tagger.render.cloth import Cloth
from tagger.render.fabric import RGB, Fabric
from tagger.render.geometry import Points, bezier, join, line, spline
from tagger.render.items import Item, Panel, Stroke
from tagger.render.shading import Fold

__all__ = ["Legs", "foot_x", "leg_folds", "leg_hems", "leg_outline", "trunk", "waistband"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs:
    """Half widths in centimetres, y from the top of the waistband."""

    waist: float = 19.0
    hip: float = 24.5
    rise: float = 26.0
    knee: float = 10.2
    hem: float = 8.8
    length: float = 104.0
    spread: float = 5.0


def leg_outline(legs: Legs, sway: float) -> Points:
    """The right leg from the waist, with the crotch on the centre line."""
    knee_y = legs.rise + (legs.length - legs.rise) * 0.46
    knee_y = min(knee_y, legs.length - 4.0) if legs.length < 70 else knee_y
    foot = foot_x(legs) + sway
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


def foot_x(legs: Legs) -> float:
    """X of the middle of the right hem."""
    return max(10.2, legs.hem + 0.6) + legs.spread * 0.22


def leg_folds(legs: Legs, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Return whiskers at the crotch, creases behind the knee and above the hem."""
    folds = []
    for dx, dy in ((12.0, -4.5), (15.0, -0.5), (12.0, 5.0)):
        reach = float(rng.uniform(0.7, 1.15))
        start, end = (0.6, legs.rise - 0.5), (dx * reach, legs.rise + dy * reach)
        folds.append(Fold(start=start, end=end, width=1.1, height=float(rng.uniform(0.4, 0.9))))
    if legs.length > 70:
        return (*folds, *_knee_folds(legs, rng), *_hem_folds(legs, rng))
    for _ in range(3):
        x = float(rng.uniform(4, legs.hip))
        start, end = (x, legs.length + 1), (x * 0.8, legs.rise)
        folds.append(Fold(start=start, end=end, width=1.8, height=0.6))
    return tuple(folds)


def _knee_folds(legs: Legs, rng: np.random.Generator) -> list[Fold]:
    knee_y = legs.rise + (legs.length - legs.rise) * 0.46
    centre = legs.hip * 0.5 + 1.5
    folds = []
    for _ in range(int(rng.integers(3, 6))):
        y = knee_y + float(rng.uniform(-8, 9))
        side = 1 if rng.random() < 0.5 else -1
        start = (centre + side * legs.knee, y)
        end = (centre - side * legs.knee * 0.4, y + float(rng.uniform(-4, 4)))
        folds.append(Fold(start=start, end=end, width=1.1, height=float(rng.uniform(0.35, 0.8))))
    return folds


def _hem_folds(legs: Legs, rng: np.random.Generator) -> list[Fold]:
    centre = foot_x(legs)
    folds = []
    for index in range(int(rng.integers(2, 4))):
        y = legs.length - 3.0 - 4.0 * index
        start, end = (centre - legs.hem * 0.9, y), (centre + legs.hem * 0.5, y - 2.0)
        folds.append(Fold(start=start, end=end, width=1.0, height=float(rng.uniform(0.3, 0.7))))
    return folds


def _mirror_fold(fold: Fold) -> Fold:
    return Fold(
        start=(-fold.start[0], fold.start[1]),
        end=(-fold.end[0], fold.end[1]),
        width=fold.width,
        height=fold.height,
    )


def trunk(legs: Legs, cloth: Cloth, rng: np.random.Generator, fabric: Fabric) -> list[Item]:
    """Both legs and the inside of the back above the waistband."""
    back = spline((-legs.waist, 0.3), (0, -1.9), (legs.waist, 0.3), (0, 1.2))
    items: list[Item] = [Panel(outline=back, fabric=cloth.main, tone=0.48, puff=0.0, lift=0.0)]
    for side, name in ((-1.0, "leg_left"), (1.0, "leg_right")):
        folds = leg_folds(legs, rng)
        items.append(
            Panel(
                outline=leg_outline(legs, float(rng.uniform(-0.8, 0.8))) * (side, 1.0),
                fabric=fabric,
                angle=-3.0 * side,
                pivot=(0.0, 0.0),
                puff=3.0,
                edge=4.6,
                folds=folds if side > 0 else tuple(_mirror_fold(f) for f in folds),
                wrinkle=0.09,
                lift=0.12,
                part=name,
                decal=cloth.decal if side > 0 else None,
                open_end=True,
            )
        )
    return items


def leg_hems(legs: Legs, colour: RGB) -> list[Item]:
    """Return the stitched hems of both legs."""
    items: list[Item] = []
    for side in (-1.0, 1.0):
        foot = foot_x(legs)
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


def waistband(
    legs: Legs, fabric: Fabric, *, height: float = 3.8, ribbed: bool = False
) -> list[Item]:
    """Return the waistband's front."""
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
