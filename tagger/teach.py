"""Teach the heads of a version new labels: a fast refit on data sets in place of corrections.

What `tagger.refit` does with an annotator's corrections: labels of some sets are learnt, and on
the training samples of all others the heads keep what they said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from tagger.data_sets import DataSets, TrainingError, describe_set, load_data
from tagger.found_boxes import find_boxes
from tagger.known import taught_by
from tagger.loading import half_precision_, load_parts, save_version, version_name
from tagger.memory import load_memory_of
from tagger.pipeline import Tagger
from tagger.refit_heads import RefitConfig, fit_heads, prepare
from tagger.registry import verify
from tagger.scored import score_samples

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tagger.dataset import Sample

__all__ = ["TEACHING", "teach"]

TEACHING = RefitConfig(steps=1200, pull=0.2)
_LEARNT_SHARE = 0.2


def teach(
    version: Path,
    learn: Sequence[Path],
    keep: Sequence[Path],
    *,
    versions: Path,
    boxes: Path,
    config: RefitConfig = TEACHING,
    watch: Callable[[int, int], None] = lambda _done, _all: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path:
    """Fit the heads to some data sets and write the result as another version.

    Branches stay as they are where no label speaks of an attribute, backbone and attention always:
    embeddings, memory and detector are those of the version before. So is the calibration, until
    `tagger.recalibrate` fits it anew.

    Args:
        version: The version directory to start from.
        learn: Descriptions of the sets whose labels are learnt.
        keep: Descriptions of all other sets that taught the version.
        versions: Where the new version is written.
        boxes: Cache of boxes, see `find_boxes`.
        config: How heads are fitted.
        watch: Called with (done, all) steps.
        clock: Gives the date in the version's name.

    Raises:
        TrainingError: If no set is to be learnt, or one has no training samples.
        ModelStoreError: If the version is damaged.
    """
    if not learn:
        raise TrainingError("no data set is to be learnt; name at least one with --learn")
    manifest, parts = verify(version), load_parts(version)
    tagger = Tagger.load(version, device="cpu")  # heads are small; embedding is most of the work
    ontology, model = tagger.ontology, tagger.model
    sets = load_data([*learn, *keep], ontology)
    learnt, kept = _sorted(sets, load_data(learn, ontology))
    learnt_rows, kept_rows = (
        _embedded(tagger, samples, boxes=boxes, version=version) for samples in (learnt, kept)
    )
    times = _times(len(learnt), len(kept))
    data = prepare(
        model,
        ontology,
        garments=learnt * times,
        embeddings=np.tile(learnt_rows, (times, 1)),
        memory=kept_rows,
        taught=parts["real"].united(parts["rendered"]),
    )
    only_category = not any(sample.label.cells for sample in learnt)
    fit_heads(model, data, config=config, only_category=only_category, watch=watch)
    taught = {
        origin: taught_by([one for one in sets.training if one.origin == origin], ontology)
        for origin in ("real", "rendered")
    }
    return save_version(
        versions,
        version=version_name(ontology, half_precision_(model), clock()),
        model=model,
        ontology=ontology,
        calibration=tagger.scorer.calibration,
        real=taught["real"],
        rendered=taught["rendered"],
        describe={
            "data": [describe_set(description, sets) for description in sets.descriptions],
            "training": {
                **manifest.training,
                "heads": {
                    "start": manifest.version,
                    "learnt": {"garments": len(learnt), "drawn_times": times},
                    "kept": len(kept),
                    **config.to_dict(),
                },
            },
            "metrics": {},
        },
        detector_of=version,
        memory=load_memory_of(version, encoder=tagger.encoder),
    )


def _sorted(sets: DataSets, learn: DataSets) -> tuple[list[Sample], list[Sample]]:
    """Give what is learnt and what is kept, each garment of the latter once and none of both."""
    ids = {sample.id for sample in learn.training}
    learnt = [sample for sample in sets.training if sample.id in ids]
    garments = {(sample.image, sample.box): sample for sample in sets.training}
    for sample in learnt:
        garments.pop((sample.image, sample.box), None)
    return learnt, list(garments.values())


def _times(learnt: int, kept: int) -> int:
    """Say how often a learnt garment counts, so that a fifth of the rows are to be learnt."""
    return max(1, round(_LEARNT_SHARE / (1 - _LEARNT_SHARE) * kept / learnt))


def _embedded(
    tagger: Tagger, samples: Sequence[Sample], *, boxes: Path, version: Path
) -> NDArray[np.float32]:
    if not samples:
        return np.zeros((0, tagger.model.num_channels), dtype=np.float32)
    found = find_boxes(samples, cache=boxes, detector_of=version)
    return score_samples(tagger, samples, boxes=found).embedding
