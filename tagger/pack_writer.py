"""Write packs: cut garments with their surroundings, compress them, keep their labels."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from tagger.boxes import PixelBox
from tagger.dataset import load_description, load_samples
from tagger.found_boxes import find_boxes
from tagger.pack import FORMAT, INDEX, SAMPLES, PackError, digest_of
from tagger.pack_labels import RowWriter
from tagger.pack_pictures import reach, store

if TYPE_CHECKING:
    from PIL.Image import Image

    from ontology.model import Ontology
    from tagger.dataset import DatasetDescription, Sample

__all__ = ["MAX_BYTES", "PackReport", "write_pack"]

log = structlog.get_logger(__name__)

MAX_BYTES = 35_000_000
QUALITIES = range(90, 18, -2)
"""Qualities that are tried where none is asked for, best first."""

_SHARD_BYTES = 8_000_000
_TRIED = 480

Key = tuple[Path, float, bool, tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReport:
    """What was written: counts, the quality that was used, and bytes of all files."""

    num_samples: int
    num_pictures: int
    quality: int
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    descriptions: tuple[DatasetDescription, ...]
    samples: tuple[Sample, ...]
    keys: tuple[Key, ...]
    side: int


def write_pack(
    out: Path,
    data: Sequence[Path],
    *,
    ontology: Ontology,
    boxes: Path,
    side: int = 208,
    quality: int | None = None,
    max_bytes: int = MAX_BYTES,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> PackReport:
    """Write a pack; it appears whole or not at all.

    Where no quality is asked for, the best of `QUALITIES` that seems to fit is taken from evenly
    drawn pictures, and lowered further if the files turn out larger than that.

    Args:
        out: The directory to make.
        data: Data-set descriptions.
        ontology: What labels map onto.
        boxes: Cache of found boxes, see `find_boxes`.
        side: Side in pixels at which the window of a plain crop is stored.
        quality: WebP quality, 0..100; None for the best that fits.
        max_bytes: Most bytes of all files together.
        watch: Called with (done, all) pictures.

    Raises:
        PackError: If `out` exists, or the pictures do not fit.
        CatalogError: If a data set or a picture cannot be read.
    """
    if out.exists():
        raise PackError(f"{out}: exists already; remove it or name another directory")
    given = _read_data(data, ontology, boxes=boxes, side=side)
    qualities = [quality] if quality is not None else _fitting(given, max_bytes)
    out.parent.mkdir(parents=True, exist_ok=True)
    num_bytes = 0
    for tried in qualities:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            partial = Path(folder) / "pack"
            num_bytes = _write(partial, given, ontology, quality=tried, watch=watch)
            if num_bytes <= max_bytes:
                partial.rename(out)
                log.info("pack_written", samples=len(given.samples), bytes=num_bytes, quality=tried)
                return PackReport(
                    num_samples=len(given.samples),
                    num_pictures=len(set(given.keys)),
                    quality=tried,
                    num_bytes=num_bytes,
                )
        log.info("pack_too_large", bytes=num_bytes, quality=tried, max_bytes=max_bytes)
    asked = quality if quality is not None else QUALITIES[-1]
    raise PackError(
        f"{out}: {len(set(given.keys))} pictures of side {side} at quality {asked} take "
        f"{f'{num_bytes} bytes' if num_bytes else 'more'}, {max_bytes} are allowed; ask for a "
        "smaller --side, a lower --quality, fewer sets or more --max-bytes"
    )


def _read_data(data: Sequence[Path], ontology: Ontology, *, boxes: Path, side: int) -> _Input:
    descriptions = tuple(load_description(path) for path in data)
    samples = tuple(
        sample
        for description in descriptions
        for sample in load_samples(description, ontology=ontology)
    )
    found = find_boxes(samples, cache=boxes)
    return _Input(
        descriptions=descriptions,
        samples=samples,
        keys=tuple(
            (sample.image, sample.aspect, sample.box is None, box.xyxy)
            for sample, box in zip(samples, found, strict=True)
        ),
        side=side,
    )


def _fitting(given: _Input, max_bytes: int) -> Sequence[int]:
    """Give qualities from the first that seems to fit, by evenly drawn pictures, downwards."""
    first = dict(zip(given.keys, given.samples, strict=True))
    drawn = list(first.items())[:: max(1, len(first) // _TRIED)]
    images = [store(sample, _box(key), side=given.side).image for key, sample in drawn]

    def fits(quality: int) -> bool:
        size = sum(len(_encode(image, quality)) for image in images) / len(images)
        return size * len(first) <= max_bytes

    return QUALITIES[bisect_left(QUALITIES, True, key=fits) :]


def _encode(image: Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=quality, method=4)
    return stream.getvalue()


def _box(key: Key) -> PixelBox:
    return PixelBox(**dict(zip(("x0", "y0", "x1", "y1"), key[3], strict=True)))


def _write(
    folder: Path,
    given: _Input,
    ontology: Ontology,
    *,
    quality: int,
    watch: Callable[[int, int], None],
) -> int:
    """Write every file of a pack and return their bytes."""
    folder.mkdir()
    shards, rows = _Shards(folder), RowWriter()
    places: dict[Key, tuple[int, PixelBox, float]] = {}
    names = _image_names(given)
    total = len(set(given.keys))
    for sample, key in zip(given.samples, given.keys, strict=True):
        if key not in places:
            stored = store(sample, _box(key), side=given.side)
            position = shards.add(_encode(stored.image, quality))
            places[key] = position, stored.box, stored.aspect
            watch(len(places), total)
        position, box, aspect = places[key]
        rows.add(sample, image=names[sample.image], picture=position, box=box, aspect=aspect)
    tables = {
        "descriptions": [
            one.model_dump(mode="json", exclude={"file", "root"}) for one in given.descriptions
        ],
        "pictures": shards.places,
        **rows.tables(),
    }
    plain = json.dumps(tables, separators=(",", ":")).encode()
    (folder / SAMPLES).write_bytes(gzip.compress(plain, mtime=0))
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    index = _index(folder, given, ontology, quality=quality, shards=shards.finish())
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return sum(path.stat().st_size for path in folder.iterdir())


def _index(
    folder: Path, given: _Input, ontology: Ontology, *, quality: int, shards: Sequence[str]
) -> dict[str, Any]:
    index: dict[str, Any] = {
        "format": FORMAT,
        "ontology": {
            "id": ontology.id,
            "version": ontology.version,
            "sha256": hashlib.sha256(ontology.source.encode()).hexdigest(),
        },
        "side": given.side,
        "quality": quality,
        "reach": reach(),
        "sets": [
            {
                "name": one.name,
                "source": one.source,
                "licence": one.licence,
                "samples": sum(s.id.startswith(f"{one.name}/") for s in given.samples),
            }
            for one in given.descriptions
        ],
        "samples": _entry(folder / SAMPLES),
        "shards": [_entry(folder / name) for name in shards],
    }
    return {**index, "sha256": digest_of(index)}


def _entry(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return {"file": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _image_names(given: _Input) -> dict[Path, str]:
    """Name each picture after the first set that has it and its place under that set's root."""
    roots = {one.name: one.default_root for one in given.descriptions}
    names: dict[Path, str] = {}
    for sample in given.samples:
        set_name = sample.id.partition("/")[0]
        root, path = roots[set_name], sample.image
        inside = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
        names.setdefault(path, f"{set_name}/{inside.as_posix()}")
    return names


class _Shards:
    """Appends pictures to files of at most `_SHARD_BYTES`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[bytes] = []
        self._size = 0
        self._names: list[str] = []
        self.places: list[tuple[int, int, int]] = []

    def add(self, data: bytes) -> int:
        """Append a picture and return its position among `places`."""
        if self._size + len(data) > _SHARD_BYTES:
            self._flush()
        self.places.append((len(self._names), self._size, len(data)))
        self._parts.append(data)
        self._size += len(data)
        return len(self.places) - 1

    def finish(self) -> list[str]:
        """Write what is left and name the files."""
        self._flush()
        return self._names

    def _flush(self) -> None:
        if self._parts:
            name = f"pictures-{len(self._names):03}.bin"
            (self._folder / name).write_bytes(b"".join(self._parts))
            self._names.append(name)
        self._parts, self._size = [], 0
