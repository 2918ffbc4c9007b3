"""Give a version a replay memory: the same version, with embeddings of its training crops."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tagger.data_sets import load_data
from tagger.found_boxes import find_boxes
from tagger.memory import SIZE, ReplayMemory
from tagger.pipeline import Tagger
from tagger.registry import (
    CALIBRATION,
    DETECTOR,
    MANIFEST,
    MEMORY,
    ONTOLOGY,
    WEIGHTS,
    verify,
    write_version,
)
from tagger.scored import score_samples

__all__ = ["remember"]


def remember(
    version: Path,
    data: Sequence[Path],
    *,
    versions: Path,
    boxes: Path,
    name: str = "",
    look_at: int = 4000,
    size: int = SIZE,
    watch: Callable[[int, int], None] = lambda _done, _all: None,
) -> Path:
    """Write a version again, with a replay memory.

    Args:
        version: The version directory; weights, calibration and all that it says of itself stay.
        data: The data-set descriptions and packs that it was trained on.
        versions: Where the new directory is written.
        boxes: Cache of boxes, see `find_boxes`.
        name: Of the new version; else the old one's with `-m` at its end.
        look_at: Training samples that are embedded, chosen evenly by their ids.
        size: Embeddings that are kept.
        watch: Called with (done, all) samples.

    Raises:
        ModelStoreError: If the version is damaged, or the name is taken.
    """
    manifest = verify(version)
    tagger = Tagger.load(version)
    samples = sorted(
        load_data(data, tagger.ontology).training,
        key=lambda sample: hashlib.sha256(sample.id.encode()).hexdigest(),
    )[:look_at]
    found = find_boxes(samples, cache=boxes, detector_of=version)
    scored = score_samples(tagger, samples, boxes=found, watch=watch)
    memory = ReplayMemory.of(scored.embedding, encoder=tagger.encoder, size=size)
    plain = json.loads((version / MANIFEST).read_text(encoding="utf-8"))
    describe = {key: value for key, value in plain.items() if key not in ("version", "hashes")}
    with tempfile.TemporaryDirectory() as folder:
        memory.save(Path(folder) / MEMORY)
        return write_version(
            versions,
            version=name or f"{manifest.version}-m",
            weights=version / WEIGHTS,
            ontology_source=(version / ONTOLOGY).read_text(encoding="utf-8"),
            calibration=json.loads((version / CALIBRATION).read_text(encoding="utf-8")),
            describe=describe,
            detector=version / DETECTOR if manifest.detector else None,
            memory=Path(folder) / MEMORY,
        )
