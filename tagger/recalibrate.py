"""Fit a version's temperatures and thresholds anew, with its weights or an average of two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tagger.data_sets import DataSets, TrainingError, describe_set, load_data
from tagger.found_boxes import find_boxes
from tagger.known import Taught, taught_by
from tagger.loading import load_model, load_parts, save_version
from tagger.memory import load_memory_of
from tagger.model import ModelConfig
from tagger.registry import WEIGHTS, Manifest, verify
from tagger.versioning import calibrated_tagger, evaluate_all

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.model import AttributeModel


def recalibrate(
    version: Path,
    data: Sequence[Path],
    *,
    versions: Path,
    average_with: Path | None = None,
    boxes: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    **serving: Any,
) -> Path:
    """Fit temperatures and thresholds of a version anew and write the result as another version.

    Args:
        version: The version directory; its weights and what it was taught stay.
        data: Data-set descriptions; their validation splits are used.
        versions: Where the new version is written.
        average_with: A version of the same network whose weights are averaged in (Wortsman et al.
            2022, https://arxiv.org/abs/2203.05482), such as the one that this one started from.
        boxes: Cache of the training samples' boxes, see `find_boxes`.
        say: Called with one line at each stage.
        clock: Gives the date in the version's name.
        serving: Changes to `ModelConfig` that leave the weights alone: `image_size`, `mirror`.

    Raises:
        TrainingError: If something else is to be changed.
        ModelStoreError: If a version is damaged, or the two networks differ.
    """
    if set(serving) - {"image_size", "mirror"}:
        raise TrainingError(
            f"{sorted(serving)}: only image_size and mirror leave the weights alone"
        )
    manifest, parts = verify(version), load_parts(version)
    ontology: Ontology = parts["scorer"].ontology
    sets = load_data(data, ontology)
    config = replace(ModelConfig.from_dict(manifest.model), **serving)
    model = load_model(version / WEIGHTS, config, ontology)
    if average_with is not None:
        average_(model, load_model(average_with / WEIGHTS, config, ontology))
    say("calibrating on the validation splits")
    taught, described = _completed(manifest, parts, sets)
    tagger, scored = calibrated_tagger(
        model,
        ontology,
        sets,
        real=taught["real"],
        rendered=taught["rendered"],
        detector=parts["detector"],
        boxes=find_boxes(sets.training, cache=boxes, detector_of=version) if boxes else None,
    )
    calibration = tagger.scorer.calibration
    digest = hashlib.sha256(
        json.dumps(
            [manifest.hashes, str(average_with), calibration.to_dict(), config.to_dict()],
            sort_keys=True,
        ).encode()
    ).hexdigest()
    name = f"{ontology.id}-{clock():%Y%m%d}-{digest[:8]}"
    path = save_version(
        versions,
        version=name,
        model=model,
        ontology=ontology,
        calibration=calibration,
        real=taught["real"],
        rendered=taught["rendered"],
        describe={
            "data": described,
            "training": {
                **manifest.training,
                "calibrated_from": manifest.version,
                "averaged_with": average_with.name if average_with else None,
            },
            "metrics": evaluate_all(tagger, sets.descriptions, scored, version=name),
        },
        detector_of=version,
        memory=load_memory_of(version, encoder=tagger.encoder),
    )
    say(f"wrote {path}")
    return path


def _completed(
    manifest: Manifest, parts: Mapping[str, Any], sets: DataSets
) -> tuple[dict[str, Taught], list[Mapping[str, Any]]]:
    """Give what was taught and the data sets, with what older manifests left out.

    Counts of labels and how they were made are taken from the data if it is what the version was
    trained on, that is if it teaches the same; else the manifest's entries stay as they are.
    """
    stored: dict[str, Taught] = {kind: parts[kind] for kind in ("real", "rendered")}
    found = {
        kind: taught_by(
            [sample for sample in sets.training if sample.origin == kind], parts["scorer"].ontology
        )
        for kind in stored
    }
    if any(replace(found[kind], counts=taught.counts) != taught for kind, taught in stored.items()):
        return stored, list(manifest.data)
    return found, [describe_set(description, sets) for description in sets.descriptions]


def average_(model: AttributeModel, *others: AttributeModel) -> None:
    """Replace a network's floating-point tensors by their mean with others', in half precision."""
    with torch.no_grad():
        for mine, *theirs in zip(
            model.state_dict().values(),
            *(other.state_dict().values() for other in others),
            strict=True,
        ):
            if mine.is_floating_point():
                mean = sum(theirs, start=mine) / (1 + len(theirs))
                mine.copy_(mean.half().float())
