"""`weft finder`: train, measure and hand on the garment finder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.cli._errors import settings_from
from backend.cli.models import DataOption, OutOption, version_path

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Train, measure and hand on the garment finder.")


@app.command()
def train(
    data: DataOption,
    init: Annotated[
        str,
        typer.Option(metavar="VERSION", help="Whose detector, or else backbone, to start from."),
    ] = "",
    boxes: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Hand-drawn boxes of catalog pictures."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 1300,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step.")] = 8,
    heads: Annotated[str, typer.Option(help="mask-rcnn, or faster-rcnn for boxes alone.")] = (
        "mask-rcnn"
    ),
    short_side: Annotated[int, typer.Option(help="Of the scaled picture, at most 384 px.")] = 288,
    long_side: Annotated[int, typer.Option(help="Of the scaled picture, pixels.")] = 432,
    look_at: Annotated[
        int, typer.Option(min=0, help="Catalog pictures to look at for lying products.")
    ] = 4000,
    compiled: Annotated[bool, typer.Option(help="Compile the backbone; faster from 200 steps.")] = (
        True
    ),
    rate: Annotated[
        float, typer.Option(min=1e-6, help="Highest learning rate; lower to go on training.")
    ] = 1e-3,
    seed: Annotated[int, typer.Option(min=0, help="Of order and jitter.")] = 1,
    out: OutOption = None,
) -> None:
    """Train a garment finder and write it as a new version; a killed run resumes."""
    from tagger.detect.model import DetectorConfig
    from tagger.detect.train import FinderConfig, train_finder
    from tagger.detect.training import Schedule

    settings = settings_from()
    path = train_finder(
        version_path(init),
        data,
        boxes=boxes,
        config=FinderConfig(
            model=DetectorConfig(heads=heads, short_side=short_side, long_side=long_side),
            schedule=Schedule(
                steps=steps, batch_size=batch_size, compiled=compiled, rate=rate, seed=seed
            ),
            look_at=look_at,
        ),
        runs=settings.data_dir / "training",
        versions=out or settings.data_dir / "models",
        say=lambda line: typer.echo(line, err=True),
    )
    typer.echo(str(path))


@app.command()
def evaluate(
    data: DataOption,
    boxes: Annotated[
        Path, typer.Option(metavar="FILE.csv", help="Hand-drawn boxes of catalog pictures.")
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="VERSION", help="A version; else the live one.")
    ] = "",
    use: Annotated[str, typer.Option(help="Compare with boxes of this use.")] = "test",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every picture's value.")
    ] = None,
) -> None:
    """Count the catalog pictures whose primary box reaches IoU 0.8 with a hand-drawn one.

    Boxes of scenes are measured by `weft evaluate`.
    """
    from tagger.dataset import load_description, load_samples
    from tagger.detect.examples import read_boxes
    from tagger.detect.scores import box_agreement
    from tagger.finder import primary_box
    from tagger.pipeline import Tagger

    tagger = Tagger.load(version_path(model))
    samples = [
        sample
        for path in data
        for sample in load_samples(load_description(path), ontology=tagger.ontology, split="all")
    ]
    agreement = box_agreement(
        lambda image, aspect: primary_box(image, detector=tagger.detector, pixel_aspect=aspect),
        samples,
        read_boxes(boxes),
        use=use,
    )
    report: dict[str, Any] = {"model_version": tagger.version, "use": use, **agreement.to_dict()}
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for name, block in report["reached"].items():
        typer.echo(f"{name}: IoU >= 0.8 on {block['iou_0.8']} of {block['n']}")
    typer.echo(f"mean IoU: {report['mean_iou']}")


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A version with a finder.")],
    to: Annotated[
        str, typer.Option(metavar="VERSION", help="Whose attribute model to keep; else the live.")
    ] = "",
    out: OutOption = None,
) -> None:
    """Write a new version: one version's attribute model with another version's finder."""
    from tagger.detect.train import add_detector

    versions = out or settings_from().data_dir / "models"
    typer.echo(str(add_detector(version_path(to), version_path(source), versions=versions)))
