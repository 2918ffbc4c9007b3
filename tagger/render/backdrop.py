"""What stands behind the garments: studio paper, walls, wooden floors, cloth."""

from __future__ import annotations

import numpy as np

from tagger.render.shading import FloatField, blur, noise_tile

__all__ = ["BACKDROPS", "Backdrop", "draw_backdrop"]

Backdrop = str

# Backdrops and how often they come; catalogs are mostly white.
BACKDROPS: dict[Backdrop, int] = {
    "white": 7,
    "studio": 4,
    "tinted": 2,
    "wall": 3,
    "wood": 2,
    "linen": 2,
    "concrete": 1,
}


def draw_backdrop(kind: Backdrop, wh: tuple[int, int], rng: np.random.Generator) -> FloatField:
    """Return a backdrop, (H, W, 3) float32, 0 to 255.

    Args:
        kind: One of `BACKDROPS`.
        wh: Width and height in pixels.
        rng: Chooses tone, light and grain.
    """
    width, height = wh
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width - 0.5, y / height - 0.5
    picture = _DRAWERS[kind](x, y, wh, rng)
    return np.clip(picture, 0, 255).astype(np.float32)


def _white(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    value = 255.0 - float(rng.choice([0.0, 0.0, 2.0, 5.0]))
    return np.full((*x.shape, 3), value, dtype=np.float32)


def _studio(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    base = float(rng.uniform(206, 240))
    spot = np.exp(-((x / 0.55) ** 2 + ((y + 0.08) / 0.6) ** 2))
    value = base - 20 + 26 * spot - 10 * y
    tint = rng.normal(0, 1.5, 3)
    return np.asarray(value[..., None] + tint, dtype=np.float32)


def _tinted(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    papers = ((226, 214, 200), (206, 220, 226), (232, 214, 214), (214, 224, 208), (222, 216, 230))
    paper = np.asarray(papers[int(rng.integers(len(papers)))], dtype=np.float32)
    shade = 1.0 + 0.05 * np.exp(-((x + 0.2) ** 2 + (y + 0.25) ** 2) / 0.3) - 0.05 * (x + y)
    return np.asarray(paper * shade[..., None], dtype=np.float32)


def _wall(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    horizon = float(rng.uniform(0.24, 0.34))
    walls = ((220, 216, 210), (200, 206, 208), (226, 220, 206), (206, 212, 204))
    wall = np.asarray(walls[int(rng.integers(len(walls)))], dtype=np.float32)
    floor = wall * (0.90, 0.87, 0.83) + (2.0, 0.0, -4.0)
    blend = np.clip(0.5 + (y - horizon) / 0.02, 0.0, 1.0)
    depth = 1.0 - 0.16 * np.exp(-np.abs(y - horizon) / 0.05)
    plaster = _spread(noise_tile(rng, size=256, cells=(9, 9)), wh, 420.0)
    picture = wall * (1 - blend[..., None]) + floor * blend[..., None]
    light = depth * (1.0 - 0.10 * x - 0.05 * y + 0.008 * plaster)
    return np.asarray(picture * light[..., None], dtype=np.float32)


def _wood(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    woods = ((196, 160, 118), (160, 122, 86), (214, 190, 158), (128, 98, 74), (200, 192, 182))
    wood = np.asarray(woods[int(rng.integers(len(woods)))], dtype=np.float32)
    planks = int(rng.integers(5, 8))
    upright = rng.random() < 0.5
    along, across = (y, x) if upright else (x, y)
    position = (across + 0.5) * planks
    plank = np.clip(np.floor(position).astype(int), 0, planks - 1)
    inside = position - np.floor(position)
    grain = noise_tile(rng, size=512, cells=(5, 70) if upright else (70, 5))
    offset = rng.integers(0, 512, planks)
    row = ((along + 0.5) * 300 + offset[plank]).astype(int) % 512
    column = (position * 46 + 37 * offset[plank]).astype(int) % 512
    lines = grain[row, column] if upright else grain[column, row]
    tone = rng.normal(1.0, 0.05, planks)[plank] + 0.06 * lines
    gap = 1.0 - 0.5 * np.exp(-((np.minimum(inside, 1 - inside) * wh[0] / planks / 1.4) ** 2))
    light = 1.06 - 0.10 * (x + y)
    return np.asarray(wood * (tone * gap * light)[..., None], dtype=np.float32)


def _linen(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    cloths = ((228, 224, 214), (210, 204, 196), (196, 202, 206), (222, 208, 200))
    cloth = np.asarray(cloths[int(rng.integers(len(cloths)))], dtype=np.float32)
    folds = _spread(noise_tile(rng, size=256, cells=(3, 5)), wh, 560.0)
    height = blur(folds.astype(np.float32), 6.0)
    slope_y, slope_x = np.gradient(height * 1.6)
    weave = _spread(noise_tile(rng, size=256, cells=(110, 60)), wh, 256.0)
    light = 1.0 - 0.7 * slope_x - 0.9 * slope_y + 0.012 * weave - 0.05 * (x + y)
    return np.asarray(cloth * np.clip(light, 0.78, 1.12)[..., None], dtype=np.float32)


def _concrete(
    x: FloatField, y: FloatField, wh: tuple[int, int], rng: np.random.Generator
) -> FloatField:
    base = float(rng.uniform(150, 190))
    large = _spread(noise_tile(rng, size=256, cells=(5, 5)), wh, 500.0)
    fine = _spread(noise_tile(rng, size=256, cells=(60, 60)), wh, 256.0)
    value = base + 2.4 * large + 1.6 * fine - 12 * (x + y)
    return np.asarray(value[..., None] + (1.5, 0.5, -1.5), dtype=np.float32)


def _spread(tile: FloatField, wh: tuple[int, int], period_px: float) -> FloatField:
    """Lay periodic noise over a picture."""
    size = len(tile)
    width, height = wh
    column = (np.arange(width) * (size / period_px)).astype(int) % size
    row = (np.arange(height) * (size / period_px)).astype(int) % size
    spread: FloatField = tile[row[:, None], column[None, :]]
    return spread


_DRAWERS = {
    "white": _white,
    "studio": _studio,
    "tinted": _tinted,
    "wall": _wall,
    "wood": _wood,
    "linen": _linen,
    "concrete": _concrete,
}
