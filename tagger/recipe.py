"""Recipes: one YAML file that says everything that decides a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from ontology.errors import CatalogError
from tagger.dataset import load_description, shipped_descriptions
from tagger.loop_config import LoopConfig
from tagger.model import ModelConfig
from tagger.train_config import TrainConfig
from tagger.training_set import Augmentation
from tagger.yaml_file import read_mapping, validated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ontology._yaml import Document

__all__ = ["Recipe", "RecipeError", "load_recipe"]

_MODEL, _LOOP, _CROPS, _TRAIN = ModelConfig(), LoopConfig(), Augmentation(), TrainConfig()

Share = Annotated[float, Field(ge=0, le=1)]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(ge=32)]


class RecipeError(CatalogError):
    """A recipe cannot be read or is wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Part = TypeVar("Part", bound=BaseModel)


class ModelPart(_Strict):
    """The network, as in `ModelConfig`."""

    backbone: str = _MODEL.backbone
    image_size: Side = _MODEL.image_size
    attention: Literal["transformer", "none"] = "transformer"
    attention_width: int = Field(default=_MODEL.attention_width, ge=1)
    attention_heads: int = Field(default=_MODEL.attention_heads, ge=1)
    branch_width: int = Field(default=_MODEL.branch_width, ge=1)
    dropout: Share = _MODEL.dropout
    mirror: bool = _MODEL.mirror


class AugmentationPart(_Strict):
    """Variation of the crops, as in `Augmentation`."""

    scale: tuple[Above0, Above0] = _CROPS.scale
    shift: Share = _CROPS.shift
    light: Share = _CROPS.light
    aspect: Share = _CROPS.aspect
    whole_image_share: Share = _CROPS.whole_image_share
    erase_share: Share = _CROPS.erase_share


class DataPart(_Strict):
    """One data set.

    Attributes:
        set: Name of a shipped description, or a description's file seen from the recipe.
        draw: Factor on the set's draws.
    """

    set: str = Field(min_length=1)
    draw: Above0 = 1.0


class BalancePart(_Strict):
    """How draws and losses are evened out, as in `TrainConfig`."""

    rarity: float = Field(default=_TRAIN.rarity, ge=0)
    category_power: Share = _TRAIN.category_power
    set_power: Share = _TRAIN.set_power
    value_power: Share = _TRAIN.value_power


class StagePart(_Strict):
    """One stage, as in `LoopConfig`; each begins with the averaged weights of the one before.

    Attributes:
        rate: Factor on both learning rates.
        draw: Factors on the draws of data sets, by name, in place of those under `data`.
        starts_from: Numbers of the stages whose averaged weights it begins with in place of the one
            before; 0 stands for `init`.
    """

    epochs: int = Field(ge=1)
    rate: Above0 = 1.0
    crop_size: Side = _LOOP.crop_size
    frozen_stages: Count = _LOOP.frozen_stages
    seed: Count = _LOOP.seed
    batch_size: int = Field(default=_LOOP.batch_size, ge=1)
    backbone_rate: Above0 = _LOOP.backbone_rate
    head_rate: Above0 = _LOOP.head_rate
    weight_decay: float = Field(default=_LOOP.weight_decay, ge=0)
    warm_up: float = Field(default=_LOOP.warm_up, ge=0, lt=1)
    smoothing: Share = _LOOP.smoothing
    ema_decay: float = Field(default=_LOOP.ema_decay, ge=0, lt=1)
    mix_alpha: float = Field(default=_LOOP.mix_alpha, ge=0)
    mix_share: Share = _LOOP.mix_share
    map_weight: float = Field(default=_LOOP.map_weight, ge=0)
    draw: dict[str, Above0] = {}
    starts_from: list[Count] = []
    augmentation: AugmentationPart = AugmentationPart()


