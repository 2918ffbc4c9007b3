"""Train, calibrate and evaluate a model, and write it down as a version.

A run lives in its own directory, named after everything that decides its outcome: the same command
continues where a killed one stopped, and another command never mixes with it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import torch

from ontology.errors import CatalogError
from ontology.labels import CellState
from ontology.targets import layout
from tagger.backbone import input_scaling, load_pretrained
from tagger.dataset import load_description, load_samples
from tagger.known import taught_by
from tagger.loading import half_precision_, load_model, save_version
from tagger.loss import LossWeights
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import choose_device
from tagger.trainer import LoopConfig, Progress, Trainer
from tagger.training_set import Augmentation, GarmentSet, encode_targets, find_boxes
from tagger.versioning import calibrated_tagger, evaluate_all

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.boxes import PixelBox
    from tagger.dataset import DatasetDescription, Sample
    from tagger.loss import TargetBatch

log = structlog.get_logger(__name__)


class TrainingError(CatalogError):
    """Training was asked for something that it cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides a run's outcome besides the data.

    Attributes:
        model: The network.
        loop: Schedule, rates, seed.
        augmentation: Variation of the crops.
        init: A version directory whose weights to start from; None for the backbone's ImageNet
            ones.
        rarity: See `LossWeights.from_counts`.
        category_power: Draws of a category go with its count to 1 minus this power, 0..1.
        set_power: Draws of a data set go with its number of samples to 1 minus this power, 0..1.
        set_weights: Further factors on the draws of data sets, by name; 1 where absent.
        limit: Use at most so many samples a data set; 0 for all. For quick tries.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    augmentation: Augmentation = field(default_factory=Augmentation)
    init: Path | None = None
    rarity: float = 0.5
    category_power: float = 0.4
    set_power: float = 0.5
    set_weights: Mapping[str, float] = field(default_factory=dict)
    limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSets:
    """Samples of all described sets, apart by split.

    Attributes:
        descriptions: In the order given.
        training: Samples to learn from.
        validation: Samples to calibrate and measure on, by data-set name.
    """

    descriptions: tuple[DatasetDescription, ...]
    training: tuple[Sample, ...]
    validation: Mapping[str, tuple[Sample, ...]]


def load_data(paths: Sequence[Path], ontology: Ontology, *, limit: int = 0) -> DataSets:
    """Load every described set and check that no picture is on both sides of a split.

    Raises:
        TrainingError: If a picture is in training and validation, or nothing is left to train on.
    """
    descriptions = tuple(load_description(path) for path in paths)
    training: list[Sample] = []
    validation: dict[str, tuple[Sample, ...]] = {}
    for description in descriptions:
        samples = load_samples(description, root=None, ontology=ontology, split="all")
        learn = [sample for sample in samples if sample.split == "train"]
        hold = [sample for sample in samples if sample.split == "validation"]
        training.extend(learn[: limit or None])
        validation[description.name] = tuple(hold[: limit or None])
    held = {sample.image for samples in validation.values() for sample in samples}
    leaked = [sample.id for sample in training if sample.image in held]
    if leaked:
        raise TrainingError(
            f"{len(leaked)} pictures are in training and in validation, first {leaked[0]}; "
            "give sets that share pictures the same split"
        )
    if not training:
        raise TrainingError("the described sets have no training samples")
    return DataSets(descriptions=descriptions, training=tuple(training), validation=validation)


