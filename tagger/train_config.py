"""What decides a training's outcome, the name that follows from it, and what a manifest says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from tagger.loop_config import LoopConfig
from tagger.model import ModelConfig
from tagger.training_set import Augmentation

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.data_sets import DataSets

__all__ = ["TrainConfig", "run_name", "told", "warn_of_reach"]

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
        starts_from: Numbers of the stages whose averaged weights this one begins with, 0 for the
            version that the first one starts from; empty for the stage before.
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
    starts_from: tuple[int, ...] = ()
    limit: int = 0


def told(
    stages: Sequence[TrainConfig], average: Sequence[int], sets: DataSets, *, recipe: str
) -> dict[str, Any]:
    """Give what a manifest says of the training: the last stage's values, and all if several."""
    each = [
        {
            **config.loop.to_dict(),
            "augmentation": asdict(config.augmentation),
            "rarity": config.rarity,
            "category_power": config.category_power,
            "set_power": config.set_power,
            "value_power": config.value_power,
            "set_weights": dict(config.set_weights),
            "starts_from": list(config.starts_from),
        }
        for config in stages
    ]
    said = dict(each[-1])
    if len(stages) > 1:
        said["stages"] = each
        said["averaged_stages"] = sorted(set(average)) or [len(stages)]
    if recipe:
        said["recipe"] = recipe
    if sets.packs:
        said["packs"] = [
            {"digest": pack.digest, "side": pack.side, "quality": pack.quality}
            for pack in sets.packs
        ]
    return said


def warn_of_reach(sets: DataSets, stages: Sequence[TrainConfig]) -> None:
    """Say where crops vary further than a pack's pictures reach, so that white shows instead."""
    for pack in sets.packs:
        for plan in {config.augmentation for config in stages}:
            asked = {"scale": plan.scale[1], "shift": plan.shift, "aspect": plan.aspect}
            beyond = {name: far for name, far in asked.items() if far > pack.reach[name]}
            if beyond:
                log.warning("crops_reach_beyond_pack", asked=beyond, packed=dict(pack.reach))


def run_name(ontology: Ontology, sets: DataSets, stages: Sequence[TrainConfig]) -> str:
    """Name a stage's run after all that decides its outcome, the stages before it included."""
    parts: dict[str, Any] = {
        "ontology": ontology.source,
        "data": [(sample.id, sample.split) for sample in sets.training],
        "config": str(stages[-1]),
    }
    if len(stages) > 1:
        parts["before"] = [str(config) for config in stages[:-1]]
    if sets.packs:
        parts["packs"] = [pack.digest for pack in sets.packs]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]
