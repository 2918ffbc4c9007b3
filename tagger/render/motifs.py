"""Drawn motifs: flowers, paisleys, block-printed butis and embroidery."""

from __future__ import annotations

import numpy as np

from tagger.render.fabric import RGB, Fabric
from tagger.render.geometry import Points, ellipse, join, line, loop, rotate, shift, spline
from tagger.render.palette import mix
from tagger.render.tiles import Tile, scattered

__all__ = ["ethnic_motif", "floral", "leaf", "paisley", "petals"]


def petals(centre: tuple[float, float], radius: float, count: int, turn: float) -> list[Points]:
    """Return the outlines of a flower's petals."""
    outlines = []
    for index in range(count):
        petal = loop(
            (0, -0.12 * radius),
            (0.30 * radius, -0.55 * radius),
            (0.16 * radius, -0.98 * radius),
            (-0.16 * radius, -0.98 * radius),
            (-0.30 * radius, -0.55 * radius),
            samples=5,
        )
        outlines.append(shift(rotate(petal, turn + index * 360 / count), *centre))
    return outlines


def leaf(start: tuple[float, float], length: float, degrees: float) -> Points:
    """Return a pointed leaf that grows from `start`, 0 degrees upwards."""
    right = spline((0, 0), (0.24 * length, -0.45 * length), (0, -length), samples=6)
    left = spline((0, -length), (-0.2 * length, -0.45 * length), (0, 0), samples=6)
    return shift(rotate(join(right, left), degrees), *start)


def floral(rng: np.random.Generator, ground: RGB, second: RGB, third: RGB) -> Fabric:
    """Return scattered flowers with leaves and buds."""
    size = float(rng.uniform(14.0, 20.0))
    bloom = float(rng.uniform(1.2, 2.4))
    green = mix((84, 122, 70), ground, 0.3)
    tile = Tile(size, size, ground)
    for x, y in scattered(rng, width=size, height=size, spacing=bloom * 2.1):
        radius = bloom * float(rng.uniform(0.6, 1.15))
        turn = float(rng.uniform(0, 360))
        for side in (-1, 1):
            tile.polygon(leaf((x, y), radius * 1.75, turn + side * 68 + 20), green)
        colour = second if rng.random() < 0.62 else third
        count = int(rng.integers(5, 8))
        for outline in petals((x, y), radius * 1.06, count, turn):
            tile.polygon(outline, mix(colour, (30, 20, 30), 0.22))
        for outline in petals((x, y), radius * 0.9, count, turn):
            tile.polygon(outline, colour)
        for outline in petals((x, y), radius * 0.5, count, turn + 25):
            tile.polygon(outline, mix(colour, (255, 255, 255), 0.3))
        tile.polygon(ellipse((x, y), radius * 0.2, radius * 0.2), (214, 172, 70))
    for x, y in scattered(rng, width=size, height=size, spacing=bloom * 1.5):
        dot = bloom * 0.13
        tile.polygon(ellipse((x, y), dot, dot), mix(third, ground, 0.25))
    return tile.fabric()


def _drop(size: float) -> Points:
    """A paisley: a drop whose tip bends over."""
    return loop(
        (0.05 * size, -0.95 * size),
        (0.36 * size, -0.45 * size),
        (0.5 * size, 0.1 * size),
        (0.28 * size, 0.55 * size),
        (-0.16 * size, 0.55 * size),
        (-0.36 * size, 0.15 * size),
        (-0.16 * size, -0.25 * size),
        (0.1 * size, -0.5 * size),
        (-0.2 * size, -0.86 * size),
        samples=6,
    )


def paisley(rng: np.random.Generator, ground: RGB, second: RGB, third: RGB) -> Fabric:
    """Return paisleys with dotted rims between small flowers."""
    size = float(rng.uniform(11.0, 15.0))
    tile = Tile(size, size, ground)
    drop = size * 0.19
    for index, (x, y) in enumerate(((0.25, 0.25), (0.75, 0.75), (0.75, 0.25), (0.25, 0.75))):
        at = (x * size, y * size)
        turn = 20.0 if index < 2 else 200.0
        for scale, colour in ((1.0, second), (0.8, ground), (0.66, third), (0.34, second)):
            tile.polygon(shift(rotate(_drop(drop * scale), turn), *at), colour)
        for step in range(12):
            angle = step * np.pi / 6
            dot = (at[0] + 1.35 * drop * np.cos(angle), at[1] + 1.35 * drop * np.sin(angle))
            tile.polygon(ellipse(dot, drop * 0.06, drop * 0.06), third)
    for x, y in ((0.0, 0.0), (0.5, 0.5), (0.0, 0.5), (0.5, 0.0)):
        for outline in petals((x * size, y * size), drop * 0.42, 6, 0.0):
            tile.polygon(outline, third)
        tile.polygon(ellipse((x * size, y * size), drop * 0.1, drop * 0.1), second)
    return tile.fabric()


def ethnic_motif(rng: np.random.Generator, ground: RGB, second: RGB, third: RGB) -> Fabric:
    """Return block-printed butis in offset rows."""
    step = float(rng.uniform(4.0, 6.0))
    tile = Tile(step, step * 1.4, ground)
    kind = int(rng.integers(3))
    for x, y in ((0.25, 0.25), (0.75, 0.75)):
        at = (x * step, y * step * 1.4)
        r = step * 0.2
        if kind == 0:
            for outline in petals(at, r, 8, 0.0):
                tile.polygon(outline, second)
            tile.polygon(ellipse(at, r * 0.32, r * 0.32), third)
        elif kind == 1:
            stem = (at[0], at[1] + r)
            tile.polygon(leaf(stem, 2.0 * r, 0), second)
            tile.polygon(leaf(stem, 1.5 * r, 48), third)
            tile.polygon(leaf(stem, 1.5 * r, -48), third)
            tile.polygon(ellipse((stem[0], stem[1] + 0.25 * r), 0.2 * r, 0.2 * r), second)
        else:
            for scale, colour in ((1.0, second), (0.7, ground), (0.45, third)):
                s = r * scale
                tile.polygon(
                    line(
                        (at[0], at[1] - 1.3 * s),
                        (at[0] + s, at[1]),
                        (at[0], at[1] + 1.3 * s),
                        (at[0] - s, at[1]),
                    ),
                    colour,
                )
            for dx, dy in ((-1.25, 0), (1.25, 0), (0, -1.6), (0, 1.6)):
                tile.polygon(ellipse((at[0] + dx * r, at[1] + dy * r), 0.13 * r, 0.13 * r), second)
    return tile.fabric()
