"""Calibrate a fine-tuned network and write it as a version.

Legend: C channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.loading import half_precision_, save_version, version_name
from tagger.memory import ReplayMemory
from tagger.pipeline import Tagger
from tagger.refit import TAUGHT_BEFORE, Refitted, corrections_entry
from tagger.refit_calibration import recalibrated
from tagger.registry import MANIFEST, read_manifest
from tagger.scored import score_samples
from tagger.scoring import Scorer
from tagger.versioning import calibrated_tagger, evaluate_all

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from tagger.boxes import PixelBox
    from tagger.data_sets import DataSets
    from tagger.dataset import Sample
    from tagger.known import Taught
    from tagger.model import AttributeModel
    from tagger.scoring import Calibration

__all__ = ["Finished", "write_full"]

_REMEMBERED = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A fine-tuned network and all that it came from.

    Attributes:
        live: The version directory that it started from.
        parts: That version, loaded.
        model: The network.
        sets: What it was trained on, corrections last, and base data to measure on.
        boxes: One a training sample.
        learn: The corrections among them.
        blind: Garments that were labelled without a suggestion.
        memory: The live version's replay memory, if it has one.
        before: What taught the live version before any correction.
        real: What real pictures taught by now.
        counts: Garments by what became of them.
        described: Base data, as a manifest lists it.
        loop: Schedule and rates.
    """

    live: Path
    parts: Mapping[str, Any]
    model: AttributeModel
    sets: DataSets
    boxes: Sequence[PixelBox]
    learn: Sequence[Sample]
    blind: Sequence[Sample]
    memory: ReplayMemory | None
    before: Taught
    real: Taught
    counts: Mapping[str, int]
    described: Sequence[Mapping[str, Any]]
    loop: Mapping[str, Any]


def write_full(done: Finished, *, versions: Path, now: datetime) -> Refitted:
    """Calibrate, measure and write; an attempt that was cut off after writing is found again."""
    model = half_precision_(done.model)
    ontology = done.parts["scorer"].ontology
    name = version_name(ontology, model, now)
    if (versions / name / MANIFEST).is_file():
        return Refitted(path=versions / name, counts=done.counts)
    calibration, metrics = _calibrated(done, model, name)
    path = save_version(
        versions,
        version=name,
        model=model,
        ontology=ontology,
        calibration=calibration,
        real=done.real,
        rendered=done.parts["rendered"],
        describe={
            "data": corrections_entry(
                done.described or read_manifest(done.live).data, done.learn, done.blind
            ),
            "training": {
                "kind": "full round",
                "start": f"version {done.live.name}",
                "corrections": dict(done.counts),
                **done.loop,
                TAUGHT_BEFORE: done.before.to_dict(),
            },
            "metrics": metrics,
        },
        detector_of=done.live,
        memory=_remembered(done, _tagger(done, model, calibration)),
    )
    return Refitted(path=path, counts=done.counts)


def _tagger(done: Finished, model: AttributeModel, calibration: Calibration) -> Tagger:
    taught = done.real.united(done.parts["rendered"])
    return Tagger(
        model,
        scorer=Scorer(done.parts["scorer"].ontology, taught, calibration),
        real=done.real,
        rendered=done.parts["rendered"],
        version="candidate",
        detector=done.parts["detector"],
    )


def _calibrated(
    done: Finished, model: AttributeModel, name: str
) -> tuple[Calibration, dict[str, Any]]:
    """Calibrate on base data where there is some, then on the blind slice where that is enough."""
    calibration: Calibration = done.parts["scorer"].calibration
    metrics: dict[str, Any] = {}
    if done.sets.descriptions:
        tagger, scored = calibrated_tagger(
            model,
            done.parts["scorer"].ontology,
            done.sets,
            real=done.real,
            rendered=done.parts["rendered"],
            detector=done.parts["detector"],
            boxes=done.boxes,
        )
        calibration = tagger.scorer.calibration
        metrics = evaluate_all(tagger, done.sets.descriptions, scored, version=name)
    if done.blind:
        calibration = recalibrated(
            calibration,
            done.parts["scorer"].ontology,
            real=done.real,
            all_taught=done.real.united(done.parts["rendered"]),
            blind=score_samples(_tagger(done, model, calibration), done.blind),
        )
    return calibration, metrics


def _remembered(done: Finished, tagger: Tagger) -> ReplayMemory:
    """Remember training crops by the new encoder.

    Without base data, the live version's memory stands for its pictures: embeddings were held near
    the live encoder's, so its rows are kept as they are.
    """
    step = max(1, len(done.sets.training) // _REMEMBERED)
    scored = score_samples(tagger, done.sets.training[::step], boxes=done.boxes[::step])
    rows: NDArray[np.float32] = scored.embedding
    if not done.sets.descriptions and done.memory is not None:
        rows = np.concatenate([done.memory.embeddings(), rows])
    return ReplayMemory.of(rows, encoder=tagger.encoder)
