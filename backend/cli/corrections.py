"""`weft corrections`: what annotators made of the predictions."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import ExitCode, UsageError, settings_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.database import Database
    from backend.ledger.derive import Ledger
    from backend.settings import Settings

__all__ = ["app"]

app = typer.Typer(help="Read and mend the ledger of corrections.", no_args_is_help=True)


class Format(StrEnum):
    """How corrections are written."""

    JSON = "json"
    CSV = "csv"


@app.command()
def reconcile(
    project: Annotated[
        int | None, typer.Option(metavar="ID", help="Only this project; else all connected ones.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Look at every task, not only at the changed ones.")
    ] = False,
) -> None:
    """Close the gaps that an outage left, by comparing the ledger with Label Studio."""
    from backend.app import label_studio_client
    from backend.label_studio import LabelStudioError
    from backend.ledger.reconcile import Reconciler
    from backend.ledger.take_up import connected_projects, fetch_parents
    from backend.renewal import own_addresses

    settings = settings_from()
    client = label_studio_client(settings)
    if client is None:
        raise UsageError(
            "no Label Studio address and token; set WEFT_LABEL_STUDIO_URL and "
            "WEFT_LABEL_STUDIO_TOKEN"
        )
    num_failed = 0
    with _ledger(settings) as (database, ledger):
        reconciler = Reconciler(database=database, client=client, ledger=ledger)
        if project is not None:
            client.project(project)  # a wrong id is a wrong request
            projects = [project]
        else:
            addresses = own_addresses(settings)
            projects = connected_projects(database, client, addresses=addresses)
        if not projects:
            typer.echo("no project of this Label Studio is connected", err=True)
        for number in projects:
            try:
                report = reconciler.run(number, is_full=full)
                while fetch_parents(ledger, client, limit=100):
                    ledger.take_up_all()
            except LabelStudioError as error:
                num_failed += 1
                typer.echo(f"project {number}: {error}", err=True)
                continue
            typer.echo(
                f"project {number} ({report.title}): {report.looked_at} tasks looked at, "
                f"{report.mended} mended, {report.deleted} unnoticed deletions, "
                f"{report.living} annotations"
                + ("" if report.is_even else "; not yet even, annotators are at work: run it again")
            )
    if num_failed:
        raise typer.Exit(ExitCode.FAILURES)


@app.command()
def export(
    format_: Annotated[Format, typer.Option("--format", help="How.")] = Format.JSON,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; else standard output.")
    ] = None,
) -> None:
    """Write every cell of every annotation: what was predicted and what was submitted."""
    from backend.ledger.export import write_csv, write_json

    write = write_json if format_ is Format.JSON else write_csv
    with _ledger(settings_from()) as (database, ledger):
        ledger.take_up_all()
        if out is None:
            write(database, sys.stdout)
        else:
            with out.open("w", encoding="utf-8", newline="") as stream:
                num_rows = write(database, stream)
            typer.echo(f"{num_rows} cells written to {out}", err=True)


@app.command()
def rederive() -> None:
    """Make the whole ledger again from the events that were received."""
    from backend.cli._progress import progress

    with _ledger(settings_from()) as (_, ledger):
        with progress("percent of the tasks", total=100) as advance:
            num_tasks = ledger.rederive(say=lambda done, total: advance(100 * done // total))
        typer.echo(f"{num_tasks} tasks derived again")


@contextmanager
def _ledger(settings: Settings) -> Iterator[tuple[Database, Ledger]]:
    """Give the open database and its ledger, and close it afterwards."""
    from backend.database import open_database
    from backend.ledger.derive import Ledger
    from backend.ledger.rules import Rules
    from backend.served_ontology import served_ontology

    rules = Rules(ontology=served_ontology(settings), blind_share=settings.blind_share)
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        yield database, Ledger(database=database, rules=rules)
    finally:
        database.close()
