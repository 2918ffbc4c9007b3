"""`weft data`: make pictures whose labels are known exactly, and compare passes of labelling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backend.cli._errors import UsageError
from backend.cli._progress import progress

__all__ = ["app"]

app = typer.Typer(help="Make pictures with exact labels; compare labels.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make pictures with exact labels; compare labels."""


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
