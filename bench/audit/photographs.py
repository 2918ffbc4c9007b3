"""Audit sellers' photographs with planted faults, and count what is said of untouched ones.

Pictures are validation pictures, which taught the model nothing. What a seller says is what the
data set says, so a finding about an untouched listing may be right: some rows are wrong. Faults are
planted into the catalog only: an amateur's background is not plain, and most checks of pictures
need one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bench.audit.faults import audit_planted
from bench.audit.plant import OF_PICTURES, Drawn

if TYPE_CHECKING:
    from tagger.boxes import PixelBox
    from tagger.dataset import DatasetDescription, Sample
    from tagger.pipeline import Tagger

__all__ = ["measure_photographs"]

_SEED = 2026
_KINDS = (
    "contradicts_picture",
    "wrong_garment",
    "several_products",
    "views_disagree",
    *OF_PICTURES,
)
_SETS = {"catalog": ("myntra", 40), "amateur": ("clothing-small", 0)}


def measure_photographs(*, count: int, folder: Path) -> dict[str, Any]:
    """Plant, audit and count.

    Args:
        count: Photographs of each set, as many as there are at most.
        folder: Where pictures are put.
    """
    from tagger.dataset import load_description, load_samples, shipped_descriptions
    from tagger.found_boxes import find_boxes
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir

    tagger = Tagger.load(shipped_version_dir())
    found = {}
    for kind, (name, per_kind) in _SETS.items():
        description = load_description(shipped_descriptions()[name])
        samples = load_samples(description, ontology=tagger.ontology, split="validation")
        order = np.random.default_rng(_SEED).permutation(len(samples))[:count]
        chosen = [samples[at] for at in sorted(order.tolist())]
        boxes = find_boxes(chosen, cache=folder.parent / "boxes.json", workers=1)
        place = folder / kind
        (place / "true").mkdir(parents=True, exist_ok=True)
        products = [
            product
            for sample, box in zip(chosen, boxes, strict=True)
            if (product := _product(sample, box, description, tagger, place / "true")) is not None
        ]
        found[kind] = audit_planted(tagger, products, place, kinds=_KINDS, per_kind=per_kind)
    return {"model_version": tagger.version, "sets": found}


def _product(
    sample: Sample, box: PixelBox, description: DatasetDescription, tagger: Tagger, folder: Path
) -> Drawn | None:
    """Write a photograph in its true shape; None where the data set names no single category."""
    meant = {
        column: description.vocabulary(column)[word]
        for column, word in sample.source_labels.items()
    }
    leaves = meant.pop("category", frozenset())
    if len(leaves) != 1:
        return None
    with Image.open(sample.image) as opened:
        image = opened.convert("RGB")
    stretch = 1.0 / sample.aspect
    path = folder / f"{sample.image.stem}.jpg"
    image.resize((image.width, round(image.height * stretch))).save(path, quality=95)
    return Drawn(
        path=path,
        category=next(iter(leaves)),
        attributes={name: next(iter(ids)) for name, ids in meant.items() if len(ids) == 1},
        box=(
            round(box.x0),
            round(box.y0 * stretch),
            round(box.width),
            round(box.height * stretch),
        ),
    )
