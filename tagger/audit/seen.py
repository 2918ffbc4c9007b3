"""Look at the pictures of listings, each once, and keep what the audit needs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.audit.duplicates import Fingerprint, fingerprint
from tagger.audit.pictures import PictureMarks, mark_picture, part_boxes
from tagger.images import ImageError, read_image
from tagger.predictions import image_record

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.boxes import PixelBox
    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction

__all__ = [
    "SeenPicture",
    "describe",
    "look_at_pictures",
    "look_closer",
    "picture_path",
    "with_garments",
]

_CHUNK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPicture:
    """One picture and what is in it.

    Attributes:
        error: Why it could not be read, in one line; empty if it was.
        garment: The product, without mask and embedding; None if it could not be read.
        is_found: Whether something was found, so that `garment` is not the whole picture.
        garments: All that were found, likewise light, in the order of `regions`.
        parts: Separate things on a plain background, where there are several.
        regions: All garments as `weft predict` gives them, without masks.
    """

    reference: str
    error: str = ""
    garment: Garment | None = None
    is_found: bool = False
    garments: tuple[Garment, ...] = ()
    parts: tuple[Garment, ...] = ()
    marks: PictureMarks | None = None
    print: Fingerprint | None = None
    regions: tuple[dict[str, Any], ...] = ()


def picture_path(reference: str, folder: Path) -> Path | str:
    """Find a picture below a folder.

    Returns:
        Its path, or why there is none: references never lead out of the folder.
    """
    if not reference or "\0" in reference:
        return "the reference is empty or holds a NUL character"
    if "://" in reference:
        return f"{reference}: an address; download the picture and name its file"
    root = folder.resolve()
    try:
        path = (root / reference).resolve()
        if not path.is_relative_to(root):
            return f"{reference}: leads out of the folder of pictures; not opened"
        if not path.is_file():
            return f"{reference}: no such file in the folder of pictures"
    except (OSError, RuntimeError, ValueError):
        return f"{reference[:200]}: no usable file name"
    return path


def look_at_pictures(
    tagger: GarmentTagger,
    references: Sequence[str],
    folder: Path,
    *,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[SeenPicture]:
    """Look at pictures below a folder, a few at a time in memory.

    Args:
        tagger: The model version.
        references: Relative to the folder.
        folder: Nothing outside of it is opened.
        watch: Called with (done, all).

    Yields:
        One answer a reference, in order; what cannot be read says why.
    """
    for start in range(0, len(references), _CHUNK):
        chunk = references[start : start + _CHUNK]
        read = [_read(reference, folder) for reference in chunk]
        images = [image for image in read if not isinstance(image, str)]
        answers = iter(tagger.predict(images))
        for reference, image in zip(chunk, read, strict=True):
            if isinstance(image, str):
                yield SeenPicture(reference=reference, error=image)
            else:
                yield describe(
                    reference, image, next(answers), version=tagger.version, tag=tagger.tag
                )
        watch(min(start + _CHUNK, len(references)), len(references))


def _read(reference: str, folder: Path) -> Image | str:
    path = picture_path(reference, folder)
    if isinstance(path, str):
        return path
    try:
        return read_image(path, name=reference)
    except (ImageError, OSError) as error:
        return str(error)


def describe(
    reference: str,
    image: Image,
    prediction: ImagePrediction,
    *,
    version: str,
    tag: Callable[[Image, Sequence[PixelBox]], Sequence[Garment]],
) -> SeenPicture:
    """Measure a picture whose garments were found.

    Args:
        reference: Its name in the listing.
        image: RGB.
        prediction: What the model found in it.
        version: The model's.
        tag: Describes what is inside boxes of a picture.
    """
    found = next(one for one in prediction.garments if one.primary)
    covers = (found.box.width, found.box.height) == image.size
    boxes = part_boxes(image)
    parts = tag(image, boxes) if len(boxes) > 1 else ()
    garments, regions = _found(reference, prediction, version)
    return SeenPicture(
        reference=reference,
        garment=_light(found),
        is_found=not (covers and found.mask is None),
        garments=garments,
        parts=tuple(_light(part) for part in parts),
        marks=mark_picture(image, found.box),
        print=fingerprint(image),
        regions=regions,
    )


def look_closer(
    tagger: GarmentTagger, pictures: Sequence[SeenPicture], folder: Path
) -> Iterator[SeenPicture]:
    """Look for every garment in pictures, also where a plain background promised a single one.

    A person who wears several things may stand before a plain background.

    Args:
        tagger: The model version.
        pictures: That were looked at before.
        folder: Of their references.
    """
    for picture in pictures:
        image = _read(picture.reference, folder)
        if isinstance(image, str):
            yield picture
        else:
            [prediction] = tagger.predict([image], regions="detect")
            yield with_garments(picture, prediction, version=tagger.version)


def with_garments(
    picture: SeenPicture, prediction: ImagePrediction, *, version: str
) -> SeenPicture:
    """Add the garments that a closer look found; `garment` stays."""
    garments, regions = _found(picture.reference, prediction, version)
    known = {one.id for one in garments}
    first = "" if picture.garment is None else picture.garment.id
    kept = [at for at, one in enumerate(picture.garments) if one.id not in known]
    return replace(
        picture,
        garments=(*(picture.garments[at] for at in kept), *garments),
        regions=(
            *(picture.regions[at] for at in kept),
            *({**one, "primary": one["id"] == first} for one in regions),
        ),
    )


def _found(
    reference: str, prediction: ImagePrediction, version: str
) -> tuple[tuple[Garment, ...], tuple[dict[str, Any], ...]]:
    """Give all garments, and their regions as `weft predict` gives them, both without masks."""
    record = image_record(reference, prediction, version, seconds=0.0)
    return (
        tuple(_light(garment) for garment in prediction.garments),
        tuple({**region, "mask": None} for region in record["regions"]),
    )


def _light(garment: Garment) -> Garment:
    return replace(garment, mask=None, embedding=None, doubts=())
