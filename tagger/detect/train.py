"""Train a garment finder and write it into a new version beside an existing attribute model."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.errors import CatalogError
from ontology.load import parse_ontology
from tagger.dataset import load_description, load_samples
from tagger.detect.classes import CoarseClasses, classes_of
from tagger.detect.examples import (
    DrawnBox,
    Example,
    drawn_examples,
    flat_examples,
    read_boxes,
    scene_examples,
)
from tagger.detect.model import Detector, DetectorConfig
from tagger.detect.scores import score_detector
from tagger.detect.serving import GarmentDetector, load_detector, write_detector
from tagger.detect.training import Schedule, start_backbone, train_detector
from tagger.half_precision import rounded
from tagger.registry import CALIBRATION, DETECTOR, ONTOLOGY, WEIGHTS, verify, write_version

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.dataset import DatasetDescription, Sample

__all__ = [
    "FinderConfig",
    "FinderTrainingError",
    "add_detector",
    "choose_threshold",
    "train_finder",
]

_MATCH_IOU = 0.5
_THRESHOLDS = np.linspace(0.2, 0.8, 25)


class FinderTrainingError(CatalogError):
    """The garment finder cannot be trained with these sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderConfig:
    """Everything that decides a finder's training besides the data.

    Attributes:
        model: The network.
        schedule: How it learns.
        look_at: Catalog pictures to look at for products whose foreground can be trusted.
        served: Short and long side of served pictures, in pixels; a little more than in training
            finds small garments better.
    """

    schedule: Schedule
    model: DetectorConfig = field(default_factory=DetectorConfig)
    look_at: int = 4000
    served: tuple[int, int] = (320, 480)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What a finder learns from and is measured on."""

    classes: CoarseClasses
    examples: list[Example]
    validation: tuple[tuple[DatasetDescription, list[Sample]], ...]


def train_finder(
    version: Path,
    data: Sequence[Path],
    *,
    boxes: Path | None,
    config: FinderConfig,
    runs: Path,
    versions: Path,
    say: Callable[[str], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path:
    """Train a detector and write a new version: the old one's files and the detector.

    Args:
        version: The version directory whose detector the new one starts from, if both are of one
            shape, else whose backbone.
        data: Descriptions: one or more sets with boxes, whose first gives the coarse classes, and
            catalogs without.
        boxes: Hand-drawn boxes of catalog pictures, see `read_boxes`; those of use `test` and all
            pictures of the same products never teach.
        config: Everything else that decides the outcome.
        runs: Where the run's state lives; the same call continues an interrupted run.
        versions: Where the version directory is written.
        say: Called with one line at each stage.
        clock: Gives the date in the version's name.

    Raises:
        FinderTrainingError: If no set has boxes.
    """
    manifest = verify(version)
    ontology = parse_ontology((version / ONTOLOGY).read_text("utf-8"), file=str(version / ONTOLOGY))
    drawn = read_boxes(boxes) if boxes is not None else {}
    material = _material(data, drawn, ontology, config)
    kinds = {
        kind: sum(e.kind == kind for e in material.examples) for kind, _ in config.schedule.shares
    }
    say(f"{len(material.examples)} pictures: {kinds}")
    model = Detector(config.model, len(material.classes.names))
    source = _start(model, version, manifest.detector, material.classes)
    say(f"weights from {source}")
    state = runs / f"finder-{_digest([manifest.hashes, [str(d) for d in data], _plain(config)])}"
    weights = rounded(train_detector(model, material.examples, config.schedule, state=state))
    model.features = model.compute_features
    model.load_state_dict(weights)
    model.config = replace(config.model, short_side=config.served[0], long_side=config.served[1])
    detector = GarmentDetector(model, material.classes, threshold=0.5)
    say("choosing the threshold on the validation pictures")
    detector.threshold = choose_threshold(
        detector, [sample for _, samples in material.validation for sample in samples]
    )
    training = {
        **_plain(config),
        "pictures": kinds,
        "start": source,
        "metrics": {
            description.name: score_detector(detector, samples, description)
            for description, samples in material.validation
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        block = write_detector(
            Path(folder),
            weights,
            config=detector.config,
            classes=material.classes,
            threshold=detector.threshold,
            training=training,
        )
        path = _write(version, Path(folder) / DETECTOR, block, versions=versions, now=clock())
    say(f"wrote {path}")
    return path


def _start(
    model: Detector, version: Path, block: Mapping[str, Any] | None, classes: CoarseClasses
) -> str:
    from safetensors.torch import load_file

    if block is not None:
        known = load_detector(version, block)
        config = model.config  # the size of the pictures is no part of the weights
        served = replace(known.config, short_side=config.short_side, long_side=config.long_side)
        if served == config and known.classes.names == classes.names:
            model.load_state_dict(known.weights())
            return f"detector of version {version.name}"
    start_backbone(model, load_file(version / WEIGHTS))
    return f"backbone of version {version.name}"


def add_detector(
    version: Path,
    source: Path,
    *,
    versions: Path,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path:
    """Write a new version: one version's attribute model with another version's detector.

    Raises:
        FinderTrainingError: If `source` has no detector.
    """
    block = verify(source).detector
    if block is None:
        raise FinderTrainingError(f"version {source.name} has no detector; name one that has")
    load_detector(source, block)  # raises where it does not fit
    return _write(version, source / DETECTOR, block, versions=versions, now=clock())


def choose_threshold(detector: GarmentDetector, samples: Sequence[Sample]) -> float:
    """Choose the score that shows garments best: the highest F1 at IoU 0.5, class included.

    Only classes that the detector was taught in scenes count, as in `score_detector`.
    """
    pictures: dict[Path, list[Sample]] = {}
    for sample in samples:
        if sample.box is not None:
            pictures.setdefault(sample.image, []).append(sample)
    hits: list[tuple[float, bool]] = []
    garments = 0
    for items in pictures.values():
        found = detector.detect(
            items[0].open(),
            pixel_aspect=items[0].aspect,
            threshold=float(_THRESHOLDS[0]),
            with_masks=False,
        )
        free = list(items)
        garments += len(items)
        for item in found:
            match = next(
                (
                    sample
                    for sample in free
                    if sample.box is not None
                    and sample.source_labels.get("category") == item.name
                    and sample.box.iou(item.box) >= _MATCH_IOU
                ),
                None,
            )
            hits.append((item.score, match is not None))
            if match is not None:
                free.remove(match)
    thresholds = [float(at) for at in _THRESHOLDS]
    return max(thresholds, key=lambda at: (_f1(hits, garments, at), at))


def _f1(hits: Sequence[tuple[float, bool]], garments: int, threshold: float) -> float:
    shown = [right for score, right in hits if score >= threshold]
    return 2 * sum(shown) / max(1, len(shown) + garments)


def _material(
    data: Sequence[Path], drawn: Mapping[str, DrawnBox], ontology: Ontology, config: FinderConfig
) -> _Material:
    loaded = []
    for path in data:
        description = load_description(path)
        loaded.append((description, load_samples(description, ontology=ontology, split="all")))
    scenes = [(d, s) for d, s in loaded if any(sample.box is not None for sample in s)]
    if not scenes:
        raise FinderTrainingError(
            f"none of {[d.name for d, _ in loaded]} has boxes; add a set of instances with --data"
        )
    classes = classes_of(scenes[0][0], ontology)
    examples: list[Example] = []
    for description, samples in loaded:
        learn = [sample for sample in samples if sample.split == "train"]
        if (description, samples) in scenes:
            examples += scene_examples(learn, classes)
        else:
            # A hand-drawn box is no label of the split: those of held-out products may teach boxes.
            examples += drawn_examples(samples, drawn, classes)
            examples += flat_examples(learn, drawn, classes, limit=config.look_at)
    held = tuple((d, [sample for sample in s if sample.split == "validation"]) for d, s in scenes)
    return _Material(classes=classes, examples=examples, validation=held)


def _write(
    version: Path, file: Path, block: Mapping[str, Any], *, versions: Path, now: datetime
) -> Path:
    manifest = verify(version)
    ontology_source = (version / ONTOLOGY).read_text("utf-8")
    ontology = parse_ontology(ontology_source, file=str(version / ONTOLOGY))
    detector = hashlib.sha256(file.read_bytes()).hexdigest()
    name = f"{ontology.id}-{now:%Y%m%d}-{_digest([manifest.hashes, detector, block])}"
    return write_version(
        versions,
        version=name,
        weights=version / WEIGHTS,
        ontology_source=ontology_source,
        calibration=json.loads((version / CALIBRATION).read_text("utf-8")),
        describe={
            "model": manifest.model,
            "taught": manifest.taught,
            "data": list(manifest.data),
            "training": manifest.training,
            "metrics": manifest.metrics,
            "detector": block,
        },
        detector=file,
    )


def _plain(config: FinderConfig) -> dict[str, Any]:
    return {
        "schedule": asdict(config.schedule),
        "look_at": config.look_at,
        "trained_at": [config.model.short_side, config.model.long_side],
        "served_at": list(config.served),
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
