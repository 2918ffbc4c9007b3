"""Woven and geometric patterns: stripes, checks, dots, diamonds, camouflage, tie-dye ..."""

from __future__ import annotations

import numpy as np

from tagger.render.fabric import RGB, Fabric, plain, shaded_tile
from tagger.render.geometry import ellipse, line, rectangle
from tagger.render.palette import mix
from tagger.render.shading import noise_tile
from tagger.render.tiles import PX_PER_CM, Tile, from_field

__all__ = ["animal", "argyle", "camouflage", "checked", "geometric", "melange", "polka_dot"]
__all__ += ["striped", "tie_dye"]


def striped(rng: np.random.Generator, ground: RGB, second: RGB, *, upright: bool) -> Fabric:
    """Return stripes: even, thin, grouped or three-coloured."""
    third = mix(second, (245, 245, 245) if sum(ground) < 420 else (30, 30, 40), 0.55)
    scale = float(rng.uniform(0.8, 1.5)) * (0.55 if upright else 1.0)
    kind = int(rng.integers(4))
    runs: list[tuple[float, RGB]]
    if kind == 0:
        runs = [(1.9, ground), (1.9, second)]
    elif kind == 1:
        runs = [(2.3, ground), (0.7, second)]
    elif kind == 2:
        runs = [(2.6, ground), (0.6, second), (0.5, ground), (0.6, second)]
    else:
        runs = [(2.4, ground), (1.2, second), (0.5, ground), (0.5, third)]
    length = sum(width for width, _ in runs) * scale
    tile = Tile(length if upright else 1.0, 1.0 if upright else length, ground)
    at = 0.0
    for width, colour in runs:
        end = at + width * scale
        tile.polygon(
            rectangle(at, -0.1, end, 1.1) if upright else rectangle(-0.1, at, 1.1, end), colour
        )
        at = end
    return tile.fabric()