class _File(_Strict):
    format: Literal[1]
    init: str | None = None
    model: ModelPart = ModelPart()
    data: list[DataPart] = Field(min_length=1)
    balance: BalancePart = BalancePart()
    stages: list[StagePart] = Field(min_length=1)
    average: list[Count] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training, ready to run.

    Attributes:
        data: Descriptions by the data sets' names, in the order of the file.
        stages: Configurations, first to last; only the first has an `init`.
        average: Numbers of the stages, from 1, whose weights are averaged, 0 for the version that
            the first stage starts from; empty for the last stage alone.
        init: The version that the first stage starts from, as the file names it; None for the
            backbone's ImageNet weights.
    """

    data: Mapping[str, Path]
    stages: tuple[TrainConfig, ...]
    average: tuple[int, ...]
    init: str | None

    def starting_from(self, version: Path) -> Recipe:
        """Give the same recipe with a first stage that starts from a version directory."""
        first, *others = self.stages
        return replace(self, stages=(replace(first, init=version), *others))


def load_recipe(
    path: Path,
    *,
    stage: Mapping[str, Any] | None = None,
    draws: Mapping[str, float] | None = None,
    image_size: int | None = None,
    limit: int = 0,
) -> Recipe:
    """Read a recipe.

    Args:
        path: The file.
        stage: Fields of `StagePart`, with the values that every stage gets in place of the file's.
        draws: Factors on the draws of data sets, by name, in place of the file's.
        image_size: Side of served crops in pixels, in place of the file's.
        limit: Use at most so many samples a data set and side; 0 for all.

    Raises:
        RecipeError: If the file cannot be read or is wrong; one line `file:line: field: reason` a
            fault.
        DatasetError: If a description that it names is wrong.
    """
    document = read_mapping(path, what="recipe", keys="format, data and stages", fault=RecipeError)
    read = validated(_File, document, fault=RecipeError)
    data = _descriptions(document, read, folder=path.parent)
    wrong = list(_inconsistent(document, read, names=list(data)))
    if wrong:
        raise RecipeError("\n".join(wrong))
    unknown = sorted(set(draws or {}) - set(data))
    if unknown:
        raise RecipeError(f"{path}: draws no data set {unknown[0]!r}, expected {', '.join(data)}")
    if image_size is not None:
        read = _changed(read, model=_changed(read.model, image_size=image_size))
    written = {name: part.draw for name, part in zip(data, read.data, strict=True)}
    return Recipe(
        data=data,
        stages=tuple(
            _config(
                read,
                _changed(one, **(stage or {})),
                {**written, **one.draw, **(draws or {})},
                limit=limit,
            )
            for one in read.stages
        ),
        average=tuple(read.average),
        init=read.init,
    )


def _changed(part: Part, **fields: Any) -> Part:
    return part.model_copy(update=fields)


def _config(
    read: _File, stage: StagePart, draws: Mapping[str, float], *, limit: int
) -> TrainConfig:
    loop = stage.model_dump(exclude={"rate", "draw", "starts_from", "augmentation"})
    return TrainConfig(
        model=ModelConfig(**read.model.model_dump()),
        loop=LoopConfig(**loop).scaled(stage.rate),
        augmentation=Augmentation(**stage.augmentation.model_dump()),
        set_weights={name: factor for name, factor in draws.items() if factor != 1.0},
        starts_from=tuple(stage.starts_from),
        limit=limit,
        **read.balance.model_dump(),
    )


def _descriptions(document: Document, read: _File, *, folder: Path) -> dict[str, Path]:
    shipped, found = shipped_descriptions(), {}
    for position, part in enumerate(read.data):
        path = shipped.get(part.set, folder / part.set)
        where = f"{document.file}:{document.line(('data', position))}: data.{position}.set"
        if not path.is_file():
            raise RecipeError(
                f"{where}: {part.set!r} is no file beside the recipe and no shipped description "
                f"({', '.join(shipped)})"
            )
        name = load_description(path).name
        if name in found:
            raise RecipeError(f"{where}: the data set {name!r} is named twice; name it once")
        found[name] = path
    return found


def _inconsistent(document: Document, read: _File, *, names: Sequence[str]) -> Iterator[str]:
    """Say what fits no other part of the file."""
    if read.model.attention_width % read.model.attention_heads:
        where = document.line(("model", "attention_width"))
        yield (
            f"{document.file}:{where}: model.attention_width: expected a multiple of "
            f"attention_heads, {read.model.attention_heads}"
        )
    for position, number in enumerate(read.average):
        if number > len(read.stages):
            where = document.line(("average", position))
            yield (
                f"{document.file}:{where}: average.{position}: expected the number of a stage, "
                f"0 to {len(read.stages)}, not {number}"
            )
    for position, stage in enumerate(read.stages):
        low, high = stage.augmentation.scale
        if low > high:
            where = document.line(("stages", position, "augmentation", "scale"))
            yield (
                f"{document.file}:{where}: stages.{position}.augmentation.scale: expected the "
                "lower factor first"
            )
        for at, number in enumerate(stage.starts_from):
            if number > position:
                where = document.line(("stages", position, "starts_from", at))
                yield (
                    f"{document.file}:{where}: stages.{position}.starts_from.{at}: expected an "
                    f"earlier stage, 0 to {position}, not {number}"
                )
        for name in stage.draw:
            if name not in names:
                where = document.line(("stages", position, "draw", name))
                yield (
                    f"{document.file}:{where}: stages.{position}.draw.{name}: expected one of the "
                    f"data sets {', '.join(names)}"
                )
