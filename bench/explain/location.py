"""Does the peak of a map lie on the part that shows the attribute?

Asked of rendered pictures, whose parts are known, and only where the answer is right.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ontology.targets import layout
from tagger.boxes import PixelBox
from tagger.dataset import load_description, shipped_descriptions
from tagger.explain.gradients import cams_under_attention, cams_under_pooling
from tagger.explain.maps import Region, regions_of
from tagger.explain.masks import mask_on_grid
from tagger.explain.view import view_of
from tagger.model import AttributeModel
from tagger.pipeline import Garment, Tagger
from tagger.run_length import decode_mask

LOOKS = ("wide", "close")
AGREES = 0.5
_TOLERANCE_CELLS = 1

Box = tuple[float, float, float, float]
Cams = NDArray[np.float32]
Hits = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One garment: what was answered rightly, and where that is to be seen."""

    image: Image.Image
    region: Region
    mask: NDArray[np.uint8]
    cells: tuple[tuple[str, str, tuple[tuple[float, ...], ...]], ...]


def cases(tagger: Tagger, folder: Path, count: int) -> Iterator[Case]:
    """Give the rightly answered cells of a rendered catalog's first pictures."""
    asked = load_description(shipped_descriptions()["rendered"]).parts
    catalog = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    for entry in catalog["images"][:count]:
        image = Image.open(folder / entry["file"]).convert("RGB")
        [prediction] = tagger.predict([image], show_rendered=True)
        for garment, region in zip(prediction.garments, regions_of(prediction), strict=True):
            truth = max(
                entry["garments"],
                key=lambda one: PixelBox.from_xywh(*one["box"]).iou(garment.box),
            )
            if PixelBox.from_xywh(*truth["box"]).iou(garment.box) < AGREES:
                continue
            cells = tuple(_right_cells(garment, truth, asked))
            if cells:
                yield Case(image=image, region=region, mask=decode_mask(truth["mask"]), cells=cells)


def _right_cells(
    garment: Garment, truth: dict[str, Any], asked: dict[str, list[str]]
) -> Iterator[tuple[str, str, tuple[tuple[float, ...], ...]]]:
    for attribute, answers in garment.attributes.items():
        boxes = tuple(
            tuple(truth["parts"][name])
            for name in asked.get(attribute, ())
            if name in truth["parts"]
        )
        for answer in answers if boxes else ():
            if answer.value in truth["attributes"].get(attribute, ()):
                yield attribute, answer.value, boxes


def near(
    window: Box, boxes: tuple[tuple[float, ...], ...], cells: int, tolerance: int = _TOLERANCE_CELLS
) -> NDArray[np.bool_]:
    """Mark the cells (cells, cells) that touch a part's box, and those within the tolerance."""
    left, top, wide, high = window
    marked = np.zeros((cells, cells), dtype=bool)
    for x, y, width, height in boxes:
        columns, rows = (x - left) / wide * cells, (y - top) / high * cells
        last_column = (x + width - left) / wide * cells
        last_row = (y + height - top) / high * cells
        marked[
            max(0, int(np.floor(rows)) - tolerance) : max(0, int(np.ceil(last_row)) + tolerance),
            max(0, int(np.floor(columns)) - tolerance) : max(
                0, int(np.ceil(last_column)) + tolerance
            ),
        ] = True
    return marked


def randomised(model: AttributeModel, ontology: Any) -> AttributeModel:
    """Give the same network with none of what it learnt."""
    torch.manual_seed(0)
    return AttributeModel(model.config, layout(ontology)).eval()


def locate(tagger: Tagger, found: Iterable[Case], say: Callable[[int], None]) -> dict[str, Any]:
    """Count, per kind of map and attribute, whose peaks lie on the right part."""
    hits: Hits = defaultdict(lambda: defaultdict(list))
    models = {"": tagger.model, "randomised, ": randomised(tagger.model, tagger.ontology)}
    garments = 0
    for case in found:
        garments += 1
        for look in LOOKS:
            _count(hits, tagger, case, look, models)
        say(garments)
    return {"garments": garments, "kinds": {kind: _summary(found) for kind, found in hits.items()}}


def _summary(found: dict[str, list[float]]) -> dict[str, Any]:
    every = [hit for values in found.values() for hit in values]
    return {
        "share": round(float(np.mean(every)), 4),
        "n": len(every),
        "attributes": {
            name: {"share": round(float(np.mean(values)), 4), "n": len(values)}
            for name, values in sorted(found.items())
        },
    }


def _count(
    hits: Hits, tagger: Tagger, case: Case, look: str, models: dict[str, AttributeModel]
) -> None:
    region = replace(case.region, is_alone=look == "wide")
    view = view_of(case.image, region, tagger.model.config)
    pixels = tagger.scaled([view.crop])
    pixels = pixels.flip(3) if view.is_mirrored else pixels
    for prefix, model in models.items():
        for kind, cams in _all_cams(tagger, model, pixels, case).items():
            shown = cams[:, :, ::-1] if view.is_mirrored else cams
            cells = shown.shape[1]
            for (attribute, _, boxes), cam in zip(case.cells, shown, strict=True):
                marked = near(view.box, boxes, cells)
                peak = np.unravel_index(int(cam.argmax()), cam.shape)
                hits[f"{prefix}{kind}, {look}"][attribute].append(float(marked[peak]))
    for attribute, _, boxes in case.cells:
        marked = near(view.box, boxes, cells)
        hits[f"random cell, {look}"][attribute].append(float(marked.mean()))
        hits[f"random cell of the garment, {look}"][attribute].append(
            _on_garment(case, view.box, marked)
        )


def _on_garment(case: Case, window: Box, marked: NDArray[np.bool_]) -> float:
    """Give the chance of a peak that is drawn from the garment's own pixels."""
    cells = len(marked)
    sampled = mask_on_grid(case.mask > 0, window, image_wh=case.image.size, cells_hw=(cells, cells))
    weight = sampled.reshape(cells, -1, cells, sampled.shape[1] // cells).mean(axis=(1, 3))
    return float(weight[marked].sum() / max(weight.sum(), 1e-9))


def _all_cams(
    tagger: Tagger, model: AttributeModel, pixels: torch.Tensor, case: Case
) -> dict[str, Cams]:
    """Give the maps before the ReLU, whose peaks are the same: (cells asked, h, w) each."""
    positions = layout(tagger.ontology).positions
    at = [positions[attribute, value] for attribute, value, _ in case.cells]  # type: ignore[index]
    with torch.no_grad():
        under = model.backbone.forward_features(pixels)  # type: ignore[operator]
        over = model.attention(under)[0]
    every = torch.eye(len(positions))
    pooled = cams_under_pooling(model, over, every)
    level, spread = pooled.mean(dim=0), pooled.std(dim=0)
    with torch.no_grad():
        single = model.heads(over.flatten(1).T).value_logits.T[at]
    return {
        "attention": pooled[at].numpy(),
        "convolution": cams_under_attention(model, under[0], every[at]).numpy(),
        "attention less all values' level": ((pooled[at] - level) / spread).numpy(),
        "logits cell by cell": single.reshape(-1, *over.shape[1:]).numpy(),
    }
