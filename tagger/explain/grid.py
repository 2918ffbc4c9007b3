"""Where the cells of a network's last map lie in its input and in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagger.model import ModelConfig

__all__ = ["grid_box", "grid_span"]


def grid_span(config: ModelConfig, *, cells: int) -> tuple[float, float]:
    """Give the first and last edge of a map along one side of the input, in shares of that side.

    A backbone with TensorFlow's padding halves an input of even size to cells that are centred
    between two old ones, one of odd size to cells that are centred on every second one; so that
    the last cells of a size that the stride does not divide lie on the input's edge. Other
    backbones' maps are taken to cover the input evenly.

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


def grid_box(
    window: tuple[float, float, float, float], span: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Give left, top, width and height of a grid in pixels of the picture.

    Args:
        window: Corners (x0, y0, x1, y1), in pixels of the picture, of what became the input.
        span: What `grid_span` gives; the same on both sides.
    """
    x0, y0, x1, y1 = window
    first, last = span
    width, height = x1 - x0, y1 - y0
    return x0 + first * width, y0 + first * height, (last - first) * width, (last - first) * height
