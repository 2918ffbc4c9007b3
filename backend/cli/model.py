"""`weft train`, `weft evaluate` and `weft predict`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import ExitCode, UsageError, settings_from
from backend.cli._progress import progress
from backend.cli.models import version_path

if TYPE_CHECKING:
    from tagger.trainer import Progress

__all__ = ["app"]

app = typer.Typer()

ModelOption = Annotated[
    str,
    typer.Option(
        "--model", metavar="VERSION", help="A version or its directory; else the live one."
    ),
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...")]


class RegionMode(StrEnum):
    """How garments are located."""

    AUTO = "auto"
    DETECT = "detect"
    WHOLE = "whole"


@app.command()
def train(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="DATASET.yaml", help="May be given several times."),
    ],
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
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where versions go; else the model store.")
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="Stop with a checkpoint after so long; exit code 3.")
    ] = None,
) -> None:
    """Train, calibrate and evaluate a model, and write it as a version; a killed run resumes."""
    from ontology.load import default_ontology_path, load_ontology
    from tagger.model import ModelConfig
    from tagger.train import TrainConfig
    from tagger.train import train as run_training
    from tagger.trainer import LoopConfig

    settings = settings_from()
    store = settings.data_dir / "models"
    config = TrainConfig(
        model=ModelConfig(image_size=image_size),
        loop=LoopConfig(
            epochs=epochs,
            seed=seed,
            batch_size=batch_size,
            crop_size=crop_size,
            frozen_stages=frozen_stages,
        ).scaled(rate),
        init=version_path(init) if init else None,
        limit=limit,
        set_weights=dict(map(_set_weight, weight or [])),
    )
    path = run_training(
        load_ontology(ontology or default_ontology_path()),
        data,
        config=config,
        runs=settings.data_dir / "training",
        versions=out or store,
        device=device,
        watch=_step_watcher(),
        say=lambda line: typer.echo(line, err=True),
        stop_after_s=max_seconds,
    )
    if path is None:
        raise typer.Exit(ExitCode.STOPPED)
    typer.echo(str(path))


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


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option("--data", metavar="DATASET.yaml", help="The description.")],
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Score every picture found there.")
    ] = None,
    model: ModelOption = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the whole report.")
    ] = None,
    device: DeviceOption = "auto",
) -> None:
    """Measure a model version on labelled pictures, per attribute, with counts and intervals."""
    from tagger.dataset import load_description
    from tagger.evaluate import evaluate as run_evaluation
    from tagger.pipeline import Tagger

    tagger = Tagger.load(version_path(model), device=device)
    with progress("scoring", total=1000) as advance:
        report = run_evaluation(
            tagger,
            load_description(data),
            root=root,
            watch=lambda done, total: advance(1000 * done // max(total, 1)),
        )
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _print_report(report)
    if report["unreadable"]:
        for line in report["unreadable"]:
            typer.echo(f"unreadable: {line}", err=True)
        raise typer.Exit(ExitCode.FAILURES)


def _print_report(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from tagger.card import CAUTIONS, figure_cells, heads_of

    table = Table(
        title=f"{report['dataset']}: {report['images']} pictures, {report['model_version']}"
    )
    for column in (
        "head",
        "n",
        "top-1",
        "95 %",
        "macro-F1",
        "shown",
        "wrong of shown",
        "cal. error",
        "at 2 %",
        "at 5 %",
        "at 10 %",
    ):
        table.add_column(column, justify="left" if column == "head" else "right")
    for name, head in heads_of(report):
        table.add_row(*figure_cells(name, head))
    console = Console(width=150)
    console.print(table)
    console.print(
        '"at 2 %": the share that could be answered at that error, as docs/model-card.md explains.'
    )
    if said := CAUTIONS.get(report["labelled_by"]):
        console.print(said)


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Pictures or folders.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Else standard output.")
    ] = None,
    regions: Annotated[
        RegionMode, typer.Option(help="How garments are located.")
    ] = RegionMode.AUTO,
    model: ModelOption = "",
    device: DeviceOption = "auto",
    show_rendered: Annotated[
        bool, typer.Option(help="Show values that only rendered pictures taught.")
    ] = False,
) -> None:
    """Describe pictures, one JSON line each; a bad one gives a line with `error`."""
    from tagger.pipeline import Tagger
    from tagger.predictions import predict_files

    tagger = Tagger.load(version_path(model), device=device)
    failures = 0
    stream = out.open("w", encoding="utf-8") if out else sys.stdout
    try:
        with progress("predicting", total=1000) as advance:
            lines = predict_files(
                tagger,
                paths,
                regions=regions.value,
                show_rendered=show_rendered,
                watch=lambda done, total: advance(1000 * done // max(total, 1)),
            )
            for line in lines:
                failures += "error" in line
                stream.write(json.dumps(line) + "\n")
    finally:
        if out:
            stream.close()
    if failures:
        raise typer.Exit(ExitCode.FAILURES)
