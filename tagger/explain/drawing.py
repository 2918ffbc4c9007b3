"""Draw maps over the original picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from ontology.model import AttributeId, Ontology, ValueId
    from tagger.explain.maps import CellMap, Region

__all__ = ["compose", "draw"]

_STRONGEST = 0.62  # opacity where the heat is 1; the cloth stays visible
_LONG_SIDE_PX = 1024


def heat_over(cell_map: CellMap, image_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Spread a map over its picture: (H, W), 0..1, 0 outside the grid."""
    import cv2

    x, y, wide, high = cell_map.box
    rows, columns = cell_map.heat.shape
    # Pixel centres to cell centres: bilinear between cells, held at the grid's edge.
    at_x = (np.arange(image_wh[0], dtype=np.float32) + 0.5 - x) / wide * columns - 0.5
    at_y = (np.arange(image_wh[1], dtype=np.float32) + 0.5 - y) / high * rows - 0.5
    grid_x, grid_y = np.meshgrid(at_x, at_y)
    spread = cv2.remap(
        cell_map.heat,
        grid_x.clip(0, columns - 1).astype(np.float32),
        grid_y.clip(0, rows - 1).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    outside = (grid_x < -0.5) | (grid_x > columns - 0.5) | (grid_y < -0.5) | (grid_y > rows - 0.5)
    return np.where(outside, np.float32(0), spread).astype(np.float32)


def draw(image: Image, cell_map: CellMap) -> Image:
    """Lay a map over its picture; a map that is not to be trusted is drawn in grey.

    Args:
        image: RGB, the picture that the map's box is measured in.
        cell_map: What to lay over it.

    Returns:
        RGB, of the same size.
    """
    from PIL import Image as Pictures

    heat = heat_over(cell_map, image.size)
    colours = _colours(heat, is_grey=cell_map.is_trusted is False)
    opacity = (_STRONGEST * heat)[..., None]
    mixed = np.asarray(image.convert("RGB"), dtype=np.float32) * (1 - opacity) + colours * opacity
    return Pictures.fromarray(mixed.round().astype(np.uint8))


def _colours(heat: NDArray[np.float32], *, is_grey: bool) -> NDArray[np.float32]:
    """Colour heat (H, W) so that it grows brighter, also for those who see no red; (H, W, 3)."""
    import cv2

    levels = (255 * heat).round().astype(np.uint8)
    if is_grey:
        return np.repeat(levels[..., None], 3, axis=2).astype(np.float32)
    coloured = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return coloured.astype(np.float32)


def compose(
    image: Image,
    garments: Sequence[tuple[Region, Sequence[tuple[AttributeId, ValueId, float, CellMap]]]],
    ontology: Ontology,
) -> Image:
    """Put all decided attributes of a picture's garments, each with its map, into one picture.

    Args:
        image: RGB.
        garments: For every garment its (attribute, value, score 0..1, map) tuples.
        ontology: Gives the labels that are written below the maps.

    Returns:
        RGB: the picture with numbered boxes, then one small overlay a value.
    """
    from tagger.explain.sheet import sheet

    return sheet(image, garments, ontology, draw=draw)
