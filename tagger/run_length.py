"""COCO's compressed run-length string of a mask: write it, also from a part, and read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "RunLength",
    "RunLengthError",
    "counts_text",
    "decode_mask",
    "encode_mask",
    "encode_patch",
]


class RunLengthError(CatalogError):
    """A run-length string does not describe a mask of the size that it names."""


class RunLength(TypedDict):
    """A mask as COCO writes it.

    Attributes:
        size: Height and width.
        counts: Run lengths down the columns, background first, as COCO's text.
    """

    size: list[int]
    counts: str


def encode_mask(mask: NDArray[np.bool_]) -> RunLength:
    """Encode an (H, W) mask; `pycocotools.mask.decode` reads it back."""
    height, width = mask.shape
    return encode_patch(mask, left_top=(0, 0), image_wh=(width, height))


def encode_patch(
    patch: NDArray[np.bool_], *, left_top: tuple[int, int], image_wh: tuple[int, int]
) -> RunLength:
    """Encode a mask that is known inside a box, at a cost that does not grow with the picture.

    Args:
        patch: (h, w), what is marked inside the box.
        left_top: Where the box begins, in pixels of the picture.
        image_wh: Width and height of the picture, which holds the box.
    """
    (left, top), (width, height) = left_top, image_wh
    strip = np.zeros((height, patch.shape[1]), dtype=bool)
    strip[top : top + patch.shape[0]] = patch
    flat = np.concatenate([[False], strip.ravel(order="F"), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + left * height
    runs = [int(run) for run in np.diff(np.concatenate([[0], edges]))]
    rest = height * width - sum(runs)
    if rest:
        runs.append(rest)
    return {"size": [height, width], "counts": counts_text(runs)}


def decode_mask(rle: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Decode COCO's `{"size": [H, W], "counts": text}` to an (H, W) mask of 0 and 1.

    Raises:
        RunLengthError: If the runs do not add up to the size.
    """
    height, width = (int(side) for side in rle["size"])
    runs = _runs(str(rle["counts"]))
    if sum(runs) != height * width:
        raise RunLengthError(
            f"run lengths add up to {sum(runs)} pixels; expected {height} x {width}"
        )
    values = (np.arange(len(runs)) % 2).astype(np.uint8)
    return np.repeat(values, runs).reshape((height, width), order="F")


def counts_text(runs: list[int]) -> str:
    """Write runs as differences to the run two before, five bits a character, low bits first."""
    text = []
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        more = True
        while more:
            char = value & 0x1F
            value >>= 5
            more = value != -1 if char & 0x10 else value != 0
            text.append(chr((char | 0x20 if more else char) + 48))
    return "".join(text)


def _runs(text: str) -> list[int]:
    """Read numbers of five bits a character, low bits first, differences to the run two before."""
    runs: list[int] = []
    value = shift = 0
    for char in text:
        code = ord(char) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value |= -1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs
