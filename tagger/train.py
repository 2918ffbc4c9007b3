"""Train, calibrate and evaluate a model, and write it down as a version.

A run lives in its own directory, named after everything that decides its outcome: the same command
continues where a killed one stopped, and another command never mixes with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import torch

from ontology.targets import layout
from tagger.backbone import input_scaling, load_pretrained
from tagger.data_sets import DataSets, describe_set, load_data
from tagger.known import taught_by
from tagger.loading import carry_over, half_precision_, save_version
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import choose_device
from tagger.trainer import LoopConfig, Progress, Trainer
from tagger.training_set import Augmentation, GarmentSet, encode_targets, find_boxes
from tagger.versioning import calibrated_tagger, evaluate_all
from tagger.weighting import count_weights, draw_weights

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.boxes import PixelBox

log = structlog.get_logger(__name__)


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
        value_power: Draws of a rare value go with its rarity to this power, see `draw_weights`.
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
    value_power: float = 0.25
    set_weights: Mapping[str, float] = field(default_factory=dict)
    limit: int = 0


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
            carry_over(config.init, trainer.model, ontology)
            trainer.start_from(trainer.model)
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
            value_power=config.value_power,
            set_weights=config.set_weights,
        ),
        loss_weights=count_weights(ontology, sets.training, targets, rarity=config.rarity),
        scaling=input_scaling(config.model.backbone),
        config=config.loop,
        device=torch.device(device),
        checkpoint=checkpoint,
    )


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
            "data": [describe_set(description, sets) for description in sets.descriptions],
            "training": {
                **config.loop.to_dict(),
                "start": source,
                "rarity": config.rarity,
                "category_power": config.category_power,
                "set_power": config.set_power,
                "value_power": config.value_power,
                "set_weights": dict(config.set_weights),
            },
            "metrics": metrics,
        },
    )
    say(f"wrote {path}")
    return path


def _run_name(ontology: Ontology, sets: DataSets, config: TrainConfig) -> str:
    parts = {
        "ontology": ontology.source,
        "data": [(sample.id, sample.split) for sample in sets.training],
        "config": str(config),
    }
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]