def checked(rng: np.random.Generator, ground: RGB, second: RGB) -> Fabric:
    """Return gingham, tartan or a windowpane check, woven from crossing threads."""
    third = mix(second, (250, 240, 220) if sum(ground) < 420 else (20, 20, 60), 0.6)
    kind = int(rng.integers(3))
    scale = float(rng.uniform(0.85, 1.35))
    if kind == 0:
        runs = [(1.5, ground), (1.5, second)]
    elif kind == 1:
        runs = [(2.4, ground), (0.3, third), (0.9, ground), (1.6, second), (0.3, ground)]
        runs += [(0.3, second), (0.5, ground)]
    else:
        runs = [(3.4, ground), (0.35, second), (0.4, ground), (0.35, third)]
    threads = []
    for width, colour in runs:
        threads += [colour] * max(1, round(width * scale * PX_PER_CM))
    across = np.asarray(threads, dtype=np.float32)
    size = len(across)
    weave = (np.add.outer(np.arange(size), np.arange(size)) // 2 % 2)[..., None] * 0.24 + 0.38
    tile = across[None, :, :] * weave + across[:, None, :] * (1 - weave)
    return shaded_tile(tile.astype(np.float32), (size / PX_PER_CM, size / PX_PER_CM))


def polka_dot(rng: np.random.Generator, ground: RGB, second: RGB) -> Fabric:
    """Return round dots in offset rows."""
    step = float(rng.uniform(2.0, 4.2))
    radius = step * float(rng.uniform(0.17, 0.26))
    tile = Tile(step, step * 1.1, ground)
    tile.polygon(ellipse((step / 4, step * 0.275), radius, radius), second)
    tile.polygon(ellipse((step * 3 / 4, step * 0.825), radius, radius), second)
    return tile.fabric()


def argyle(rng: np.random.Generator, ground: RGB, second: RGB) -> Fabric:
    """Return knitted diamonds under thin crossing lines."""
    width, height = float(rng.uniform(6.0, 8.0)), float(rng.uniform(9.0, 11.0))
    third = mix(ground, (255, 255, 255) if sum(ground) < 380 else (20, 20, 30), 0.45)
    tile = Tile(width, height, ground)
    middle = (width / 2, height / 2)
    tile.polygon(
        line((middle[0], 0), (width, middle[1]), (middle[0], height), (0, middle[1])), second
    )
    for slope in (1, -1):
        top, bottom = (0.0, height) if slope > 0 else (height, 0.0)
        for dx in (-width / 2, width / 2):
            tile.polygon(
                line(
                    (dx, top), (dx + 0.16, top), (dx + width + 0.16, bottom), (dx + width, bottom)
                ),
                third,
            )
    return tile.fabric()


def geometric(rng: np.random.Generator, ground: RGB, second: RGB) -> Fabric:
    """Return a small all-over print: triangles, crosses, waves of lozenges or rings."""
    step = float(rng.uniform(2.4, 3.6))
    third = mix(second, ground, 0.5)
    tile = Tile(step * 2, step * 2, ground)
    kind = int(rng.integers(4))
    for row in range(2):
        for column in range(2):
            x = (column + 0.5 + 0.5 * (row % 2)) * step
            y = (row + 0.5) * step
            r = step * 0.3
            colour = second if (row + column) % 2 else third
            if kind == 0:
                tile.polygon(line((x, y - r), (x + r, y + 0.7 * r), (x - r, y + 0.7 * r)), colour)
            elif kind == 1:
                tile.polygon(rectangle(x - r, y - r / 4, x + r, y + r / 4), colour)
                tile.polygon(rectangle(x - r / 4, y - r, x + r / 4, y + r), colour)
            elif kind == 2:
                tile.polygon(
                    line((x, y - 1.3 * r), (x + r, y), (x, y + 1.3 * r), (x - r, y)), colour
                )
                tile.polygon(
                    line((x, y - 0.6 * r), (x + r / 2, y), (x, y + 0.6 * r), (x - r / 2, y)), ground
                )
            else:
                tile.polygon(ellipse((x, y), r, r), colour)
                tile.polygon(ellipse((x, y), r * 0.6, r * 0.6), ground)
    return tile.fabric()


def animal(rng: np.random.Generator, ground: RGB) -> Fabric:
    """Return leopard rosettes."""
    size = 360
    large = noise_tile(rng, size=size, cells=(9, 9))
    fine = noise_tile(rng, size=size, cells=(22, 22))
    spots = large + 0.35 * fine
    field = np.zeros((size, size), dtype=np.intp)
    field[spots > 0.55] = 2
    field[spots > 1.25] = 1
    field[(np.abs(fine) < 0.16) & (spots > 0.2) & (spots < 1.1)] = 0
    dark = mix(ground, (16, 12, 10), 0.86)
    return from_field(field, [ground, mix(ground, dark, 0.4), dark], (size / 18, size / 18))


def camouflage(rng: np.random.Generator, ground: RGB) -> Fabric:
    """Return four-colour camouflage around a ground colour."""
    size = 400
    field = np.zeros((size, size), dtype=np.intp)
    for index, threshold in ((1, 0.45), (2, 0.75), (3, 1.15)):
        blob = noise_tile(rng, size=size, cells=(4, 8)) + 0.3 * noise_tile(
            rng, size=size, cells=(16, 20)
        )
        field[blob > threshold] = index
    colours = [ground, mix(ground, (40, 44, 30), 0.6), mix(ground, (120, 92, 60), 0.6)]
    return from_field(field, [*colours, (34, 36, 32)], (size / 14, size / 14))


def tie_dye(rng: np.random.Generator, ground: RGB, second: RGB) -> Fabric:
    """Return a spiral of dye; the tile is as large as a garment, so it shows once."""
    size, cm = 720, 110.0
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * (cm / size)
    x, y = x - 55.0, y - 55.0
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    wobble = noise_tile(rng, size=size, cells=(24, 24))
    arms = int(rng.integers(3, 6))
    wave = np.sin(arms * angle + radius * 0.32 + 0.9 * wobble)
    share = np.clip(0.5 + 0.9 * wave, 0.0, 1.0)[..., None]
    third = np.asarray(mix(second, (250, 250, 250), 0.55))
    speck = np.clip(0.25 * wobble, 0.0, 0.5)[..., None]
    tile = np.asarray(ground) * (1 - share) + np.asarray(second) * share
    tile = tile * (1 - speck) + third * speck
    # The centre of the spiral comes to lie a hand above the middle of the chest.
    return shaded_tile(np.roll(tile, (-310, -360), axis=(0, 1)).astype(np.float32), (cm, cm))


def melange(rng: np.random.Generator, ground: RGB) -> Fabric:
    """Return heather: fibres of lighter and darker yarn."""
    fibre = noise_tile(rng, size=360, cells=(40, 150))
    tile = np.asarray(ground, dtype=np.float32) * (1.0 + 0.075 * fibre[..., None])
    return shaded_tile(np.clip(tile, 0, 255).astype(np.float32), (18.0, 18.0))


def solid(rng: np.random.Generator, ground: RGB, *, heather: bool = False) -> Fabric:
    """Return cloth of one colour, heathered on request."""
    return melange(rng, ground) if heather else plain(ground)
