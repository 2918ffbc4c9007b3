"""One picture with everything that a reviewer wants to see of a task: boxes, values and maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from ontology.model import AttributeId, Ontology, ValueId
    from tagger.explain.maps import CellMap, Region

    Draw = Callable[[Image, CellMap], Image]
    Cell = tuple[AttributeId, ValueId, float, CellMap]

__all__ = ["sheet"]

_WIDTH_PX = 1000
_PICTURE_PX = 420
_TILE_PX = 180
_GAP_PX = 10
_TEXT_PX = 15
_LINES = 3
_TILE_HIGH = _TILE_PX + _LINES * (_TEXT_PX + 4) + _GAP_PX
_PAPER, _INK, _WARNING = (255, 255, 255), (28, 28, 28), (160, 30, 20)
_FRAMES = ((0, 90, 181), (220, 50, 32), (64, 120, 0), (120, 60, 160))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    """One map, cut to its garment, and the lines below it."""

    picture: Image
    lines: tuple[str, ...]
    is_doubtful: bool
    colour: tuple[int, int, int]


def sheet(
    image: Image,
    garments: Sequence[tuple[Region, Sequence[Cell]]],
    ontology: Ontology,
    *,
    draw: Draw,
) -> Image:
    """Put a picture with numbered boxes beside small overlays, one a value.

    Args:
        image: RGB.
        garments: For every garment its (attribute, value, score 0..1, map) tuples.
        ontology: Gives the labels.
        draw: Lays a map over a picture.

    Returns:
        RGB, 1000 px wide, as high as its content.
    """
    from PIL import Image as Pictures
    from PIL import ImageDraw as Drawings

    font = _font()
    small = _numbered(image, [region for region, _ in garments], font)
    tiles = [
        _tile(image, region, cell, number, ontology, draw, several=len(garments) > 1)
        for number, (region, cells) in enumerate(garments, start=1)
        for cell in cells
    ]
    places = list(_places(len(tiles), small.size))
    high = max([small.height + 2 * _GAP_PX, *(y + _TILE_HIGH for _, y in places)])
    paper = Pictures.new("RGB", (_WIDTH_PX, high), _PAPER)
    paper.paste(small, (_GAP_PX, _GAP_PX))
    pen = Drawings.Draw(paper)
    for tile, place in zip(tiles, places, strict=True):
        _put(paper, pen, tile, place, font)
    return paper


def _places(count: int, picture_wh: tuple[int, int]) -> list[tuple[int, int]]:
    """Give the tiles' corners: right of the picture first, then rows below it over the full width.

    Args:
        count: Number of tiles.
        picture_wh: Size of the picture in the left upper corner.
    """
    step = _TILE_PX + _GAP_PX
    beside = picture_wh[0] + 2 * _GAP_PX
    below = picture_wh[1] + 2 * _GAP_PX
    places: list[tuple[int, int]] = []
    y = _GAP_PX
    while len(places) < count:
        left = beside if y < below else _GAP_PX
        places += [(x, y) for x in range(left, _WIDTH_PX - step + 1, step)]
        y += _TILE_HIGH
    return places[:count]


def _numbered(image: Image, regions: Sequence[Region], font: FreeTypeFont) -> Image:
    """Shrink a picture and draw its numbered boxes."""
    from PIL import ImageDraw as Drawings

    scale = min(_PICTURE_PX / image.width, 1.5 * _PICTURE_PX / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.convert("RGB").resize(size)
    pen = Drawings.Draw(small)
    for number, region in enumerate(regions, start=1):
        colour = _FRAMES[(number - 1) % len(_FRAMES)]
        x0, y0, x1, y1 = (edge * scale for edge in region.box.xyxy)
        pen.rectangle((x0, y0, x1 - 1, y1 - 1), outline=colour, width=3)
        pen.rectangle((x0, y0, x0 + 20, y0 + 22), fill=colour)
        pen.text((x0 + 6, y0 + 2), str(number), fill=_PAPER, font=font)
    return small


def _tile(
    image: Image,
    region: Region,
    cell: Cell,
    number: int,
    ontology: Ontology,
    draw: Draw,
    *,
    several: bool,
) -> _Tile:
    attribute, value, score, cell_map = cell
    name = ontology.attribute(attribute).label
    if several:
        name = f"{number} {name}"
    said = ontology.value(attribute, value).label
    if cell_map.contrast_with is not None:
        said += f", not {ontology.value(attribute, cell_map.contrast_with).label}"
    doubtful = cell_map.is_trusted is False
    return _Tile(
        picture=_cut(draw(image, cell_map), cell_map),
        lines=(name, f"{said} {score:.0%}", *(("not to be trusted",) if doubtful else ())),
        is_doubtful=doubtful,
        colour=_FRAMES[(number - 1) % len(_FRAMES)],
    )


def _cut(overlaid: Image, cell_map: CellMap) -> Image:
    """Cut an overlay to its grid and fit it into a tile."""
    from PIL import Image as Pictures

    x, y, wide, high = cell_map.box
    scale = _TILE_PX / max(wide, high)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    left, top = max(0.0, x), max(0.0, y)
    right = min(float(overlaid.width), x + wide)
    bottom = min(float(overlaid.height), y + high)
    part = overlaid.resize(
        (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))),
        box=(left, top, right, bottom),
    )
    tile = Pictures.new("RGB", size, (235, 235, 235))
    tile.paste(part, (round((left - x) * scale), round((top - y) * scale)))
    return tile


def _put(
    paper: Image, pen: ImageDraw, tile: _Tile, place: tuple[int, int], font: FreeTypeFont
) -> None:
    x, y = place
    paper.paste(tile.picture, (x + (_TILE_PX - tile.picture.width) // 2, y))
    pen.rectangle((x, y, x + _TILE_PX - 1, y + _TILE_PX - 1), outline=tile.colour)
    for at, line in enumerate(tile.lines):
        is_warning = tile.is_doubtful and at == len(tile.lines) - 1
        pen.text(
            (x, y + _TILE_PX + 2 + at * (_TEXT_PX + 4)),
            _shortened(line, font),
            fill=_WARNING if is_warning else _INK,
            font=font,
        )


def _shortened(line: str, font: FreeTypeFont) -> str:
    if font.getlength(line) <= _TILE_PX:
        return line
    while line and font.getlength(line + "…") > _TILE_PX:
        line = line[:-1]
    return line + "…"


def _font() -> FreeTypeFont:
    """Load the font that matplotlib brings along: it knows more scripts than Pillow's own."""
    from pathlib import Path

    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(
        Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", _TEXT_PX
    )
