"""Find the garment of every training picture once, and keep the boxes between runs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.boxes import PixelBox
from tagger.finder import primary_box
from tagger.images import read_image

if TYPE_CHECKING:
    from tagger.dataset import Sample
    from tagger.detect.serving import GarmentDetector

_CHUNK = 32


def find_boxes(
    samples: Sequence[Sample],
    *,
    cache: Path,
    workers: int | None = None,
    detector_of: Path | None = None,
) -> list[PixelBox]:
    """Find each sample's garment: its own box, else the primary one of the garment finder.

    Args:
        samples: What to look at.
        cache: JSON file that keeps found boxes between runs; a detector has a file of its own
            beside it.
        workers: Processes that look in parallel; None for one a core.
        detector_of: A version directory whose detector, if it has one, looks as well.

    Returns:
        One box a sample, in pixels of the file.
    """
    if detector_of is not None and (mark := _detector_mark(detector_of)):
        cache = cache.with_stem(f"{cache.stem}-{mark}")
    else:
        detector_of = None
    known: dict[str, list[float]] = json.loads(cache.read_text()) if cache.exists() else {}
    unknown = {str(s.image): s.aspect for s in samples if s.garment is None}
    wanted = sorted(name for name in unknown if name not in known)
    if wanted:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(
            workers or os.cpu_count(),
            mp_context=get_context("spawn"),
            initializer=_take_detector,
            initargs=(detector_of,),
        ) as pool:
            aspects = [unknown[name] for name in wanted]
            boxes = pool.map(_primary_box, wanted, aspects, chunksize=_CHUNK)
            known.update((name, list(box)) for name, box in zip(wanted, boxes, strict=True))
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(known))
    return [sample.garment or _box(known[str(sample.image)]) for sample in samples]


def _box(edges: Sequence[float]) -> PixelBox:
    x0, y0, x1, y1 = edges
    return PixelBox(x0=x0, y0=y0, x1=x1, y1=y1)


def _detector_mark(version: Path) -> str:
    from tagger.registry import DETECTOR, read_manifest

    return read_manifest(version).hashes.get(DETECTOR, "")[:8]


class _Worker:
    """What a worker process keeps between pictures."""

    detector: GarmentDetector | None = None


def _take_detector(version: Path | None) -> None:
    if version is None:
        return
    import torch

    from tagger.loading import load_detector_of

    torch.set_num_threads(1)
    _Worker.detector = load_detector_of(version)


def _primary_box(path: str, aspect: float) -> tuple[float, float, float, float]:
    image = read_image(Path(path), name=path)
    return primary_box(image, detector=_Worker.detector, pixel_aspect=aspect).xyxy
