"""Rightly answered cells of photographs, and where a product's edges show them.

Nobody drew parts on the photographs; but the products' boxes were drawn by hand, and a length is to
be seen at the lower edge of its box, a neck in the middle of the upper one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.explain.location import AGREES, Case
from tagger.boxes import PixelBox
from tagger.dataset import load_description, load_samples, shipped_descriptions
from tagger.detect.examples import read_boxes
from tagger.explain.maps import regions_of
from tagger.pipeline import Tagger

LABELS, BOXES = "myntra-by-eye", "myntra-boxes.csv"
BANDS = {"neck": (0.25, 0.0, 0.75, 0.25), "length": (0.0, 0.85, 1.0, 1.0)}
"""Left, top, right and bottom of where an attribute is seen, as shares of the product's box."""


def photographed(tagger: Tagger) -> Iterator[Case]:
    """Give the cells of photographs with a hand-drawn box that the model answers rightly."""
    descriptions = shipped_descriptions()
    drawn = read_boxes(descriptions[LABELS].with_name(BOXES))
    samples = load_samples(load_description(descriptions[LABELS]), ontology=tagger.ontology)
    for sample in samples:
        if sample.image.stem not in drawn:
            continue
        image = sample.open()
        image = image.resize((round(image.width * sample.aspect), image.height))
        box = drawn[sample.image.stem].on(image.size)
        [prediction] = tagger.predict([image])
        pairs = zip(prediction.garments, regions_of(prediction), strict=True)
        garment, region = max(pairs, key=lambda pair: pair[0].box.iou(box), default=(None, None))
        if garment is None or region is None or garment.box.iou(box) < AGREES:
            continue
        cells = tuple(
            (str(attribute), str(answer.value), (_band(box, BANDS[attribute]),))
            for attribute, answers in garment.attributes.items()
            if attribute in BANDS and attribute in sample.label.cells
            for answer in answers
            if answer.value in sample.label.cells[attribute].any_of
        )
        if cells:
            yield Case(image=image, region=region, mask=_filled(box, image.size), cells=cells)


def are_there() -> bool:
    """Tell whether the photographs are on this machine."""
    return load_description(shipped_descriptions()[LABELS]).default_root.is_dir()


def _band(box: PixelBox, band: tuple[float, ...]) -> tuple[float, ...]:
    x, y, width, height = box.xywh
    left, top, right, bottom = band
    return x + left * width, y + top * height, (right - left) * width, (bottom - top) * height


def _filled(box: PixelBox, image_wh: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = image_wh
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)] = 1
    return mask