def train(
    ontology: Ontology,
    data: Sequence[Path],
    *,
    config: TrainConfig,
    runs: Path,
    versions: Path,
    device: str = "auto",
    watch: Callable[[Progress], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    stop_after_s: float | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path | None:
    """Train a model and write it as a version.

    Args:
        ontology: What the model answers in.
        data: Data-set descriptions.
        config: Everything else that decides the outcome.
        runs: Where run directories with checkpoints live.
        versions: Where the version directory is written.
        device: `auto`, `cpu`, `cuda` ...
        watch: Called after every step.
        say: Called with one line at each stage.
        stop_after_s: Stop training with a checkpoint after so many seconds.
        clock: Gives the date in the version's name.

    Returns:
        The version directory, or None if stopped early; the same call continues.
    """
    sets = load_data(data, ontology, limit=config.limit)
    run = runs / _run_name(ontology, sets, config)
    say(f"run {run.name}: {len(sets.training)} training samples")
    boxes = find_boxes(sets.training, cache=runs / "boxes.json")
    trainer = _trainer(ontology, sets, boxes, config, run / "checkpoint.pt", choose_device(device))
    source = _start(trainer, ontology, config, say)
    finished = trainer.run(
        watch=watch,
        after_epoch=lambda epoch: say(f"epoch {epoch} of {config.loop.epochs} done"),
        stop_after_s=stop_after_s,
    )
    if not finished:
        say("stopped; the same command continues")
        return None
    return _write(trainer.averaged, ontology, sets, config, versions, source, say=say, now=clock())


def _start(
    trainer: Trainer, ontology: Ontology, config: TrainConfig, say: Callable[[str], None]
) -> str:
    if config.init is not None:
        source = f"version {config.init.name}"
        if trainer.step_number == 0:
            weights = load_model(config.init / "weights.safetensors", config.model, ontology)
            trainer.start_from(weights)
    elif trainer.step_number == 0:
        source = load_pretrained(trainer.model.backbone, config.model.backbone)
        trainer.start_from(trainer.model)
    else:
        source = "checkpoint"
    say(f"weights from {source}, step {trainer.step_number} of {trainer.num_steps}")
    return source


def _trainer(
    ontology: Ontology,
    sets: DataSets,
    boxes: Sequence[PixelBox],
    config: TrainConfig,
    checkpoint: Path,
    device: str,
) -> Trainer:
    torch.manual_seed(config.loop.seed)
    targets = encode_targets(ontology, sets.training)
    return Trainer(
        AttributeModel(config.model, layout(ontology)),
        GarmentSet(
            sets.training,
            boxes,
            size=config.loop.crop_size,
            augmentation=config.augmentation,
            seed=config.loop.seed,
        ),
        targets,
        draw_weights=draw_weights(
            sets.training,
            category_power=config.category_power,
            set_power=config.set_power,
            set_weights=config.set_weights,
        ),
        loss_weights=count_weights(ontology, sets.training, targets, rarity=config.rarity),
        scaling=input_scaling(config.model.backbone),
        config=config.loop,
        device=torch.device(device),
        checkpoint=checkpoint,
    )


def count_weights(
    ontology: Ontology, samples: Sequence[Sample], targets: TargetBatch, *, rarity: float
) -> LossWeights:
    """Count labelled and not-applicable cells of the training set for the loss."""
    attributes = list(layout(ontology).slices)
    labelled = torch.tensor(
        [
            sum(
                name in sample.label.cells and sample.label.cells[name].state is CellState.VALUE
                for sample in samples
            )
            for name in attributes
        ]
    )
    return LossWeights.from_counts(
        labelled,
        targets.not_applicable.sum(dim=0),
        num_samples=len(samples),
        rarity=rarity,
        category=2.0,
    )


def draw_weights(
    samples: Sequence[Sample],
    *,
    category_power: float,
    set_power: float,
    set_weights: Mapping[str, float],
) -> torch.Tensor:
    """Weigh samples so that small data sets and rare categories are drawn more often.

    Args:
        samples: N samples; the part of an id before the slash names the data set.
        category_power: Within a set, a category of n samples is drawn like n ** (1 - power).
        set_power: A set of n samples is drawn like n ** (1 - power).
        set_weights: Factors on that, by name.

    Returns:
        (N,) weights.
    """
    keys = [(sample.id.partition("/")[0], sample.label.categories) for sample in samples]
    cells, sizes = Counter(keys), Counter(name for name, _ in keys)
    plain = {key: count ** (1 - category_power) for key, count in cells.items()}
    totals: dict[str, float] = {}
    for (name, _), share in plain.items():
        totals[name] = totals.get(name, 0.0) + share
    wanted = {
        name: size ** (1 - set_power) * set_weights.get(name, 1.0) for name, size in sizes.items()
    }
    weights = [plain[key] / cells[key] * wanted[key[0]] / totals[key[0]] for key in keys]
    return torch.tensor(weights, dtype=torch.float64)


def _write(
    model: AttributeModel,
    ontology: Ontology,
    sets: DataSets,
    config: TrainConfig,
    versions: Path,
    source: str,
    *,
    say: Callable[[str], None],
    now: datetime,
) -> Path:
    real, rendered = (
        taught_by([sample for sample in sets.training if sample.origin == origin], ontology)
        for origin in ("real", "rendered")
    )
    say("calibrating on the validation splits")
    tagger, scored = calibrated_tagger(
        half_precision_(model), ontology, sets, real=real, rendered=rendered
    )
    metrics = evaluate_all(tagger, sets.descriptions, scored)
    digest = hashlib.sha256(
        b"".join(t.numpy().tobytes() for t in model.state_dict().values())
    ).hexdigest()
    path = save_version(
        versions,
        version=f"{ontology.id}-{now:%Y%m%d}-{digest[:8]}",
        model=model,
        ontology=ontology,
        calibration=tagger.scorer.calibration,
        real=real,
        rendered=rendered,
        describe={
            "data": [_describe(description, sets) for description in sets.descriptions],
            "training": {
                **config.loop.to_dict(),
                "start": source,
                "rarity": config.rarity,
                "category_power": config.category_power,
                "set_power": config.set_power,
                "set_weights": dict(config.set_weights),
            },
            "metrics": metrics,
        },
    )
    say(f"wrote {path}")
    return path


def _describe(description: DatasetDescription, sets: DataSets) -> dict[str, Any]:
    return {
        "name": description.name,
        "source": description.source,
        "licence": description.licence,
        "training": sum(sample.id.startswith(f"{description.name}/") for sample in sets.training),
        "validation": len(sets.validation[description.name]),
    }


def _run_name(ontology: Ontology, sets: DataSets, config: TrainConfig) -> str:
    parts = {
        "ontology": ontology.source,
        "data": [(sample.id, sample.split) for sample in sets.training],
        "config": str(config),
    }
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]
