"""`weft export`: final records, one a product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import ExitCode, settings_from
from backend.records.write import RecordFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    from backend.records.products import read_products
    from backend.records.write import write_records, write_rejections
    from backend.reject_reasons import own_reasons_path, read_reasons
    from backend.served_ontology import served_ontology
    from tagger.promise_file import promises_dir, read_promises

    settings = settings_from()
    form = format_ or _format_of(out)
    ontology = served_ontology(settings)
    folder = promises_dir(settings.data_dir)
    lines, faults = _read_lines(predictions) if predictions is not None else ([], 0)
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
        reasons = read_reasons(own_reasons_path(settings.data_dir))
        told = write_rejections(records, rejections, reasons=reasons, ontology=ontology)
        for name, number in told.items():
            typer.echo(f"{number} refusals written to {rejections / name}", err=True)
    if faults:
        raise typer.Exit(ExitCode.FAILURES)


def _format_of(path: Path) -> RecordFormat:
    from backend.records.products import RecordsError

    try:
        return RecordFormat(path.suffix.lstrip(".").lower())
    except ValueError as error:
        raise RecordsError(
            f"{path}: expected a name that ends in .json, .csv or .parquet, or --format"
        ) from error


def _read_lines(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Read what can be read; returns the lines and how many were left out."""
    found = []
    faults = 0
    for number, line in _numbered(path):
        try:
            plain = json.loads(line)
            if not isinstance(plain, dict) or "image" not in plain:
                raise ValueError("expected an object with `image`")
            if not _has_answers(plain.get("regions") or []):
                raise ValueError(
                    "expected `regions` as `weft predict` writes them: objects with `category` and "
                    "`attributes`, and under each attribute a list of objects with `value`"
                )
        except ValueError as error:
            faults += 1
            typer.echo(f"{path}:{number}: {error}", err=True)
        else:
            found.append(plain)
    return found, faults


def _has_answers(regions: Any) -> bool:
    """Tell whether something has the shape of predicted regions."""
    return isinstance(regions, list) and all(
        isinstance(region, dict)
        and isinstance(region.get("attributes", {}), dict)
        and all(
            isinstance(answers, list)
            and all(isinstance(answer, dict) and "value" in answer for answer in answers)
            for answers in region.get("attributes", {}).values()
        )
        for region in regions
    )


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as stream:
        yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())
