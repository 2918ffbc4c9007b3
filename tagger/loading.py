"""Build a model from a version directory, and a version directory from a model."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ontology.compare import compare
from ontology.load import parse_ontology
from ontology.targets import layout
from tagger.half_precision import load_weights, write_weights
from tagger.known import Taught
from tagger.migrated_knowledge import migrated_detector
from tagger.migrated_rows import Knowledge, migrate_tensors
from tagger.model import AttributeModel, ModelConfig
from tagger.registry import (
    CALIBRATION,
    DETECTOR,
    MEMORY,
    ONTOLOGY,
    WEIGHTS,
    ModelStoreError,
    read_manifest,
    verify,
    write_version,
)
from tagger.scoring import Calibration, Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ontology.model import Ontology
    from tagger.detect.serving import GarmentDetector
    from tagger.memory import ReplayMemory


def load_parts(path: Path) -> dict[str, Any]:
    """Load what `Tagger` is made of from a version directory.

    Raises:
        ModelStoreError: If the directory is damaged or its weights do not fit its configuration.
    """
    manifest = verify(path)
    ontology = parse_ontology(
        (path / ONTOLOGY).read_text(encoding="utf-8"), file=str(path / ONTOLOGY)
    )
    real, rendered = (Taught.from_dict(manifest.taught[kind]) for kind in ("real", "rendered"))
    calibration = Calibration.from_dict(json.loads((path / CALIBRATION).read_text("utf-8")))
    model = load_model(path / WEIGHTS, ModelConfig.from_dict(manifest.model), ontology)
    return {
        "model": model,
        "scorer": Scorer(ontology, real.united(rendered), calibration),
        "real": real,
        "rendered": rendered,
        "detector": load_detector_of(path),
        "version": manifest.version,
    }


def load_detector_of(path: Path) -> GarmentDetector | None:
    """Load the detector of a version directory, or give None if it has none.

    Raises:
        ModelStoreError: If the manifest or the detector is damaged.
    """
    block = read_manifest(path).detector
    if block is None:
        return None
    from tagger.detect.serving import load_detector

    return load_detector(path, block)


def load_model(weights: Path, config: ModelConfig, ontology: Ontology) -> AttributeModel:
    """Load half-precision weights as float32 into a network in evaluation mode.

    Raises:
        ModelStoreError: If a tensor is missing, unknown or of another shape.
    """
    model = AttributeModel(config, layout(ontology))
    load_weights(model, weights)
    return model.eval()


def carry_over(version: Path, model: AttributeModel, ontology: Ontology) -> None:
    """Start a network from a version that may differ in branches, image size or ontology.

    Rows of heads go by the ids of the ontology, where it has `was` entries by those; see
    `tagger.migrated_rows`. Every other tensor of the same name and shape is taken over, and the
    rest keeps its fresh start.

    Args:
        version: A version directory.
        model: Changed in place.
        ontology: What the network is to answer in.

    Raises:
        ModelStoreError: If the version is damaged or shares no backbone tensor with the network.
        OntologyError: If a `was` entry names what the version's ontology does not have.
    """
    from safetensors.torch import load_file

    parts = load_parts(version)
    fresh = model.state_dict()
    stored = {
        name: t.to(fresh[name].dtype if name in fresh else t.dtype)
        for name, t in load_file(version / WEIGHTS).items()
    }
    fitting = {name for name in stored if name in fresh and stored[name].shape == fresh[name].shape}
    if not any(name.startswith("backbone.") for name in fitting):
        raise ModelStoreError(f"version {version.name} has another backbone; use its configuration")
    scorer = parts["scorer"]
    if layout(scorer.ontology) == layout(ontology):
        model.load_state_dict({name: stored[name] for name in fitting}, strict=False)
        return
    knowledge = Knowledge(taught=scorer.taught, calibration=scorer.calibration)
    migration = compare(scorer.ontology, ontology)
    model.load_state_dict(migrate_tensors(stored, fresh, migration, knowledge))


def save_version(
    parent: Path,
    *,
    version: str,
    model: AttributeModel,
    ontology: Ontology,
    calibration: Calibration,
    real: Taught,
    rendered: Taught,
    describe: Mapping[str, Any],
    detector_of: Path | None = None,
    memory: ReplayMemory | None = None,
) -> Path:
    """Write a model as a new version directory, floating-point tensors in half precision.

    Args:
        parent: Where version directories live.
        version: Its name.
        model: The network.
        ontology: Stored as its source text.
        calibration: Temperatures and thresholds.
        real: What real pictures taught.
        rendered: What rendered pictures taught.
        describe: `data`, `training` and `metrics` of the manifest.
        detector_of: A version directory whose detector, if it has one, comes along; the leaves of
            its classes become those of the ontology.
        memory: Embeddings of training crops by this model's encoder, for later refits.
    """
    found = _detector_block(detector_of, ontology) if detector_of is not None else None
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / WEIGHTS
        write_weights(weights, model.state_dict())
        remembered = Path(folder) / MEMORY if memory is not None else None
        if memory is not None and remembered is not None:
            memory.save(remembered)
        return write_version(
            parent,
            version=version,
            weights=weights,
            ontology_source=ontology.source,
            calibration=calibration.to_dict(),
            describe={
                "model": model.config.to_dict(),
                "taught": {"real": real.to_dict(), "rendered": rendered.to_dict()},
                **describe,
                **({"detector": found} if found is not None else {}),
            },
            detector=detector_of / DETECTOR if detector_of is not None and found else None,
            memory=remembered,
        )


def encoder_digest(model: AttributeModel) -> str:
    """Name what makes embeddings: the half-precision backbone and attention, and how it is served.

    Two models with the same digest give the same embedding of the same crop, whatever their heads.

    Returns:
        The first 16 hex digits of a SHA-256.
    """
    digest = hashlib.sha256(f"{model.config.image_size} {model.config.mirror}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        if name.startswith(("backbone.", "attention.")) and tensor.is_floating_point():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def version_name(ontology: Ontology, model: AttributeModel, day: datetime) -> str:
    """Name a version by its ontology, the day and its weights: `fashion-20261122-6d90943f`."""
    tensors = model.state_dict().values()
    digest = hashlib.sha256(b"".join(tensor.cpu().numpy().tobytes() for tensor in tensors))
    return f"{ontology.id}-{day:%Y%m%d}-{digest.hexdigest()[:8]}"


def half_precision_(model: AttributeModel) -> AttributeModel:
    """Round floating-point tensors to half precision in place, as a stored version has them."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())
    return model


def _detector_block(version: Path, ontology: Ontology) -> Mapping[str, Any] | None:
    """Give a version's entry `detector` with its classes in an ontology."""
    block = read_manifest(version).detector
    path = version / ONTOLOGY
    before = parse_ontology(path.read_text(encoding="utf-8"), file=str(path))
    if block is None or before.leaves == ontology.leaves:
        return block
    return migrated_detector(block, compare(before, ontology))
