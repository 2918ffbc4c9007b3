"""`weft train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import ExitCode, UsageError, settings_from
from backend.cli.model import DeviceOption
from backend.cli.models import OutOption, version_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tagger.trainer import Progress

__all__ = ["app"]

app = typer.Typer()

STAGE_OPTIONS = ("epochs", "rate", "crop_size", "frozen_stages", "seed", "batch_size")
"""Options about one stage of training; each has the name of its field in a recipe."""


@app.command()
def train(
    ctx: typer.Context,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="DATASET.yaml",
            help="A description or a pack; several times. With --recipe, in place of its sets.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.yaml",
            help="Train as it says; other options given count for each of its stages.",
        ),
    ] = None,
    init: Annotated[
        str,
        typer.Option(metavar="VERSION", help="Start from a version instead of ImageNet weights."),
    ] = "",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training samples.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of order, crops and new heads.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples a step.")] = 48,
    crop_size: Annotated[int, typer.Option(min=32, help="Side of training crops, pixels.")] = 176,
    image_size: Annotated[int, typer.Option(min=32, help="Side of served crops, pixels.")] = 208,
    frozen_stages: Annotated[
        int, typer.Option(min=0, help="Backbone stages that stay as they came.")
    ] = 0,
    rate: Annotated[
        float, typer.Option(min=0.001, help="Factor on the learning rates; below 1 with --init.")
    ] = 1.0,
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FACTOR", help="Draw a data set more often; several times."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Samples a data set, for quick tries.")] = 0,
    ontology: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another ontology than the shipped one.")
    ] = None,
    device: DeviceOption = "auto",
    out: OutOption = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="Stop with a checkpoint after so long; exit code 3.")
    ] = None,
) -> None:
    """Train, calibrate and evaluate a model, and write it as a version; a killed run resumes."""
    from ontology.load import default_ontology_path, load_ontology
    from tagger.train import train_stages

    settings = settings_from()
    options = ctx.params if recipe is None else _given(ctx)
    if recipe is not None:
        asked = _from_recipe(recipe, options, data)
    elif data:
        asked = _from_options(options, data)
    else:
        raise UsageError("nothing to train on; give --data DATASET.yaml or --recipe FILE.yaml")
    path = train_stages(
        load_ontology(ontology or default_ontology_path()),
        **asked,
        runs=settings.data_dir / "training",
        versions=out or settings.data_dir / "models",
        device=device,
        watch=_step_watcher(),
        say=lambda line: typer.echo(line, err=True),
        stop_after_s=max_seconds,
    )
    if path is None:
        raise typer.Exit(ExitCode.STOPPED)
    typer.echo(str(path))


def _given(ctx: typer.Context) -> dict[str, Any]:
    """Give the options that were written on the command line, and none of the defaults."""
    return {
        name: value
        for name, value in ctx.params.items()
        if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }


def _from_options(options: Mapping[str, Any], data: Sequence[Path]) -> dict[str, Any]:
    from tagger.loop_config import LoopConfig
    from tagger.model import ModelConfig
    from tagger.train_config import TrainConfig

    loop = LoopConfig(**{name: options[name] for name in STAGE_OPTIONS if name != "rate"})
    config = TrainConfig(
        model=ModelConfig(image_size=options["image_size"]),
        loop=loop.scaled(options["rate"]),
        init=version_path(options["init"]) if options["init"] else None,
        limit=options["limit"],
        set_weights=dict(map(_set_weight, options["weight"] or [])),
    )
    return {"data": data, "stages": (config,)}


def _from_recipe(
    file: Path, options: Mapping[str, Any], data: Sequence[Path] | None
) -> dict[str, Any]:
    from tagger.recipe import load_recipe

    recipe = load_recipe(
        file,
        stage={name: options[name] for name in STAGE_OPTIONS if name in options},
        draws=dict(map(_set_weight, options.get("weight", []))),
        image_size=options.get("image_size"),
        limit=options.get("limit", 0),
    )
    start = options.get("init", recipe.init)
    if start:
        recipe = recipe.starting_from(version_path(start))
    return {
        "data": list(recipe.data.values()) if data is None else data,
        "only": list(recipe.data),
        "stages": recipe.stages,
        "average": recipe.average,
        "recipe": file.name,
    }


def _set_weight(text: str) -> tuple[str, float]:
    name, separator, factor = text.partition("=")
    try:
        value = float(factor)
    except ValueError:
        value = -1.0
    if not (name and separator and 0 < value < float("inf")):
        raise UsageError(f"--weight {text!r}: expected NAME=FACTOR with a factor above 0")
    return name, value


def _step_watcher() -> Any:
    """Print a plain line now and then, or keep one line fresh on a terminal."""
    every, losses = (1 if sys.stderr.isatty() else 25), []

    def watch(step: Progress) -> None:
        losses.append(step.loss)
        if step.step % every and step.step != step.num_steps:
            return
        recent = losses[-50:]
        end = "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(
            f"epoch {step.epoch + 1} step {step.step}/{step.num_steps} "
            f"loss {sum(recent) / len(recent):.3f} {step.images_per_s:.0f} images/s{end}"
        )
        sys.stderr.flush()

    return watch
