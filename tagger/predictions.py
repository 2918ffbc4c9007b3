"""Describe picture files, one plain record each; a bad file is a record with its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.images import ImageError, read_image
from tagger.sources.record import find_pictures

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction, Regions

_CHUNK = 16


def predict_files(
    tagger: GarmentTagger,
    paths: Sequence[Path],
    *,
    regions: Regions = "auto",
    show_rendered: bool = False,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[dict[str, Any]]:
    """Describe files and everything that looks like a picture in folders.

    Args:
        tagger: The loaded model version.
        paths: Files are taken whatever they are called; folders are searched.
        regions: How garments are located.
        show_rendered: Also answer with what only rendered pictures taught.
        watch: Called with (done, all).

    Yields:
        One record a file, in order, in the shape of `weft predict`.
    """
    files = [file for path in paths for file in (find_pictures(path) if path.is_dir() else [path])]
    for start in range(0, len(files), _CHUNK):
        chunk = files[start : start + _CHUNK]
        began = time.perf_counter()
        read = [_read(path) for path in chunk]
        images = [image for image in read if not isinstance(image, str)]
        answers = iter(tagger.predict(images, regions=regions, show_rendered=show_rendered))
        seconds = (time.perf_counter() - began) / len(chunk)
        for path, image in zip(chunk, read, strict=True):
            if isinstance(image, str):
                yield {"image": str(path), "model_version": tagger.version, "error": image}
            else:
                yield image_record(str(path), next(answers), tagger.version, seconds=seconds)
        watch(min(start + _CHUNK, len(files)), len(files))


def _read(path: Path) -> Image | str:
    try:
        return read_image(path, name=path.name)
    except (ImageError, OSError) as error:
        return str(error)


def image_record(
    name: str, prediction: ImagePrediction, version: str, *, seconds: float
) -> dict[str, Any]:
    """Give one picture's answer as plain values; boxes are x, y, width, height in pixels."""
    return {
        "image": name,
        "width": prediction.image_wh[0],
        "height": prediction.image_wh[1],
        "model_version": version,
        "seconds": round(seconds, 4),
        "regions": [_region(garment) for garment in prediction.garments],
    }


def _region(garment: Garment) -> dict[str, Any]:
    return {
        "id": garment.id,
        "box": [round(edge, 2) for edge in garment.box.xywh],
        "mask": garment.mask,
        "primary": garment.primary,
        "category": garment.category,
        "category_score": round(garment.category_score, 6),
        "attributes": {
            attribute: [
                {"value": answer.value, "score": round(answer.score, 6)} for answer in answers
            ]
            for attribute, answers in garment.attributes.items()
        },
        "scores": {
            attribute: {value: round(score, 6) for value, score in values.items()}
            for attribute, values in garment.scores.items()
        },
    }
