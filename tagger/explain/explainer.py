"""Explain single values of a garment with one forward pass for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ontology.targets import layout
from tagger.explain.maps import CellMap, ExplainError, Region
from tagger.explain.masks import garment_mask, mask_on_grid, share_on
from tagger.explain.view import View, view_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from ontology.model import AttributeId, Ontology, ValueId
    from tagger.pipeline import Tagger

    Box = tuple[float, float, float, float]

__all__ = ["MIN_FAITHFULNESS", "Explainer"]

# How often random maps get as much is measured: `python -m bench.explain --show`.
MIN_FAITHFULNESS = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """One map to make: a value by itself or against another one."""

    attribute: AttributeId
    value: ValueId
    contrast_with: ValueId | None = None

    @property
    def cell(self) -> tuple[AttributeId, ValueId]:
        """What the map is about, by itself."""
        return self.attribute, self.value


class Explainer:
    """Makes maps with a loaded model version. Not for concurrent callers, as the tagger is not."""

    def __init__(self, tagger: Tagger) -> None:
        """Explain what a tagger answers."""
        self._tagger = tagger
        self._positions = layout(tagger.ontology).positions

    @property
    def ontology(self) -> Ontology:
        """What the tagger answers in."""
        return self._tagger.ontology

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
            contrasts: (attribute, value, other value): for the first and against the second.
            check: Cells whose faithfulness is measured, which takes many more forward passes; a
                contrast is measured if its first value's cell is among them.

        Returns:
            One map a cell, then one a contrast, in the order given.

        Raises:
            ExplainError: If the ontology does not have a value.
        """
        targets = _targets(cells, contrasts)
        if not targets:
            return ()
        rows = self._rows(targets)
        view = view_of(image, region, self._tagger.model.config)
        heats = self._heats(view, rows)
        sampled = _sampled(image, region, view.box, cells=heats.shape[1])
        checked = frozenset(check)
        faithful = [
            self._faithfulness(view, heat, row) if target.cell in checked else None
            for target, heat, row in zip(targets, heats, rows, strict=True)
        ]
        made = zip(targets, heats, faithful, strict=True)
        return tuple(_judged(*one, box=view.box, sampled=sampled) for one in made)

    def _faithfulness(
        self, view: View, heat: NDArray[np.float32], row: NDArray[np.float32]
    ) -> float:
        from tagger.explain.faithful import faithfulness

        def answer(
            changed: Sequence[tuple[NDArray[np.uint8], NDArray[np.bool_]]],
        ) -> NDArray[np.float32]:
            looks = [view.changed(crop, mask) for crop, mask in changed]
            scores: NDArray[np.float32] = self._tagger.run(looks).values @ row
            return scores

        return faithfulness(answer, view.crop, heat)

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

    def _heats(self, view: View, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give (N, h, w) maps, the way round that the picture shows."""
        import torch

        from tagger.explain.gradients import cams_under_pooling, scaled_maps

        model = self._tagger.model
        with torch.no_grad():
            pixels = self._tagger.scaled([view.crop])
            feature_map = model.feature_map(pixels.flip(3) if view.is_mirrored else pixels)[0]
        targets = torch.from_numpy(rows).to(feature_map.device)
        heats = scaled_maps(cams_under_pooling(model, feature_map, targets))
        shown: NDArray[np.float32] = (heats.flip(2) if view.is_mirrored else heats).cpu().numpy()
        return shown


def _targets(
    cells: Sequence[tuple[AttributeId, ValueId]],
    contrasts: Sequence[tuple[AttributeId, ValueId, ValueId]],
) -> list[_Target]:
    alone = [_Target(attribute=a, value=v) for a, v in cells]
    return alone + [_Target(attribute=a, value=v, contrast_with=o) for a, v, o in contrasts]


def _sampled(image: Image, region: Region, box: Box, *, cells: int) -> NDArray[np.bool_] | None:
    mask = garment_mask(image, region)
    if mask is None:
        return None
    return mask_on_grid(mask, box, image_wh=image.size, cells_hw=(cells, cells))


def _judged(
    target: _Target,
    heat: NDArray[np.float32],
    faithfulness: float | None,
    *,
    box: Box,
    sampled: NDArray[np.bool_] | None,
) -> CellMap:
    """Join a map with its two numbers and what they say."""
    share = None if sampled is None else share_on(heat, sampled)
    distrust = []
    if not heat.any():
        distrust.append("empty")
    elif share is not None and sampled is not None and share < float(sampled.mean()):
        distrust.append("off_garment")
    if faithfulness is not None and faithfulness < MIN_FAITHFULNESS:
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
