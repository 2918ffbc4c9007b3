"""Prints that show once: chest graphics, lettering, small marks and embroidered yokes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tagger.render.fabric import RGB
from tagger.render.geometry import Points, ellipse, line, loop, rotate, shift, spline
from tagger.render.items import Decal
from tagger.render.motifs import leaf, petals
from tagger.render.palette import mix
from tagger.render.shading import noise_tile

__all__ = ["GRAPHICS", "embroidered_yoke", "graphic", "mark"]

_PX_PER_CM = 24
_WORDS = ("NORTH", "COAST", "STUDIO", "1984", "WAVES", "ATLAS", "METRO", "LUNA", "TRAIL", "RIVER")
_SMALL = ("EST. 1987", "ORIGINAL GOODS", "WILD & FREE", "SINCE 2004", "DIVISION 07", "GOOD DAYS")

# The drawn graphic and the ontology's word for its motif.
GRAPHICS: dict[str, str] = {
    "typography": "typography",
    "sunset": "illustration",
    "number": "sports_team",
    "shapes": "geometric",
    "botanical": "botanical",
    "brush": "abstract",
}


class _Sheet:
    """A transparent picture measured in centimetres."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        size = (round(width * _PX_PER_CM * 2), round(height * _PX_PER_CM * 2))
        self.image = Image.new("RGBA", size, (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, outline: Points, colour: RGB | None) -> None:
        """Fill an outline; None cuts it out."""
        at = [(float(x), float(y)) for x, y in outline * _PX_PER_CM * 2]
        self.draw.polygon(at, fill=_ink(colour))

    def text(self, words: str, *, centre: tuple[float, float], height: float, colour: RGB) -> None:
        """Write a line, shrunk to fit the width."""
        size = height * _PX_PER_CM * 2
        font = ImageFont.load_default(size)
        left, _, right, _ = font.getbbox(words, stroke_width=round(size * 0.035))
        limit = 0.96 * self.width * _PX_PER_CM * 2
        if right - left > limit:
            size *= limit / (right - left)
            font = ImageFont.load_default(size)
        at = (centre[0] * _PX_PER_CM * 2, centre[1] * _PX_PER_CM * 2)
        bold = round(size * 0.035)
        self.draw.text(at, words, font=font, fill=_ink(colour), anchor="mm", stroke_width=bold)

    def decal(self, left: float, top: float) -> Decal:
        """Return the sheet as a print with its top left corner at the given place."""
        small = self.image.reduce(2)
        return Decal(
            image=np.asarray(small, dtype=np.float32), box=(left, top, self.width, self.height)
        )


def _ink(colour: RGB | None) -> tuple[int, int, int, int]:
    if colour is None:
        return (0, 0, 0, 0)
    red, green, blue = (round(channel) for channel in colour)
    return red, green, blue, 255


def graphic(
    rng: np.random.Generator,
    kind: str,
    colours: tuple[RGB, RGB],
    *,
    centre: tuple[float, float],
    width: float,
) -> Decal:
    """Return a chest print.

    Args:
        rng: Chooses words and shapes.
        kind: A key of `GRAPHICS`.
        colours: Main and second ink.
        centre: Centimetres.
        width: Centimetres.
    """
    height = width * (0.62 if kind == "typography" else 1.05)
    sheet = _Sheet(width, height)
    _DRAWERS[kind](rng, sheet, colours)
    if kind in ("typography", "number"):
        _wear(rng, sheet)
    return sheet.decal(centre[0] - width / 2, centre[1] - height / 2)


def mark(rng: np.random.Generator, colour: RGB, *, centre: tuple[float, float]) -> Decal:
    """Return a small brand mark for the chest, about 3 cm."""
    sheet = _Sheet(3.2, 2.4)
    kind = int(rng.integers(4))
    if kind == 0:
        sheet.polygon(spline((0.2, 1.3), (1.1, 1.9), (2.9, 0.5), (1.2, 1.35), (0.6, 1.2)), colour)
    elif kind == 1:
        for index in range(3):
            x = 0.6 + 0.7 * index
            low = 2.1 - 0.45 * index
            sheet.polygon(
                line((x, low - 0.6), (x + 0.5, low - 0.9), (x + 0.9, 2.2), (x + 0.4, 2.2)), colour
            )
    elif kind == 2:
        for outline in petals((1.6, 1.2), 1.0, 4, 0.0):
            sheet.polygon(outline, colour)
    else:
        sheet.text("ALTO", centre=(1.6, 1.2), height=1.1, colour=colour)
    return sheet.decal(centre[0] - 1.6, centre[1] - 1.2)


def embroidered_yoke(
    rng: np.random.Generator,
    colours: tuple[RGB, RGB],
    *,
    centre: tuple[float, float],
    width: float,
    height: float,
) -> Decal:
    """Return thread work for the front of a kurta: a symmetric spray of leaves and flowers."""
    sheet = _Sheet(width, height)
    rows = int(rng.integers(4, 7))
    for side in (-1, 1):
        for row in range(rows):
            y = height * (0.1 + 0.82 * row / rows)
            reach = width * 0.46 * (1 - 0.72 * row / rows)
            stem = spline(
                (width / 2 + side * 0.5, y + 1.2),
                (width / 2 + side * reach * 0.6, y + 0.7),
                (width / 2 + side * reach, y - 0.3),
            )
            for i, (x, sy) in enumerate(stem[::4]):
                turn = side * (60 + 50 * (i % 2))
                sheet.polygon(leaf((float(x), float(sy)), 1.25, turn), colours[i % 2])
            for outline in petals((float(stem[-1][0]), float(stem[-1][1])), 0.85, 6, 0.0):
                sheet.polygon(outline, colours[0])
            sheet.polygon(ellipse((float(stem[-1][0]), float(stem[-1][1])), 0.24, 0.24), colours[1])
    threads = np.asarray(sheet.image).astype(np.float32)
    across = np.sin(np.add.outer(np.arange(threads.shape[0]), np.arange(threads.shape[1])) * 0.8)
    threads[..., :3] = np.clip(threads[..., :3] * (1 + 0.16 * across[..., None]), 0, 255)
    sheet.image = Image.fromarray(threads.astype(np.uint8), "RGBA")
    return sheet.decal(centre[0] - width / 2, centre[1] - height / 2)


def _wear(rng: np.random.Generator, sheet: _Sheet) -> None:
    """Let the cloth show through in fine cracks, as in a washed print."""
    picture = np.asarray(sheet.image).copy()
    cracks = noise_tile(rng, size=256, cells=(60, 60))
    tiles = (-(-picture.shape[0] // 256), -(-picture.shape[1] // 256))
    worn = np.tile(cracks, tiles)[: picture.shape[0], : picture.shape[1]] > 1.55
    picture[..., 3] = np.where(worn, picture[..., 3] // 3, picture[..., 3])
    sheet.image = Image.fromarray(picture, "RGBA")


def _typography(rng: np.random.Generator, sheet: _Sheet, colours: tuple[RGB, RGB]) -> None:
    w, h = sheet.width, sheet.height
    first, second = rng.choice(len(_WORDS), 2, replace=False)
    sheet.text(_WORDS[first], centre=(w / 2, h * 0.3), height=h * 0.42, colour=colours[0])
    sheet.text(_WORDS[second], centre=(w / 2, h * 0.64), height=h * 0.3, colour=colours[1])
    small = _SMALL[int(rng.integers(len(_SMALL)))]
    sheet.text(small, centre=(w / 2, h * 0.88), height=h * 0.11, colour=colours[0])


def _sunset(rng: np.random.Generator, sheet: _Sheet, colours: tuple[RGB, RGB]) -> None:
    w, h = sheet.width, sheet.height
    centre = (w / 2, h * 0.42)
    sheet.polygon(ellipse(centre, w * 0.4, w * 0.4), colours[0])
    for index in range(5):
        y = centre[1] + w * (0.04 + 0.085 * index)
        thick = w * (0.012 + 0.008 * index)
        sheet.polygon(line((0, y), (w, y), (w, y + thick), (0, y + thick)), None)
    peaks = [(w * (0.12 + 0.13 * i), h * float(rng.uniform(0.46, 0.66))) for i in range(7)]
    ridge = line((w * 0.02, h * 0.8), *peaks, (w * 0.98, h * 0.8))
    sheet.polygon(ridge, mix(colours[1], (20, 20, 30), 0.25))
    sheet.text(
        _SMALL[int(rng.integers(len(_SMALL)))],
        centre=(w / 2, h * 0.91),
        height=h * 0.085,
        colour=colours[0],
    )


def _number(rng: np.random.Generator, sheet: _Sheet, colours: tuple[RGB, RGB]) -> None:
    w, h = sheet.width, sheet.height
    word = _WORDS[int(rng.integers(len(_WORDS)))]
    sheet.text(word, centre=(w / 2, h * 0.15), height=h * 0.2, colour=colours[1])
    number = str(int(rng.integers(1, 99)))
    sheet.text(number, centre=(w / 2 + 0.3, h * 0.6 + 0.3), height=h * 0.68, colour=colours[1])
    sheet.text(number, centre=(w / 2, h * 0.6), height=h * 0.68, colour=colours[0])


def _shapes(rng: np.random.Generator, sheet: _Sheet, colours: tuple[RGB, RGB]) -> None:
    w, h = sheet.width, sheet.height
    for index in range(3):
        r = w * (0.46 - 0.13 * index)
        turn = float(rng.uniform(0, 90))
        corners = shift(rotate(line((-r, -r), (r, -r), (r, r), (-r, r)) * 0.72, turn), w / 2, h / 2)
        sheet.polygon(corners, colours[index % 2])
        inner = shift(rotate(line((-r, -r), (r, -r), (r, r), (-r, r)) * 0.64, turn), w / 2, h / 2)
        sheet.polygon(inner, mix(colours[(index + 1) % 2], (255, 250, 240), 0.12 * index))
    sheet.polygon(ellipse((w / 2, h / 2), w * 0.11, w * 0.11), colours[0])


def _botanical(rng: np.random.Generator, sheet: _Sheet, colours: tuple[RGB, RGB]) -> None:
    w, h = sheet.width, sheet.height
    for turn in (-34.0, -12.0, 12.0, 34.0):
        tip = rotate(line((w / 2, h * 0.16)), turn, (w / 2, h * 0.95))[0]
        stem = spline((w / 2, h * 0.95), (w / 2 + turn * 0.03, h * 0.6), tip)
        for i, (x, y) in enumerate(stem[3::3]):
            for side in (-1, 1):
                size = w * (0.16 - 0.012 * i)
                sheet.polygon(leaf((float(x), float(y)), size, turn + side * 52), colours[1])
        for outline in petals((float(tip[0]), float(tip[1])), w * 0.12, 6, turn):
            sheet.polygon(outline, colours[0])
        dot = w * 0.03
        sheet.polygon(ellipse((float(tip[0]), float(tip[1])), dot, dot), (220, 176, 70))


def _brush(rng: np.random.Generator, sheet: _Sheet, colours: tuple[RGB, RGB]) -> None:
    w, h = sheet.width, sheet.height
    for index in range(9):
        y = h * (0.12 + 0.09 * index)
        left, right = w * float(rng.uniform(0.02, 0.2)), w * float(rng.uniform(0.8, 0.98))
        thick = h * float(rng.uniform(0.02, 0.05))
        drop = h * float(rng.uniform(-0.05, 0.05))
        stroke = loop(
            (left, y), (w / 2, y - thick + drop), (right, y + drop / 2), (w / 2, y + thick + drop)
        )
        sheet.polygon(stroke, colours[index % 2])


_DRAWERS = {
    "typography": _typography,
    "sunset": _sunset,
    "number": _number,
    "shapes": _shapes,
    "botanical": _botanical,
    "brush": _brush,
}
