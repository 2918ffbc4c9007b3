"""`weft corrections stats`: acceptance, clicks, time and drift."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from backend.cli._errors import settings_from

__all__ = ["stats"]


def stats(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    project: Annotated[
        int | None, typer.Option(metavar="ID", help="Only this project's annotations.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From then on, in UTC."
        ),
    ] = None,
) -> None:
    """Print how the model's answers fare: accepted, clicks and time saved, drift."""
    from backend.database import open_database
    from backend.loop import multiple_attributes
    from backend.model_source import models_dir
    from backend.served_ontology import served_ontology
    from backend.stats.sent import DriftWatch
    from backend.stats.summary import compute_stats
    from backend.stats.text import lines_of
    from tagger.registry import ModelStore

    settings = settings_from()
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        found = compute_stats(
            database,
            store=ModelStore(models_dir(settings)),
            drift=DriftWatch(database),
            multiple=multiple_attributes(served_ontology(settings)),
            project_id=project,
            since=since.replace(tzinfo=UTC) if since else None,
        )
    finally:
        database.close()
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1))
        return
    for line in lines_of(found):
        typer.echo(line)
