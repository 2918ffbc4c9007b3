"""Teach the network to find what it answers where it is to be seen.

Where a source says which part of a garment shows an attribute, and where that part lies, the
Grad-CAM map of the labelled value is asked to be high there: "right for the right reasons" (Ross et
al. 2017, https://arxiv.org/abs/1703.03717) with the maps of Selvaraju et al. 2017 as the reasons,
as in guided attention (Li et al. 2018, https://arxiv.org/abs/1802.10171).
A map is standardised over its cells first, so that its size, which is the answer's, is left alone.

Legend: B images, C channels, h x w cells of the last map, M maps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ontology.model import AttributeId
from ontology.targets import layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ontology.model import Ontology, ValueId
    from tagger.boxes import PixelBox
    from tagger.dataset import Sample
    from tagger.model import AttributeModel

__all__ = ["PartCells", "PartTargets", "cells_on", "part_loss", "part_targets"]

# A standardised map's peak is 2 to 5 high: with this the softmax over its cells is near its peak.
_SHARPNESS = 2.0
_TINY = 1e-6

PartTargets = tuple[tuple[tuple[int, tuple["PixelBox", ...]], ...], ...]
"""For every sample, the values that it shows: each one's position and the boxes of its parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCells:
    """The maps that a batch asks for.

    Attributes:
        rows: (M,) positions in the batch.
        values: (M,) positions of values among the heads'.
        cells: (M, h, w) true where the parts lie.
    """

    rows: Tensor
    values: Tensor
    cells: Tensor


def part_targets(ontology: Ontology, samples: Sequence[Sample]) -> PartTargets:
    """List what samples show where; only values that are known for certain and have a part."""
    positions = layout(ontology).positions
    return tuple(tuple(_shown(sample, positions)) for sample in samples)


def _shown(
    sample: Sample, positions: Mapping[tuple[AttributeId, ValueId], int]
) -> Iterator[tuple[int, tuple[PixelBox, ...]]]:
    for name, boxes in sample.parts.items():
        attribute = AttributeId(name)
        cell = sample.label.cells.get(attribute)
        if cell is None or not boxes:
            continue
        certain = cell.positives or (cell.any_of if len(cell.any_of) == 1 else ())
        yield from ((positions[attribute, value], boxes) for value in sorted(certain))


def cells_on(
    targets: PartTargets, positions: Tensor, frames: Tensor, *, cells: int
) -> PartCells | None:
    """Place the parts of a batch on the cells of its maps.

    Args:
        targets: Of all samples.
        positions: (B,) of the batch's samples among them.
        frames: (B, 5) corners (x0, y0, x1, y1) of each crop's window, in pixels of the file, and 1
            where the crop is mirrored.
        cells: Number of cells along a side of the map.

    Returns:
        None where no part of the batch is in its crop.
    """
    rows, values, marked = [], [], []
    for row, (position, frame) in enumerate(zip(positions.tolist(), frames.tolist(), strict=True)):
        for value, boxes in targets[position]:
            mask = torch.zeros(cells, cells, dtype=torch.bool)
            for box in boxes:
                _mark(mask, box, frame)
            if mask.any():
                rows.append(row)
                values.append(value)
                marked.append(mask)
    if not rows:
        return None
    return PartCells(
        rows=torch.tensor(rows), values=torch.tensor(values), cells=torch.stack(marked)
    )


def _mark(mask: Tensor, box: PixelBox, frame: Sequence[float]) -> None:
    """Mark every cell that a box touches."""
    x0, y0, x1, y1, is_mirrored = frame
    left, right = (box.x0 - x0) / (x1 - x0), (box.x1 - x0) / (x1 - x0)
    if is_mirrored:
        left, right = 1.0 - right, 1.0 - left
    top, bottom = (box.y0 - y0) / (y1 - y0), (box.y1 - y0) / (y1 - y0)
    cells = len(mask)

    def span(low: float, high: float) -> slice:
        return slice(max(0, math.floor(low * cells)), max(0, math.ceil(high * cells)))

    if right > 0 and left < 1 and bottom > 0 and top < 1:
        mask[span(top, bottom), span(left, right)] = True


def part_loss(model: AttributeModel, feature_map: Tensor, asked: PartCells) -> Tensor:
    """Give the mean of `-log(share of the map's softmax that lies on the part)`, a scalar.

    Args:
        model: Whose heads' Jacobian weights the channels; gradients reach it and the map.
        feature_map: (B, C, h, w) that entered pooling.
        asked: The maps, with as many cells.
    """
    device = feature_map.device
    maps = feature_map[asked.rows.to(device)].float()
    pooled = maps.mean(dim=(2, 3))
    logits = model.branches(pooled).gather(1, asked.values.to(device)[:, None])
    (jacobian,) = torch.autograd.grad(logits.sum(), pooled, create_graph=True)
    cams = torch.einsum("mc,mchw->mhw", jacobian, maps).flatten(1)
    centred = cams - cams.mean(dim=1, keepdim=True)
    standard = centred / (centred.std(dim=1, keepdim=True, correction=0) + _TINY)
    share = torch.log_softmax(_SHARPNESS * standard, dim=1)
    on_part = asked.cells.to(device).flatten(1)
    return -torch.logsumexp(share.masked_fill(~on_part, -torch.inf), dim=1).mean()
