"""Write a version for a changed ontology: nothing is trained, nothing that was known is lost."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ontology.targets import layout
from tagger.half_precision import write_weights
from tagger.migrated_knowledge import migrated_calibration, migrated_detector, migrated_taught
from tagger.migrated_rows import Knowledge, migrate_tensors
from tagger.model import AttributeModel, ModelConfig
from tagger.registry import (
    DETECTOR,
    MANIFEST,
    MEMORY,
    WEIGHTS,
    ModelStoreError,
    verify,
    write_version,
)

if TYPE_CHECKING:
    from ontology.migration import Migration
    from ontology.model import Ontology
    from tagger.registry import Manifest

__all__ = ["migrate_version", "migrated_name"]

_DIGITS = 8


def migrate_version(
    version: Path,
    new: Ontology,
    migration: Migration,
    *,
    parent: Path,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path:
    """Write a version that answers in the new ontology with what another one knows.

    The encoder, the finder's weights and the rows of what stays are the stored bytes; see
    `tagger.migrated_rows` for the others. Evaluation reports stay with the version that they
    measured. The same call again gives the version that is there.

    Args:
        version: A version directory that answers in `migration.old`.
        new: The ontology to answer in, `migration.new`.
        migration: What became of every id.
        parent: Where version directories live.
        clock: Gives the date in the version's name.

    Raises:
        ModelStoreError: If the version is damaged or answers in another ontology.
    """
    from tagger.loading import load_parts

    manifest, parts = verify(version), load_parts(version)
    scorer = parts["scorer"]
    if layout(scorer.ontology) != layout(migration.old) or new != migration.new:
        raise ModelStoreError(
            f"version {version.name} answers in another ontology than the migration starts from; "
            "give the file that the version was made with as the old one"
        )
    name = migrated_name(manifest, new, parent=parent, clock=clock)
    if (parent / name / MANIFEST).is_file():
        verify(parent / name)
        return parent / name
    knowledge = Knowledge(taught=scorer.taught, calibration=scorer.calibration)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / WEIGHTS
        _write_weights(version, manifest, migration, knowledge, weights)
        return write_version(
            parent,
            version=name,
            weights=weights,
            ontology_source=new.source,
            calibration=migrated_calibration(scorer.calibration, migration).to_dict(),
            describe=_described(manifest, parts, migration),
            detector=version / DETECTOR if manifest.detector else None,
            memory=version / MEMORY if MEMORY in manifest.hashes else None,
        )


def migrated_name(
    manifest: Manifest, new: Ontology, *, parent: Path, clock: Callable[[], datetime]
) -> str:
    """Name a version after what it is made from; an earlier day's name is found again."""
    parts = [manifest.version, *sorted(manifest.hashes.values()), new.source]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]
    there = sorted(path.parent.name for path in parent.glob(f"{new.id}-*-{digest}/{MANIFEST}"))
    return there[0] if there else f"{new.id}-{clock():%Y%m%d}-{digest}"


def _write_weights(
    version: Path,
    manifest: Manifest,
    migration: Migration,
    knowledge: Knowledge,
    path: Path,
) -> None:
    from safetensors.torch import load_file

    stored = load_file(version / WEIGHTS)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AttributeModel(ModelConfig.from_dict(manifest.model), layout(migration.new))
    full = {name: t.float() if t.is_floating_point() else t for name, t in stored.items()}
    write_weights(path, migrate_tensors(full, model.state_dict(), migration, knowledge))


def _described(manifest: Manifest, parts: dict[str, Any], migration: Migration) -> dict[str, Any]:
    from ontology.diff import changes

    detector = manifest.detector
    return {
        "model": dict(manifest.model),
        "taught": {
            kind: migrated_taught(parts[kind], migration).to_dict() for kind in ("real", "rendered")
        },
        "data": list(manifest.data),
        "training": {
            **manifest.training,
            "migrated_from": manifest.version,
            "migrated": [change.line for change in changes(migration)],
        },
        "metrics": {},
        **({"detector": migrated_detector(detector, migration)} if detector else {}),
    }
