"""`weft evaluate` and `weft predict`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli._errors import ExitCode
from backend.cli._progress import progress
from backend.cli.models import version_path

__all__ = ["DeviceOption", "ModelOption", "RegionMode", "app"]

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
