"""`weft export`: final records, one a product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import ExitCode, settings_from
from backend.records.write import RecordFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backend.records.record import ProductRecord
    from ontology.model import Ontology

__all__ = ["app"]

app = typer.Typer()


@app.command()
def export(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; replaced if it is there.")],
    format_: Annotated[
        RecordFormat | None, typer.Option("--format", help="Else by the name of the file.")
    ] = None,
    products: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Columns image, product_id and perhaps seller."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="More answers, of `weft predict`.")
    ] = None,
    rejections: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write what to tell each seller as well.")
    ] = None,
) -> None:
    """Write what is known of each product: values, who gave them, how sure, and what is open."""
    from functools import cache

    from backend.database import open_database
    from backend.records.gather import records_of
    from backend.records.predictions import read_predictions
    from backend.records.products import read_products
    from backend.records.write import write_records
    from backend.served_ontology import served_ontology
    from tagger.promise_file import promises_dir, read_promises

    settings = settings_from()
    form = format_ or _format_of(out)
    ontology = served_ontology(settings)
    folder = promises_dir(settings.data_dir)
    lines, faults = read_predictions(predictions, ontology) if predictions else ([], [])
    for fault in faults:
        typer.echo(fault, err=True)
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        records = list(
            records_of(
                database,
                ontology=ontology,
                promises=cache(lambda version: read_promises(folder, version)),
                products=read_products(products) if products is not None else None,
                predictions=lines,
            )
        )
    finally:
        database.close()
    count = write_records(records, out, format_=form, ontology=ontology)
    typer.echo(f"{count} products written to {out}", err=True)
    if rejections is not None:
        _tell_sellers(records, rejections, settings.data_dir, ontology)
    if faults:
        raise typer.Exit(ExitCode.FAILURES)


def _tell_sellers(
    records: Sequence[ProductRecord], folder: Path, data_dir: Path, ontology: Ontology
) -> None:
    from backend.records.write import write_rejections
    from backend.reject_reasons import own_reasons_path, read_reasons

    reasons = read_reasons(own_reasons_path(data_dir))
    told = write_rejections(records, folder, reasons=reasons, ontology=ontology)
    for name, number in told.items():
        typer.echo(f"refusals written to {folder / name}: {number}", err=True)
    if not told:
        typer.echo(f"no listing was refused; nothing written to {folder}", err=True)


def _format_of(path: Path) -> RecordFormat:
    from backend.records.products import RecordsError

    try:
        return RecordFormat(path.suffix.lstrip(".").lower())
    except ValueError as error:
        raise RecordsError(
            f"{path}: expected a name that ends in .json, .csv or .parquet, or --format"
        ) from error
