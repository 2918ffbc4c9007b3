"""Put garments into a picture: place, light, shade, cover, and say what is visible where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tagger.render.backdrop import BACKDROPS, Backdrop, draw_backdrop
from tagger.render.canvas import paint
from tagger.render.items import Drawing
from tagger.render.mannequin import WAIST_Y, hanger, mannequin
from tagger.render.placement import Placement, Sprite
from tagger.render.shading import FloatField, blur

__all__ = ["Scene", "Seen", "compose"]

Box = tuple[int, int, int, int]

_HIDDEN_BY_UPPER = ("waistband", "rise", "pockets", "belt_included", "closure")
_HIDDEN_BY_LOWER = ("hem", "length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A garment as it shows in the picture.

    Attributes:
        drawing: The garment.
        mask: (H, W), where it shows.
        box: x, y, width and height of the mask in pixels.
        parts: Part name to the box of what shows of it.
        hidden: Attributes that cannot be told because something covers them.
    """

    drawing: Drawing
    mask: NDArray[np.bool_]
    box: Box
    parts: dict[str, Box]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A finished picture.

    Attributes:
        rgb: (H, W, 3) uint8.
        seen: The garments, the primary one first.
    """

    rgb: NDArray[np.uint8]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """Something painted, back to front; `drawing` is None for props."""

    sprite: Sprite
    placement: Placement
    drawing: Drawing | None
    hidden: tuple[str, ...] = ()


def compose(
    garments: Sequence[Drawing], rng: np.random.Generator, *, image_wh: tuple[int, int]
) -> Scene:
    """Make a picture of one garment, or of an upper and a lower one worn together.

    Args:
        garments: The primary one first.
        rng: All of the scene's randomness.
        image_wh: Width and height in pixels.
    """
    standing = garments[0].stance == "stand"
    backdrop = _choose_backdrop(rng, upright=standing or len(garments) == 2)
    layers = _arrange(garments, rng, image_wh, backdrop)
    picture = draw_backdrop(backdrop, image_wh, rng)
    covers = [_spread(layer.sprite.alpha, layer.sprite.corner, image_wh) for layer in layers]
    together = 1.0 - np.prod([1.0 - cover for cover in covers], axis=0)
    picture = _cast_shadow(picture, together, standing=standing, backdrop=backdrop, rng=rng)
    for layer, cover in zip(layers, covers, strict=True):
        colour = _spread(layer.sprite.rgb, layer.sprite.corner, image_wh)
        picture = picture * (1 - cover[..., None]) + colour * cover[..., None]
    seen = []
    for index, layer in enumerate(layers):
        if layer.drawing is None:
            continue
        showing = covers[index] * np.prod([1.0 - c for c in covers[index + 1 :]], axis=0)
        found = _see(layer, showing > 0.5, image_wh)
        if found is not None:
            seen.append(found)
    seen.sort(key=lambda item: item.drawing is not garments[0])
    return Scene(rgb=_finish(picture, rng), seen=tuple(seen))


def _choose_backdrop(rng: np.random.Generator, *, upright: bool) -> Backdrop:
    names = [n for n in BACKDROPS if not (upright and n in ("wood", "linen"))]
    weights = np.asarray([BACKDROPS[name] for name in names], dtype=float)
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]


def _arrange(
    garments: Sequence[Drawing],
    rng: np.random.Generator,
    image_wh: tuple[int, int],
    backdrop: Backdrop,
) -> list[_Layer]:
    first = garments[0]
    if len(garments) == 2:
        return _dress_mannequin(garments, rng, image_wh)
    upright = backdrop in ("white", "studio", "wall", "tinted", "concrete")
    if upright and first.worn is not None and rng.random() < 0.3:
        return _dress_mannequin(garments, rng, image_wh)
    props: list[Drawing] = []
    if upright and first.worn in ("upper", "whole") and rng.random() < 0.3:
        props.append(hanger(rng))
    turn = 0.0 if props or first.stance == "stand" else float(rng.normal(0.0, 2.5))
    lying = backdrop in ("wood", "linen")
    if lying:
        turn *= 3.0
    placement = _fit([*props, first], rng, image_wh, degrees=turn, mirror=first.stance == "stand")
    layers = [_paint(prop, placement, rng, None) for prop in props]
    return [*layers, _paint(first, placement, rng, first)]


def _dress_mannequin(
    garments: Sequence[Drawing], rng: np.random.Generator, image_wh: tuple[int, int]
) -> list[_Layer]:
    """Put the garments on; an upper one usually hangs over the lower one."""
    by_place = {garment.worn: garment for garment in garments}
    upper, lower = by_place.get("upper") or by_place.get("whole"), by_place.get("lower")
    figure = mannequin(rng, upper=upper is not None, lower=lower is not None)
    shown = [figure, *([upper] if upper else [])]
    base = _fit(shown, rng, image_wh, degrees=0.0, mirror=False, lower=lower)
    layers = [_paint(figure, base, rng, None)]
    tucked = upper is not None and lower is not None and rng.random() < 0.25
    tucked = tucked and upper is not None and upper.bounds()[3] < 72.0
    x, y = base.origin
    below = Placement(px_per_cm=base.px_per_cm, origin=(x, y + WAIST_Y * base.px_per_cm))
    if lower is not None:
        hidden = _HIDDEN_BY_UPPER if upper is not None and not tucked else ()
        layers.append(_paint(lower, below, rng, lower, hidden))
    if upper is not None:
        layers.append(_paint(upper, base, rng, upper, _HIDDEN_BY_LOWER if tucked else ()))
    if tucked:
        layers[1], layers[2] = layers[2], layers[1]
    return layers


def _paint(
    drawing: Drawing,
    placement: Placement,
    rng: np.random.Generator,
    garment: Drawing | None,
    hidden: tuple[str, ...] = (),
) -> _Layer:
    sprite = paint(drawing, placement, rng)
    return _Layer(sprite=sprite, placement=placement, drawing=garment, hidden=hidden)


def _fit(
    drawings: Sequence[Drawing],
    rng: np.random.Generator,
    image_wh: tuple[int, int],
    *,
    degrees: float,
    mirror: bool,
    lower: Drawing | None = None,
) -> Placement:
    """Scale and centre so that everything is inside, with a catalog's margins."""
    boxes = [drawing.bounds() for drawing in drawings]
    if lower is not None:
        x0, y0, x1, y1 = lower.bounds()
        boxes.append((x0, y0 + WAIST_Y, x1, y1 + WAIST_Y))
    x0, y0 = min(b[0] for b in boxes), min(b[1] for b in boxes)
    x1, y1 = max(b[2] for b in boxes), max(b[3] for b in boxes)
    width, height = image_wh
    flip = bool(mirror and rng.random() < 0.5)
    unit = Placement(px_per_cm=1.0, origin=(0.0, 0.0), degrees=degrees, mirrored=flip)
    corners = unit.to_pixels(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
    low, high = corners.min(axis=0), corners.max(axis=0)
    fill = float(rng.uniform(0.74, 0.92))
    scale = min(width * fill / (high[0] - low[0]), height * fill / (high[1] - low[1]))
    slack = np.array([width, height]) - scale * (high - low)
    at = slack * (0.5 + rng.uniform(-0.08, 0.08, 2)) - scale * low
    return Placement(
        px_per_cm=float(scale), origin=(float(at[0]), float(at[1])), degrees=degrees, mirrored=flip
    )


def _spread(field: FloatField, corner: tuple[int, int], image_wh: tuple[int, int]) -> FloatField:
    """Copy a sprite's field into a picture-sized one."""
    width, height = image_wh
    out = np.zeros((height, width, *field.shape[2:]), dtype=np.float32)
    x, y = corner
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(width, x + field.shape[1]), min(height, y + field.shape[0])
    out[y0:y1, x0:x1] = field[y0 - y : y1 - y, x0 - x : x1 - x]
    return out


def _cast_shadow(
    picture: FloatField,
    cover: FloatField,
    *,
    standing: bool,
    backdrop: Backdrop,
    rng: np.random.Generator,
) -> FloatField:
    """Darken the backdrop where the garments keep the light off."""
    strength = float(rng.uniform(0.16, 0.34)) * (0.55 if backdrop == "white" else 1.0)
    small = cover[::2, ::2]
    if standing:
        rows = np.flatnonzero(cover.max(axis=1) > 0.5)
        floor = int(rows[-1]) if len(rows) else cover.shape[0] - 1
        near = cover[max(0, floor - 16) : floor + 1].max(axis=0)
        puddle = np.zeros_like(cover)
        puddle[max(0, floor - 4) : floor + 5] = near
        shade = 0.9 * blur(puddle[::2, ::2], 5.0) + 1.1 * blur(puddle[::2, ::2], 14.0)
        shade = np.clip(shade * 2.0, 0.0, 1.2)
        strength *= 1.5
    else:
        pad = 32
        padded = np.pad(small, pad)
        moved = np.roll(padded, (5, 3), axis=(0, 1))
        shade = (0.55 * blur(moved, 3.0) + 0.6 * blur(moved, 10.0))[pad:-pad, pad:-pad]
    big = Image.fromarray(np.ascontiguousarray(shade, dtype=np.float32)).resize(
        (cover.shape[1], cover.shape[0]), Image.Resampling.BILINEAR
    )
    shadow = np.asarray(big, dtype=np.float32)[..., None] * np.float32(strength)
    tint = np.asarray([1.0, 0.97, 0.93], dtype=np.float32)
    return (picture * (1.0 - shadow * tint)).astype(np.float32)


def _see(layer: _Layer, mask: NDArray[np.bool_], image_wh: tuple[int, int]) -> Seen | None:
    box = _box(mask)
    if box is None or layer.drawing is None or mask.sum() < 60:
        return None
    parts = {}
    for name, outlines in layer.drawing.part_outlines().items():
        image = Image.new("1", image_wh, 0)
        draw = ImageDraw.Draw(image)
        for outline in outlines:
            at = layer.placement.to_pixels(outline)
            draw.polygon([(float(x), float(y)) for x, y in at], fill=1)
        part = _box(np.asarray(image, dtype=bool) & mask)
        if part is not None:
            parts[name] = part
    return Seen(drawing=layer.drawing, mask=mask, box=box, parts=parts, hidden=layer.hidden)


def _box(mask: NDArray[np.bool_]) -> Box | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    x, y = int(columns[0]), int(rows[0])
    return (x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y)


def _finish(picture: FloatField, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add exposure, white balance and sensor noise."""
    gain = float(rng.uniform(0.97, 1.02)) * (1.0 + rng.normal(0.0, 0.008, 3))
    noise = rng.standard_normal(picture.shape).astype(np.float32) * np.float32(
        rng.uniform(0.4, 1.4)
    )
    white = np.float32(1.0) - np.clip((picture - 246.0) / 9.0, 0.0, 1.0)  # paper white stays clean
    lit = picture * gain.astype(np.float32) + noise * white
    bright = np.where(picture > 250.0, np.maximum(lit, picture - 3.0), lit)
    return np.clip(bright + 0.5, 0, 255).astype(np.uint8)
