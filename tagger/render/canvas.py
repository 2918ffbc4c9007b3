"""Paint a drawing's panels, strokes and buttons with light, cloth and contact shadows."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tagger.render.geometry import Points, ellipse, line
from tagger.render.items import Button, Drawing, Panel, Stroke
from tagger.render.placement import Placement, Sprite
from tagger.render.raster import dashes, enlarge, lit, read_noise
from tagger.render.shading import FloatField, blur, fold_height, light, noise_tile, puff

__all__ = ["Placement", "Sprite", "paint"]

_WORK = 2  # painted at twice the final size
_EDGE = 2  # outlines at twice that again
_COARSE = 4  # light is computed at a quarter of the painted size
_MARGIN_PX = 6


def paint(drawing: Drawing, placement: Placement, rng: np.random.Generator) -> Sprite:
    """Paint a drawing.

    Args:
        drawing: What to paint.
        placement: Where and how large.
        rng: For the wrinkles.
    """
    x0, y0, x1, y1 = drawing.bounds()
    corners = placement.to_pixels(line((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    low = np.floor(corners.min(axis=0)).astype(int) - _MARGIN_PX
    high = np.ceil(corners.max(axis=0)).astype(int) + _MARGIN_PX
    block = _COARSE // _WORK
    size = (-(-(high - low) // block) * block) * _WORK
    canvas = _Canvas(placement, low, (int(size[0]), int(size[1])), rng)
    for item in drawing.items:
        if isinstance(item, Panel):
            canvas.panel(item)
        elif isinstance(item, Stroke):
            canvas.stroke(item)
        else:
            canvas.button(item)
    return canvas.sprite()


class _Canvas:
    """The painting in progress, at twice the final size."""

    def __init__(
        self,
        placement: Placement,
        low: np.typing.NDArray[np.int_],
        size: tuple[int, int],
        rng: np.random.Generator,
    ) -> None:
        self.scale = placement.px_per_cm * _WORK
        self._matrix = placement.matrix() * _WORK
        self._shift = (np.asarray(placement.origin) - low) * _WORK
        self._low = low
        width, height = size
        self.rgb = np.zeros((height, width, 3), dtype=np.float32)
        self.alpha = np.zeros((height, width), dtype=np.float32)
        inverse = np.linalg.inv(self._matrix)
        px, py = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        px, py = px - self._shift[0], py - self._shift[1]
        self._x = (px * inverse[0, 0] + py * inverse[1, 0]).astype(np.float32)
        self._y = (px * inverse[0, 1] + py * inverse[1, 1]).astype(np.float32)
        self._wrinkles = noise_tile(rng, size=128, cells=(5, 9))
        self._ripples = noise_tile(rng, size=128, cells=(26, 30))

    def _pixels(self, points: Points) -> Points:
        mapped: Points = points @ self._matrix + self._shift
        return mapped

    def _window(self, points: Points, grow: float = 2.0) -> tuple[slice, slice] | None:
        """The part of the canvas that holds the points, in whole coarse blocks."""
        height, width = self.alpha.shape
        low = np.floor((points.min(axis=0) - grow) / _COARSE).astype(int) * _COARSE
        high = np.ceil((points.max(axis=0) + grow) / _COARSE).astype(int) * _COARSE
        x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
        x1, y1 = min(width, int(high[0])), min(height, int(high[1]))
        return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None

    def _mask(
        self, outline: Points, window: tuple[slice, slice], holes: tuple[Points, ...] = ()
    ) -> FloatField:
        rows, columns = window
        size = ((columns.stop - columns.start) * _EDGE, (rows.stop - rows.start) * _EDGE)
        image = Image.new("L", size, 0)
        draw = ImageDraw.Draw(image)
        corner = np.array([columns.start, rows.start])
        for points, value in ((outline, 255), *((hole, 0) for hole in holes)):
            at = (points - corner) * _EDGE
            draw.polygon([(float(x), float(y)) for x, y in at], fill=value)
        return np.asarray(image.reduce(_EDGE), dtype=np.float32) / np.float32(255.0)

    def panel(self, panel: Panel) -> None:
        outline = self._pixels(panel.outline)
        holes = tuple(self._pixels(hole) for hole in panel.inside)
        window = self._window(outline)
        if window is None:
            return
        mask = self._mask(outline, window, holes)
        if panel.lift > 0:
            self._contact_shadow(outline, holes, panel.lift)
        x, y = self._x[window], self._y[window]
        shade, slope_x, slope_y = self._shade(panel, mask, x, y)
        colour = self._colours(panel, x - 0.25 * slope_x, y - 0.25 * slope_y)
        colour = lit(colour, shade * np.float32(panel.tone), panel)
        self._blend(window, mask, colour)

    def _shade(
        self, panel: Panel, mask: FloatField, x: FloatField, y: FloatField
    ) -> tuple[FloatField, FloatField, FloatField]:
        """Light and slopes of a panel, computed coarsely and enlarged."""
        coarse = mask.reshape(mask.shape[0] // _COARSE, _COARSE, -1, _COARSE).mean(axis=(1, 3))
        cx, cy = x[2::_COARSE, 2::_COARSE], y[2::_COARSE, 2::_COARSE]
        per_cm = self.scale / _COARSE
        warp = read_noise(self._wrinkles, cx, cy, 2.2)
        height = puff(
            coarse, px_per_cm=per_cm, edge=panel.edge, height=panel.puff, open_end=panel.open_end
        )
        if panel.folds:
            height = height + fold_height(panel.folds, cx + 0.9 * warp, cy + 0.7 * warp)
        for pleats in panel.pleats:
            height = height + pleats.height(cx + 0.25 * warp, cy)
        wrinkles = warp + 0.16 * read_noise(self._ripples, cx, cy, 2.2)
        height = np.asarray(height + panel.wrinkle * wrinkles, dtype=np.float32)
        lit, slope_x, slope_y = light(blur(height, 0.7), px_per_cm=per_cm)
        size = (mask.shape[1], mask.shape[0])
        return enlarge(lit, size), enlarge(slope_x, size), enlarge(slope_y, size)

    def _colours(self, panel: Panel, x: FloatField, y: FloatField) -> FloatField:
        angle = np.deg2rad(panel.angle)
        dx, dy = x - np.float32(panel.pivot[0]), y - np.float32(panel.pivot[1])
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        colour = panel.fabric.sample(dx * cos + dy * sin, dy * cos - dx * sin)
        if panel.decal is None:
            return colour
        left, top, width, height = panel.decal.box
        picture = panel.decal.image
        column = ((x - left) * (picture.shape[1] / width)).astype(np.int32)
        row = ((y - top) * (picture.shape[0] / height)).astype(np.int32)
        inside = (x >= left) & (y >= top) & (column < picture.shape[1]) & (row < picture.shape[0])
        print_ = picture[np.where(inside, row, 0), np.where(inside, column, 0)]
        cover = np.where(inside, print_[..., 3] / 255.0, 0.0)[..., None].astype(np.float32)
        printed: FloatField = colour * (1 - cover) + print_[..., :3] * cover
        return printed

    def _contact_shadow(self, outline: Points, holes: tuple[Points, ...], lift: float) -> None:
        reach = 1.3 * self.scale
        window = self._window(outline, grow=reach)
        if window is None:
            return
        mask = self._mask(outline + np.array([0.18, 0.4]) * self.scale, window, holes)
        coarse = mask.reshape(mask.shape[0] // _COARSE, _COARSE, -1, _COARSE).mean(axis=(1, 3))
        pad = int(3.2 * self.scale / _COARSE) + 4
        coarse = np.pad(coarse, pad)
        near = blur(coarse, 0.28 * self.scale / _COARSE)
        far = blur(coarse, 0.9 * self.scale / _COARSE)
        both = (0.5 * near + 0.5 * far)[pad:-pad, pad:-pad]
        shadow = enlarge(both, (mask.shape[1], mask.shape[0]))
        self.rgb[window] *= (1.0 - np.float32(0.5 * lift) * shadow)[..., None]

    def _blend(self, window: tuple[slice, slice], mask: FloatField, colour: FloatField) -> None:
        cover = mask[..., None]
        under = self.alpha[window]
        total = under + mask - under * mask
        kept = (under * (1.0 - mask))[..., None]
        mixed = (self.rgb[window] * kept + colour * cover) / np.maximum(total, 1e-6)[..., None]
        self.rgb[window] = np.where(total[..., None] > 1e-6, mixed, 0.0)
        self.alpha[window] = total

    def stroke(self, stroke: Stroke) -> None:
        curve = self._pixels(stroke.curve)
        width = stroke.width * self.scale
        window = self._window(curve, grow=width + 3)
        if window is None:
            return
        mask = self._line_mask(curve, window, width, stroke)
        if stroke.raised:
            self._raised(window, curve, width, stroke, mask)
            return
        mask *= np.float32(stroke.opacity)
        if stroke.colour is None:
            self.rgb[window] *= 1.0 - mask[..., None]
            return
        # A stitch lies on the cloth: it never reaches beyond it.
        cover = (mask * (self.alpha[window] > 0.5))[..., None]
        colour = np.asarray(stroke.colour, dtype=np.float32)
        self.rgb[window] = self.rgb[window] * (1 - cover) + colour * cover

    def _raised(
        self,
        window: tuple[slice, slice],
        curve: Points,
        width: float,
        stroke: Stroke,
        mask: FloatField,
    ) -> None:
        """Paint a cord: darker at its lower right side, with a soft shadow on what is under it."""
        moved = curve + np.array([0.06, 0.12]) * self.scale
        shadow = self._line_mask(moved, window, width * 1.15, stroke)
        self.rgb[window] *= (1.0 - 0.3 * shadow)[..., None]
        shine = self._line_mask(curve - width * 0.16, window, width * 0.45, stroke)
        base = np.asarray(stroke.colour or (120.0, 120.0, 120.0), dtype=np.float32)
        tone = (0.8 + 0.3 * shine)[..., None]
        self._blend(window, mask, np.clip(base * tone + 12 * shine[..., None], 0, 255))

    def _line_mask(
        self, curve: Points, window: tuple[slice, slice], width: float, stroke: Stroke
    ) -> FloatField:
        rows, columns = window
        size = ((columns.stop - columns.start) * _EDGE, (rows.stop - rows.start) * _EDGE)
        image = Image.new("L", size, 0)
        draw = ImageDraw.Draw(image)
        at = (curve - np.array([columns.start, rows.start])) * _EDGE
        thick = max(1, round(width * _EDGE))
        for piece in dashes(at, stroke.dash, self.scale * _EDGE):
            points = [(float(x), float(y)) for x, y in piece]
            draw.line(points, fill=255, width=thick, joint="curve")
            if thick > 5 and stroke.dash is None:
                for x, y in (points[0], points[-1]):
                    half = thick / 2
                    draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
        thin = min(1.0, width * _EDGE / thick)
        return np.asarray(image.reduce(_EDGE), dtype=np.float32) * np.float32(thin / 255.0)

    def button(self, button: Button) -> None:
        outline = self._pixels(ellipse(button.centre, button.radius, button.radius))
        window = self._window(outline, grow=4)
        if window is None:
            return
        self._contact_shadow(outline, (), 0.6)
        mask = self._mask(outline, window)
        dx = (self._x[window] - np.float32(button.centre[0])) / np.float32(button.radius)
        dy = (self._y[window] - np.float32(button.centre[1])) / np.float32(button.radius)
        distance = np.hypot(dx, dy)
        rim = np.exp(-(((distance - 0.75) / 0.16) ** 2))
        shade = 1.0 - 0.14 * (dx + dy) * np.minimum(distance, 1) - 0.12 * rim * np.sign(-dx - dy)
        for turn in range(button.holes):
            angle = np.pi / 4 + turn * 2 * np.pi / button.holes
            hole = np.hypot(dx - 0.3 * np.cos(angle), dy - 0.3 * np.sin(angle))
            shade -= 0.55 * np.clip(1.6 - hole / 0.12, 0.0, 1.0)
        shine = button.gloss * 90 * np.exp(-(((dx + 0.35) ** 2 + (dy + 0.4) ** 2) / 0.10))
        colour = np.asarray(button.colour, dtype=np.float32) * shade[..., None] + shine[..., None]
        self._blend(window, mask, np.clip(colour, 0, 255).astype(np.float32))

    def sprite(self) -> Sprite:
        """Shrink to the final size, colours weighted by coverage."""
        height, width = self.alpha.shape
        shape = (height // _WORK, _WORK, width // _WORK, _WORK)
        alpha = self.alpha.reshape(shape).mean(axis=(1, 3))
        weighted = (self.rgb * self.alpha[..., None]).reshape(*shape, 3).mean(axis=(1, 3))
        rgb = weighted / np.maximum(alpha, 1e-6)[..., None]
        return Sprite(rgb=rgb, alpha=alpha, corner=(int(self._low[0]), int(self._low[1])))
