"""The weights that a stage of training begins with."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ontology.errors import CatalogError
from ontology.targets import layout
from tagger.backbone import load_pretrained
from tagger.loading import carry_over
from tagger.model import AttributeModel
from tagger.recalibrate import average_

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ontology.model import Ontology
    from tagger.train_config import TrainConfig
    from tagger.trainer import Trainer

__all__ = ["StartError", "begin", "check_starts", "mean_of", "weights_before"]

_NO_VERSION = (
    "starts_from or average has 0, a version's weights, but no version to start from is named; "
    "name one with --init"
)


class StartError(CatalogError):
    """A stage is to begin with weights that are not there."""


def check_starts(stages: Sequence[TrainConfig], average: Sequence[int]) -> None:
    """Refuse a training that would miss the version that it starts from.

    Args:
        stages: All stages.
        average: As of `tagger.train.train_stages`.

    Raises:
        StartError: If a 0 stands for a version and none is named.
    """
    numbers = {*average, *(number for stage in stages for number in stage.starts_from)}
    if 0 in numbers and stages[0].init is None:
        raise StartError(_NO_VERSION)


def weights_before(
    ontology: Ontology, stages: Sequence[TrainConfig], models: Sequence[AttributeModel]
) -> AttributeModel | None:
    """Give what the stage after `models` begins with; None for the very first weights.

    Args:
        ontology: What the models answer in.
        stages: All stages.
        models: What the stages before this one made.

    """
    numbers = stages[len(models)].starts_from
    if not numbers:
        return models[-1] if models else None
    return mean_of(ontology, stages, models, numbers)


def mean_of(
    ontology: Ontology,
    stages: Sequence[TrainConfig],
    models: Sequence[AttributeModel],
    numbers: Sequence[int],
) -> AttributeModel:
    """Give the mean of what stages made, in evaluation mode.

    Source: Wortsman et al. 2022, https://arxiv.org/abs/2203.05482.

    Args:
        ontology: What the models answer in.
        stages: All stages.
        models: What the first of them made.
        numbers: Of stages, from 1, at least one; 0 is the version that the first stage starts from.
    """
    device = next(models[-1].parameters()).device
    chosen = [models[n - 1] if n else _of_version(ontology, stages[0]) for n in numbers]
    mean, *others = (model.to(device) for model in chosen)
    mean = copy.deepcopy(mean)
    average_(mean, *others)
    return mean.eval()


def _of_version(ontology: Ontology, first: TrainConfig) -> AttributeModel:
    if first.init is None:
        raise StartError(_NO_VERSION)
    model = AttributeModel(first.model, layout(ontology))
    carry_over(first.init, model, ontology)
    return model


def begin(
    trainer: Trainer,
    ontology: Ontology,
    config: TrainConfig,
    run: Path,
    *,
    before: AttributeModel | None,
) -> str:
    """Give a fresh run its first weights; return where they came from, resumed or not."""
    note = run / "start.txt"
    if trainer.step_number > 0:
        return note.read_text(encoding="utf-8") if note.exists() else "checkpoint"
    if before is not None:
        numbers = ", ".join(map(str, config.starts_from))
        source = f"the mean of stages {numbers}" if numbers else "the stage before"
        trainer.start_from(before)
    elif config.init is not None:
        source = f"version {config.init.name}"
        carry_over(config.init, trainer.model, ontology)
        trainer.start_from(trainer.model)
    else:
        source = load_pretrained(trainer.model.backbone, config.model.backbone)
        trainer.start_from(trainer.model)
    run.mkdir(parents=True, exist_ok=True)
    note.write_text(source, encoding="utf-8")
    return source
