"""Explain single values of a garment with one forward pass for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ontology.targets import layout
from tagger.crops import plain_window
from tagger.explain.grid import grid_box, grid_span
from tagger.explain.maps import CellMap, ExplainError, Region
from tagger.explain.masks import garment_mask, mask_on_grid, share_on
from tagger.views import look_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from ontology.model import AttributeId, ValueId
    from tagger.pipeline import Tagger

__all__ = ["Explainer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """One map to make: a value by itself or against another one."""

    attribute: AttributeId
    value: ValueId
    contrast_with: ValueId | None = None


class Explainer:
    """Makes maps with a loaded model version. Not for concurrent callers, as the tagger is not."""

    def __init__(self, tagger: Tagger) -> None:
        """Explain what a tagger answers."""
        self._tagger = tagger
        self._positions = layout(tagger.ontology).positions

    def explain(
        self,
        image: Image,
        region: Region,
        cells: Sequence[tuple[AttributeId, ValueId]],
        *,
        contrasts: Sequence[tuple[AttributeId, ValueId, ValueId]] = (),
        check: Collection[tuple[AttributeId, ValueId]] = (),
    ) -> tuple[CellMap, ...]:
        """Make the maps of one garment, all from one forward pass.

        Args:
            image: RGB picture.
            region: The garment.
            cells: (attribute, value) pairs, shown or not.
            contrasts: (attribute, value, other value): what speaks for the first and against the
                second.
            check: Cells whose faithfulness is measured, which takes many more forward passes; a
                contrast is measured if its first value's cell is among them.

        Returns:
            One map a cell, then one a contrast, in the order given.

        Raises:
            ExplainError: If the ontology does not have a value.
        """
        targets = [_Target(attribute=a, value=v) for a, v in cells]
        targets += [_Target(attribute=a, value=v, contrast_with=o) for a, v, o in contrasts]
        if not targets:
            return ()
        rows = self._rows(targets)
        heats = self._heats(image, region, rows)
        box = self._grid(image, region, heats.shape[1])
        mask = garment_mask(image, region)
        sampled = (
            mask_on_grid(mask, box, image_wh=image.size, cells_hw=(heats.shape[1], heats.shape[2]))
            if mask is not None
            else None
        )
        return tuple(
            _judged(target, heat, box=box, sampled=sampled)
            for target, heat in zip(targets, heats, strict=True)
        )

    def _rows(self, targets: Sequence[_Target]) -> NDArray[np.float32]:
        """Give (N, V) coefficients over the value logits."""
        rows = np.zeros((len(targets), len(self._positions)), dtype=np.float32)
        for row, target in zip(rows, targets, strict=True):
            row[self._column(target.attribute, target.value)] += 1.0
            if target.contrast_with is not None:
                row[self._column(target.attribute, target.contrast_with)] -= 1.0
        return rows

    def _column(self, attribute: AttributeId, value: ValueId) -> int:
        try:
            return self._positions[attribute, value]
        except KeyError:
            raise ExplainError(
                f"{attribute}: {value} is not in ontology {self._tagger.ontology.id!r} of model "
                f"{self._tagger.version}; `weft ontology show` lists what is"
            ) from None

    def _heats(
        self, image: Image, region: Region, rows: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        import torch

        from tagger.explain.gradients import cams_under_pooling, scaled_maps

        look = look_at(image, region.box, size=self._tagger.image_size, is_alone=region.is_alone)
        model = self._tagger.model
        with torch.no_grad():
            feature_map = model.feature_map(self._tagger.scaled([look.close]))[0]
        targets = torch.from_numpy(rows).to(feature_map.device)
        cams: Tensor = cams_under_pooling(model, feature_map, targets)
        heats: NDArray[np.float32] = scaled_maps(cams).cpu().numpy()
        return heats

    def _grid(self, image: Image, region: Region, cells: int) -> tuple[float, float, float, float]:
        span = grid_span(self._tagger.model.config, cells=cells)
        return grid_box(plain_window(image, region.box), span)


def _judged(
    target: _Target,
    heat: NDArray[np.float32],
    *,
    box: tuple[float, float, float, float],
    sampled: NDArray[np.bool_] | None,
    faithfulness: float | None = None,
) -> CellMap:
    """Join a map with its two numbers and what they say."""
    share = None if sampled is None else share_on(heat, sampled)
    distrust = []
    if not heat.any():
        distrust.append("empty")
    elif share is not None and sampled is not None and share < float(sampled.mean()):
        distrust.append("off_garment")
    if faithfulness is not None and faithfulness <= 0:
        distrust.append("no_better_than_random")
    was_measured = share is not None or faithfulness is not None
    return CellMap(
        attribute=target.attribute,
        value=target.value,
        heat=heat,
        box=box,
        share_on_garment=share,
        faithfulness=faithfulness,
        is_trusted=False if distrust else (True if was_measured else None),
        contrast_with=target.contrast_with,
        distrust=tuple(distrust),
    )
