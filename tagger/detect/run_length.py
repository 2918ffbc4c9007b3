"""Read COCO's compressed run-length string of a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["RunLengthError", "decode_mask"]


class RunLengthError(CatalogError):
    """A run-length string does not describe a mask of the size that it names."""


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
