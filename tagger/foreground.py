"""Tell a product from the plain background of a catalog photograph.

Catalog photographs show the product in front of one even colour, often with a soft shadow.
The background is estimated from the border as a smooth surface in CIE Lab, so that a studio
gradient is background and not product. A pixel belongs to the product if its colour leaves that
surface, or if it carries fine texture: an off-white product on white shows only its outline and
folds, while a soft shadow is darker but has neither colour nor fine texture. What the background
cannot reach is filled.

The test for a plain background is stated in `PlainBackground`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.boxes import PixelBox

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    FloatArray = NDArray[np.float32]
    Mask = NDArray[np.bool_]

__all__ = ["Foreground", "PlainBackground", "find_foreground", "foreground_box", "skin_share"]

_WORK_SIDE_PX = 256  # finer does not move the boxes, coarser loses straps and thin outlines
_RING_SHARE = 0.02
_INLIER_DELTA = 6.0
_RINGING_REACH_PX = 17
_RINGING_SHARE = 0.12
_MIN_PLAIN_SHARE = 0.62
_MAX_PLAIN_NOISE = 1.6
_KEEP_COMPONENT_SHARE = 0.006


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBackground:
    """The background's colour as a surface, and how well the border agrees with it.

    Attributes:
        surface: (H, W, 3) CIE Lab, what the picture would be without a product.
        inliers: (H, W) border pixels that agree within 6 units of Lab distance.
        share: Share of the border's pixels that agree, 0 to 1.
        noise: Standard deviation of the agreeing pixels around the surface, Lab units.
    """

    surface: FloatArray
    inliers: Mask
    share: float
    noise: float

    @property
    def is_plain(self) -> bool:
        """Whether at least 62 % of the border agree with one surface to 1.6 units of noise."""
        return self.share >= _MIN_PLAIN_SHARE and self.noise <= _MAX_PLAIN_NOISE


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreground:
    """What is not background.

    Attributes:
        mask: (h, w), the whole picture at its own size or at 256 px on the long side, whichever
            is smaller.
        background: What the mask was found against.
        score: How plain the background and how distinct the foreground is, 0 to 1.
    """

    mask: Mask
    background: PlainBackground
    score: float


def find_foreground(image: Image) -> Foreground:
    """Mark what is not background in an RGB picture, whatever the background is."""
    lab = _small_lab(image)
    background = _fit_background(lab)
    mask = _keep_large(_foreground(lab, background))
    return Foreground(mask=mask, background=background, score=_distinctness(lab, background, mask))


def skin_share(image: Image, mask: Mask) -> float:
    """Share of a mask of an RGB picture that has the chroma of skin (Chai and Ngan 1999, widened).

    Brown leather and beige cloth have it too: a low share says that no person is in the mask, a
    high one says nothing.
    """
    import cv2

    height, width = mask.shape
    small = cv2.resize(
        np.asarray(image.convert("RGB")), (width, height), interpolation=cv2.INTER_AREA
    )
    luma, red, blue = np.moveaxis(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), -1, 0)
    skin = (red > 135) & (red < 180) & (blue > 85) & (blue < 127) & (luma > 60)
    return float((skin & mask).sum() / max(1, mask.sum()))


def _small_lab(image: Image) -> FloatArray:
    """Shrink to 256 px on the long side and convert to (H, W, 3) float32 CIE Lab."""
    import cv2

    longest = max(image.size)
    rgb = np.asarray(image.convert("RGB"))
    if longest > _WORK_SIDE_PX:
        if longest > 4 * _WORK_SIDE_PX:  # averaging every pixel of a 20 MP picture is slow
            image = image.reduce(longest // (2 * _WORK_SIDE_PX))
            rgb = np.asarray(image.convert("RGB"))
        scale = _WORK_SIDE_PX / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.asarray(lab, dtype=np.float32)


def _fit_background(lab: FloatArray) -> PlainBackground:
    """Fit a quadratic surface to the border, from its commonest colour outwards.

    Products that leave the picture cover part of the border, so pixels that disagree are dropped
    and the fit repeated; a plane comes first because a quadratic one can bend towards the product.
    """
    height, width = lab.shape[:2]
    ring = _ring(height, width)
    samples = lab[ring]
    full_basis = _basis(height, width)
    basis = full_basis[ring]
    near = np.linalg.norm(samples - _commonest(samples), axis=1) < _INLIER_DELTA
    weights = np.zeros((6, 3), dtype=np.float32)
    for terms in (1, 3, 3, 6, 6):
        if near.sum() < 12:
            break
        weights[:] = 0.0
        weights[:terms] = np.linalg.lstsq(basis[near][:, :terms], samples[near], rcond=None)[0]
        distance = np.linalg.norm(samples - basis @ weights, axis=1)
        near = distance < _INLIER_DELTA
    residual = (samples - basis @ weights)[near]
    inliers = np.zeros((height, width), dtype=bool)
    inliers[ring] = near
    return PlainBackground(
        surface=(full_basis @ weights).astype(np.float32),
        inliers=inliers,
        share=float(near.mean()),
        noise=float(np.sqrt((residual**2).mean())) if near.any() else float("inf"),
    )


def _ring(height: int, width: int) -> Mask:
    depth = max(2, round(_RING_SHARE * min(height, width)))
    ring = np.ones((height, width), dtype=bool)
    ring[depth:-depth, depth:-depth] = False
    return ring


def _basis(height: int, width: int) -> FloatArray:
    """(H, W, 6) terms 1, x, y, xy, xx, yy with x and y from -1 to 1."""
    y, x = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32),
        np.linspace(-1, 1, width, dtype=np.float32),
        indexing="ij",
    )
    return np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)


def _commonest(samples: FloatArray) -> FloatArray:
    """The mean colour of the fullest cell of a coarse colour histogram."""
    cells = np.floor(samples / 6.0).astype(np.int64) + 32
    keys = (cells[:, 0] << 16) | (cells[:, 1] << 8) | cells[:, 2]
    values, counts = np.unique(keys, return_counts=True)
    mean: FloatArray = samples[keys == values[counts.argmax()]].mean(axis=0)
    return mean


def _foreground(lab: FloatArray, background: PlainBackground) -> Mask:
    """Mark what differs from the background in colour or in fine texture, holes filled."""
    import cv2

    difference = lab - background.surface
    noise = max(0.3, background.noise)
    lightness = difference[..., 0]
    chroma = np.hypot(difference[..., 1], difference[..., 2])
    distance = np.hypot(lightness, chroma)
    fine = np.linalg.norm(lab - cv2.GaussianBlur(lab, (0, 0), 1.5), axis=2)
    quiet = fine[background.inliers] if background.inliers.any() else fine
    fine_noise = float(quiet.mean() + 4.0 * quiet.std())

    # JPEG rings in its blocks of 8 px in proportion to the contrast that it meets there.
    contrast = cv2.dilate(distance, np.ones((_RINGING_REACH_PX,) * 2, np.uint8))
    ringing = _RINGING_SHARE * contrast

    coloured = chroma > np.maximum(max(5.0, 4.5 * noise), ringing)
    brighter = lightness > np.maximum(max(4.0, 4.5 * noise), ringing)
    darker = lightness < -max(32.0, 5.0 * noise)  # soft shadows stay above this
    textured = (fine > max(1.0, fine_noise)) & (
        distance > np.maximum(max(1.5, 3.0 * noise), ringing)
    )
    kernel = np.ones((5, 5), np.uint8)
    marked = (coloured | brighter | darker | textured).astype(np.uint8)
    solid = np.asarray(cv2.morphologyEx(marked, cv2.MORPH_CLOSE, kernel)) > 0
    return _drop_specks(_fill(solid, background.inliers))


def _drop_specks(mask: Mask) -> Mask:
    """Keep what holds a square of 2 px; the anchors differ, so that nothing moves."""
    import cv2

    kernel = np.ones((2, 2), np.uint8)
    core = cv2.erode(mask.astype(np.uint8), kernel, anchor=(0, 0), borderValue=0)
    return np.asarray(cv2.dilate(core, kernel, anchor=(1, 1), borderValue=0)) > 0


def _fill(solid: Mask, inliers: Mask) -> Mask:
    """Fill whatever cannot be reached from the agreeing part of the border.

    A product cut off by the border is not entered from there: its pixels are no inliers.
    """
    import cv2

    count, labels = cv2.connectedComponents((~solid).astype(np.uint8), connectivity=4)
    outside = np.zeros(count, dtype=bool)
    outside[np.unique(labels[inliers])] = True
    outside[0] = False
    filled: Mask = ~outside[labels]
    return filled


def _keep_large(mask: Mask) -> Mask:
    """Keep the components of at least 0.6 % of the largest one: a pair stays, specks go."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    if count < 2:
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= _KEEP_COMPONENT_SHARE * areas[1:].max()
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def foreground_box(mask: Mask, image_wh: tuple[int, int]) -> PixelBox:
    """Give the tight box, in pixels of a picture, of a mask of that picture at any size."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    sx, sy = image_wh[0] / width, image_wh[1] / height
    return PixelBox(
        x0=float(columns[0] * sx),
        y0=float(rows[0] * sy),
        x1=float((columns[-1] + 1) * sx),
        y1=float((rows[-1] + 1) * sy),
    )


def _distinctness(lab: FloatArray, background: PlainBackground, mask: Mask) -> float:
    """How plain the background and how distinct the product is, 0 to 1."""
    if not mask.any():
        return 0.0
    distance = np.linalg.norm(lab - background.surface, axis=2)[mask]
    distinct = float(np.percentile(distance, 75)) / (12.0 + 4.0 * background.noise)
    return round(float(np.clip(background.share * (0.5 + 0.5 * min(1.0, distinct)), 0.0, 1.0)), 4)
