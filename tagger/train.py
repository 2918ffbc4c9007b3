"""Train, calibrate and evaluate a model, and write it down as a version.

A run lives in its own directory, named after everything that decides its outcome: the same command
continues where a killed one stopped, and another command never mixes with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ontology.targets import layout
from tagger.backbone import input_scaling
from tagger.data_sets import DataSets, describe_set, load_data
from tagger.found_boxes import find_boxes
from tagger.known import taught_by
from tagger.loading import half_precision_, load_detector_of, save_version, version_name
from tagger.model import AttributeModel
from tagger.part_loss import part_targets
from tagger.pipeline import choose_device
from tagger.start import begin, check_starts, mean_of, weights_before
from tagger.train_config import TrainConfig, run_name, told, warn_of_reach
from tagger.trainer import Progress, Trainer
from tagger.training_set import GarmentSet, encode_targets
from tagger.versioning import calibrated_tagger, evaluate_all
from tagger.weighting import count_weights, draw_weights

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.boxes import PixelBox

__all__ = ["TrainConfig", "fit_stage", "train", "train_stages"]


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
    """Train a model in one stage and write it as a version; see `train_stages`."""
    return train_stages(
        ontology,
        data,
        stages=(config,),
        runs=runs,
        versions=versions,
        device=device,
        watch=watch,
        say=say,
        stop_after_s=stop_after_s,
        clock=clock,
    )


def train_stages(
    ontology: Ontology,
    data: Sequence[Path],
    *,
    stages: Sequence[TrainConfig],
    runs: Path,
    versions: Path,
    average: Sequence[int] = (),
    only: Collection[str] | None = None,
    recipe: str = "",
    device: str = "auto",
    watch: Callable[[Progress], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    stop_after_s: float | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Path | None:
    """Train a model stage by stage and write one version.

    Each stage has its own run directory and begins with the averaged weights of the one before, or
    with what its `starts_from` says.

    Args:
        ontology: What the model answers in.
        data: Data-set descriptions and packs.
        stages: Everything else that decides the outcome, at least one; all of one network, and the
            first one's `limit` counts.
        average: Numbers of the stages whose weights are averaged for the version, as in
            `tagger.start.mean_of`; empty for the last stage's alone.
        only: Names of the sets that are taken from packs; None for all.
        recipe: What the version says of where the stages came from.
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
    check_starts(stages, average)
    sets = load_data(data, ontology, limit=stages[0].limit, only=only)
    warn_of_reach(sets, stages)
    boxes = find_boxes(sets.training, cache=runs / "boxes.json", detector_of=stages[0].init)
    ends = None if stop_after_s is None else time.monotonic() + stop_after_s
    models: list[AttributeModel] = []
    source = ""
    for number in range(1, len(stages) + 1):
        part = f"stage {number} of {len(stages)}, " if len(stages) > 1 else ""
        fitted = fit_stage(
            ontology,
            sets,
            boxes,
            stages[:number],
            runs=runs,
            before=weights_before(ontology, stages, models),
            device=choose_device(device),
            watch=watch,
            say=lambda line, part=part: say(f"{part}{line}"),  # type: ignore[misc]
            stop_after_s=None if ends is None else ends - time.monotonic(),
        )
        if fitted is None:
            say("stopped; the same command continues")
            return None
        models.append(fitted[0])
        source = source or fitted[1]
    numbers = sorted(set(average)) or [len(models)]
    model = mean_of(ontology, stages, models, numbers)
    training = {"start": source, **told(stages, average, sets, recipe=recipe)}
    return _write(
        model,
        ontology,
        sets,
        boxes,
        training,
        versions,
        say=say,
        now=clock(),
        detector_of=stages[0].init,
    )


def fit_stage(
    ontology: Ontology,
    sets: DataSets,
    boxes: Sequence[PixelBox],
    stages: Sequence[TrainConfig],
    *,
    runs: Path,
    before: AttributeModel | None,
    device: str,
    watch: Callable[[Progress], None],
    say: Callable[[str], None],
    stop_after_s: float | None,
    kind: Callable[..., Trainer] = Trainer,
) -> tuple[AttributeModel, str] | None:
    """Run the last of `stages`; give its model and where its first weights came from.

    Its run directory is named by what decides the outcome, so the same call goes on after a kill.

    Args as of `train_stages`; `boxes` has one a training sample, `before` is the model that the
    stage begins with, `kind` makes the trainer. Gives None if stopped early.
    """
    config, run = stages[-1], runs / run_name(ontology, sets, stages)
    say(f"run {run.name}: {len(sets.training)} training samples")
    trainer = _trainer(ontology, sets, boxes, config, run / "checkpoint.pt", device, kind=kind)
    source = begin(trainer, ontology, config, run, before=before)
    say(f"weights from {source}, step {trainer.step_number} of {trainer.num_steps}")
    finished = trainer.run(
        watch=watch,
        after_epoch=lambda epoch: say(f"epoch {epoch} of {config.loop.epochs} done"),
        stop_after_s=stop_after_s,
    )
    return (trainer.averaged, source) if finished else None


def _trainer(
    ontology: Ontology,
    sets: DataSets,
    boxes: Sequence[PixelBox],
    config: TrainConfig,
    checkpoint: Path,
    device: str,
    *,
    kind: Callable[..., Trainer],
) -> Trainer:
    torch.manual_seed(config.loop.seed)
    targets = encode_targets(ontology, sets.training)
    return kind(
        AttributeModel(config.model, layout(ontology)),
        GarmentSet(
            sets.training,
            boxes,
            size=config.loop.crop_size,
            augmentation=config.augmentation,
            seed=config.loop.seed,
        ),
        targets,
        parts=part_targets(ontology, sets.training),
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
    boxes: Sequence[PixelBox],
    training: Mapping[str, Any],
    versions: Path,
    *,
    say: Callable[[str], None],
    now: datetime,
    detector_of: Path | None,
) -> Path:
    real, rendered = (
        taught_by([sample for sample in sets.training if sample.origin == origin], ontology)
        for origin in ("real", "rendered")
    )
    say("calibrating on the validation splits")
    tagger, scored = calibrated_tagger(
        half_precision_(model),
        ontology,
        sets,
        real=real,
        rendered=rendered,
        detector=load_detector_of(detector_of) if detector_of is not None else None,
        boxes=boxes,
    )
    name = version_name(ontology, model, now)
    path = save_version(
        versions,
        version=name,
        model=model,
        ontology=ontology,
        calibration=tagger.scorer.calibration,
        real=real,
        rendered=rendered,
        describe={
            "data": [describe_set(description, sets) for description in sets.descriptions],
            "training": training,
            "metrics": evaluate_all(tagger, sets.descriptions, scored, version=name),
        },
        detector_of=detector_of,
    )
    say(f"wrote {path}")
    return path
