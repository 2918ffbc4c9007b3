"""`weft data`: draw labelled pictures, pack data sets, and compare passes of labelling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backend.cli._errors import UsageError, settings_from
from backend.cli._progress import progress

__all__ = ["app"]

app = typer.Typer(help="Draw labelled pictures; pack sets; compare labels.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Draw labelled pictures; pack sets; compare labels."""


@app.command()
def render(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the catalog goes.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
    outfit_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of pictures with two items.")
    ] = 0.25,
    missing_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of labels left out on purpose.")
    ] = 0.0,
    ontology: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another ontology than the shipped one.")
    ] = None,
) -> None:
    """Draw a synthetic catalog: pictures with exact boxes, part regions and attributes."""
    from ontology.load import default_ontology_path, load_ontology
    from tagger.render import render_catalog

    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file; give a directory to draw into")
    loaded = load_ontology(ontology or default_ontology_path())
    with progress("rendering", total=count) as advance:
        render_catalog(
            directory,
            count=count,
            seed=seed,
            ontology=loaded,
            outfit_share=outfit_share,
            missing_share=missing_share,
            progress=advance,
        )
    typer.echo(f"{count} pictures in {directory}")


@app.command()
def agreement(
    data: Annotated[Path, typer.Option("--data", metavar="DATASET.yaml", help="The description.")],
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the tables are; else as described.")
    ] = None,
    added: Annotated[
        bool, typer.Option("--added", help="Only pairs with a row that was added to the source.")
    ] = False,
) -> None:
    """Say how far passes over the same pictures agree, column by column, as Markdown."""
    from tagger.agreement import agreements
    from tagger.dataset import load_description

    typer.echo("| table | column | pairs | agree | kappa | both decided | agree where decided |")
    typer.echo("|---|---|---|---|---|---|---|")
    for found in agreements(load_description(data), root=root, added_only=added):
        cells = [
            found.table,
            found.column,
            str(found.num_pairs),
            f"{found.agree:.2f}",
            "-" if found.kappa is None else f"{found.kappa:.2f}",
            str(found.num_decided),
            "-" if found.agree_decided is None else f"{found.agree_decided:.2f}",
        ]
        typer.echo(f"| {' | '.join(cells)} |")


@app.command()
def pack(
    directory: Annotated[Path, typer.Argument(metavar="OUT", help="The directory to make.")],
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="DATASET.yaml", help="May be given several times."),
    ],
    side: Annotated[
        int, typer.Option(min=32, help="Side in pixels at which a garment is stored.")
    ] = 208,
    quality: Annotated[
        int | None,
        typer.Option(min=0, max=100, help="WebP quality; else the best that fits."),
    ] = None,
    max_bytes: Annotated[
        int, typer.Option(min=1, help="Most bytes of all files together.")
    ] = 35_000_000,
    ontology: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another ontology than the shipped one.")
    ] = None,
) -> None:
    """Write the garments and labels of data sets as a few files that `weft train --data` reads."""
    from ontology.load import default_ontology_path, load_ontology
    from tagger.pack_writer import write_pack

    settings = settings_from()
    with progress("packing", total=1000) as advance:
        report = write_pack(
            directory,
            data,
            ontology=load_ontology(ontology or default_ontology_path()),
            boxes=settings.data_dir / "training" / "boxes.json",
            side=side,
            quality=quality,
            max_bytes=max_bytes,
            watch=lambda done, total: advance(1000 * done // max(total, 1)),
        )
    typer.echo(
        f"{report.num_samples} samples, {report.num_pictures} pictures at quality "
        f"{report.quality}, {report.num_bytes / 1e6:.1f} MB in {directory}"
    )
