"""Where the cells of a network's last map lie in its input and in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagger.model import ModelConfig

__all__ = ["Grid", "grid_over", "grid_span"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where a map lies on what became the network's input, seen as the picture shows it.

    Attributes:
        across: First and last edge of the columns, in shares of the input's width.
        down: First and last edge of the rows, in shares of its height.
        box: Left, top, width and height in pixels of the picture.
    """

    across: tuple[float, float]
    down: tuple[float, float]
    box: tuple[float, float, float, float]


def grid_span(config: ModelConfig, *, cells: int) -> tuple[float, float]:
    """Give the first and last edge of a map along one side of the input, in shares of that side.

    A backbone with TensorFlow's padding centres a cell between two old ones where it halves an even
    size, and on every second one where it halves an odd size: its map is shifted to the right and
    down, and its last cells lie on the input's edge. Other backbones' maps are taken to cover the
    input evenly.

    Args:
        config: Whose backbone and input size.
        cells: Number of cells along the side.
    """
    size = config.image_size
    if not config.backbone.startswith("tf_"):
        return 0.0, 1.0
    sides = [size]
    while sides[-1] > cells:
        sides.append((sides[-1] + 1) // 2)
    centre, stride = 0, 2 ** (len(sides) - 1)
    for side in reversed(sides[:-1]):
        centre = 2 * centre + (side % 2 == 0)
    first = centre + 0.5 - stride / 2
    return first / size, (first + stride * cells) / size


def grid_over(
    window: tuple[float, float, float, float], span: tuple[float, float], *, is_mirrored: bool
) -> Grid:
    """Place a map in its picture; a map of a mirrored input is taken to be mirrored back.

    Args:
        window: Corners (x0, y0, x1, y1), in pixels of the picture, of what became the input.
        span: What `grid_span` gives; the same on both sides.
        is_mirrored: Whether the network saw the window in a mirror.
    """
    x0, y0, x1, y1 = window
    first, last = span
    across = (1.0 - last, 1.0 - first) if is_mirrored else span
    width, height = x1 - x0, y1 - y0
    box = (
        x0 + across[0] * width,
        y0 + first * height,
        (last - first) * width,
        (last - first) * height,
    )
    return Grid(across=across, down=span, box=box)
