"""COCO's compressed run-length string for a mask."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

__all__ = ["RunLength", "counts_text", "encode_mask"]


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
    flat = np.concatenate([[False], mask.ravel(order="F"), [False]])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    edges = np.concatenate([[0], changes])
    runs = [int(run) for run in np.diff(edges)]
    rest = height * width - sum(runs)
    if rest:
        runs.append(rest)
    return {"size": [height, width], "counts": counts_text(runs)}


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
