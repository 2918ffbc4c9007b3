"""Fit a version's temperatures and thresholds anew, as another version with the same weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.data_sets import TrainingError, load_data
from tagger.loading import load_model, load_parts, save_version
from tagger.model import ModelConfig
from tagger.registry import WEIGHTS, verify
from tagger.versioning import calibrated_tagger, evaluate_all

if TYPE_CHECKING:
    from ontology.model import Ontology


def recalibrate(
    version: Path,
    data: Sequence[Path],
    *,
    versions: Path,
    say: Callable[[str], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    **serving: Any,
) -> Path:
    """Fit temperatures and thresholds of a version anew and write the result as another version.

    Args:
        version: The version directory; its weights and what it was taught stay.
        data: Data-set descriptions; their validation splits are used.
        versions: Where the new version is written.
        say: Called with one line at each stage.
        clock: Gives the date in the version's name.
        serving: Changes to `ModelConfig` that leave the weights alone: `image_size`, `mirror`.

    Raises:
        TrainingError: If something else is to be changed.
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
    say("calibrating on the validation splits")
    taught = {kind: parts[kind] for kind in ("real", "rendered")}
    tagger, scored = calibrated_tagger(model, ontology, sets, **taught)
    calibration = tagger.scorer.calibration
    digest = hashlib.sha256(
        json.dumps([manifest.hashes, calibration.to_dict(), config.to_dict()]).encode()
    ).hexdigest()
    path = save_version(
        versions,
        version=f"{ontology.id}-{clock():%Y%m%d}-{digest[:8]}",
        model=model,
        ontology=ontology,
        calibration=calibration,
        **taught,
        describe={
            "data": manifest.data,
            "training": {**manifest.training, "calibrated_from": manifest.version},
            "metrics": evaluate_all(tagger, sets.descriptions, scored),
        },
    )
    say(f"wrote {path}")
    return path
