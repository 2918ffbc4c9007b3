"""`weft corrections annotators`: what people's word is worth, by gold tasks."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from backend.cli._errors import settings_from

__all__ = ["annotators"]


def annotators(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Print how often each annotator says what the ground truth of a task says."""
    from backend.database import open_database
    from backend.stats.annotators import ENOUGH, annotator_scores

    settings = settings_from()
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        scores = annotator_scores(database)
    finally:
        database.close()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in scores], indent=1))
        return
    if not scores:
        typer.echo(
            "no gold tasks: mark an annotation of a task as ground truth, and let others label it"
        )
    for one in scores:
        low, high = one.interval
        few = "" if one.is_enough else f"; fewer than {ENOUGH} cells, do not compare"
        typer.echo(
            f"{one.annotator} {one.attribute}: {one.right} of {one.n} right, "
            f"{one.accuracy:.0%} ({low:.0%} to {high:.0%}){few}"
        )
