"""Tell whether a map marks what the answer depends on.

Pixels that a map marks most are removed and filled in smoothly from around them (ROAD: Rong et al.
2022, https://arxiv.org/abs/2202.00449, the `grad-cam` library's imputation), and the same share of
pixels that random maps mark. A random map is the same map with its cells in a random order.
The score is the share of comparisons in which the map's removal lowers the answer more, less the
share in which it lowers it less: 1 beats every random map, 0 is a random map, -1 loses to all.

Legend: S side of the network's input, B changed crops, h x w cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Crop = NDArray[np.uint8]
    Mask = NDArray[np.bool_]
    Answer = Callable[[Sequence[tuple[Crop, Mask]]], NDArray[np.float32]]

__all__ = ["PERCENTILES", "faithfulness"]

PERCENTILES = (90, 80, 70)  # above which percentile of its heat a pixel is removed
_NUM_RANDOM = 6
_SHRINK = 4  # what is filled in is smooth, and the system of equations grows with the pixels
_TIE_BREAK = 1e-4
_NOISE = 2.5  # of 255, the library's 0.01


def faithfulness(
    answer: Answer,
    crop: NDArray[np.uint8],
    heat: NDArray[np.float32],
    *,
    seed: int = 0,
) -> float:
    """Compare a map with random ones by what the answer loses when their pixels go.

    Args:
        answer: Gives (B,) scores of the explained target for changed crops, each with the mask of
            what was changed.
        crop: (S, S, 3) RGB, what the network was shown.
        heat: (h, w), 0..1.
        seed: Of the random maps and of the imputation's noise.

    Returns:
        -1..1; 0 for a map without heat.
    """
    if float(heat.max()) <= float(heat.min()):
        return 0.0
    random = np.random.default_rng(seed)
    maps = [
        heat,
        *(random.permutation(heat.ravel()).reshape(heat.shape) for _ in range(_NUM_RANDOM)),
    ]
    changed = [
        _without(crop, one, percentile=percentile, random=random)
        for percentile in PERCENTILES
        for one in maps
    ]
    left = answer(changed).reshape(len(PERCENTILES), len(maps))
    ahead = np.sign(left[:, 1:] - left[:, :1])
    return float(ahead.mean())


def _without(
    crop: Crop,
    heat: NDArray[np.float32],
    *,
    percentile: int,
    random: np.random.Generator,
) -> tuple[Crop, Mask]:
    """Fill in what a map marks above a percentile; the crop and the mask of what was filled."""
    import cv2

    size = len(crop)
    small = size // _SHRINK
    jitter = random.random(heat.shape, dtype=np.float32)
    without_ties = heat + _TIE_BREAK * jitter
    spread = np.asarray(cv2.resize(without_ties, (small, small)), dtype=np.float32)
    is_removed = spread >= np.percentile(spread, percentile)
    reduced = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
    filled = _filled(reduced.astype(np.float64), is_removed, random)
    large = cv2.resize(filled, (size, size), interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(is_removed.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)
    infill = large.clip(0, 255).round().astype(np.uint8)
    return np.where(mask[..., None] > 0, infill, crop), mask > 0


def _filled(
    pixels: NDArray[np.float64], is_removed: Mask, random: np.random.Generator
) -> NDArray[np.float64]:
    """Give (h, w, 3) pixels, the removed ones as noisy weighted means of their neighbours."""
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer, neighbors_weights
    from scipy.sparse import csc_matrix
    from scipy.sparse.linalg import spsolve

    matrix, known = NoisyLinearImputer.setup_sparse_system(
        (~is_removed).astype(np.float64), np.moveaxis(pixels, 2, 0), neighbors_weights
    )
    solved = spsolve(csc_matrix(matrix), known).reshape(-1, 3)
    filled = pixels.copy()
    filled[is_removed] = solved + _NOISE * random.standard_normal(solved.shape)
    return filled
