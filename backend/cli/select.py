"""`weft select`: what to label next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import UsageError, settings_from

if TYPE_CHECKING:
    from backend.label_studio import LabelStudioClient
    from backend.selection.plan import Applied, PickedTask
    from backend.selection.session import Selection
    from backend.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command()
def select(
    budget: Annotated[int, typer.Option(min=1, help="Tasks to choose.")],
    project: Annotated[
        int | None, typer.Option(metavar="ID", help="Only this project; else all connected ones.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply", help="Bring the order to annotators: prediction scores and a view."
        ),
    ] = False,
    random_share: Annotated[
        float, typer.Option(min=0, max=1, help="Part that is drawn at random.")
    ] = 0.2,
    towards_rare: Annotated[
        bool, typer.Option("--towards-rare", help="Favour attributes with few labels.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
) -> None:
    """Choose which unlabelled tasks to label next, and say why."""
    from backend.cli.models import version_path
    from backend.selection.session import Request, past_gain, select_tasks, served_reader
    from tagger.select.batch import BatchRule

    settings = settings_from()
    version = version_path("")
    with _opened(settings) as (client, database):
        selection = select_tasks(
            client,
            database,
            reader=served_reader(settings, version),
            request=Request(
                budget=budget,
                projects=_projects(settings, project, client, database),
                seed=seed,
                rule=BatchRule(random_share=random_share),
                favours_rare=towards_rare,
            ),
            gain=past_gain(settings, database, version=version),
        )
        applied = _apply(settings, client, selection, version.name) if apply else None
    typer.echo(json.dumps(_plain(selection, applied)) if as_json else _words(selection, applied))


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[LabelStudioClient, Any]]:
    from backend.app import label_studio_client
    from backend.database import open_database

    client = label_studio_client(settings)
    if client is None:
        raise UsageError(
            "no Label Studio address and token; set WEFT_LABEL_STUDIO_URL and "
            "WEFT_LABEL_STUDIO_TOKEN"
        )
    with ExitStack() as stack:
        stack.callback(client.close)
        database = open_database(settings.data_dir, url=settings.database_url)
        stack.callback(database.close)
        yield client, database


def _projects(
    settings: Settings, project: int | None, client: LabelStudioClient, database: Any
) -> tuple[int, ...]:
    from backend.ledger.take_up import connected_projects
    from backend.renewal import own_addresses

    if project is not None:
        return (project,)
    found = tuple(connected_projects(database, client, addresses=own_addresses(settings)))
    if not found:
        raise UsageError("no project is connected to this backend; run weft connect, or --project")
    return found


def _apply(
    settings: Settings, client: LabelStudioClient, selection: Selection, version: str
) -> Applied:
    from backend.database import utc_now
    from backend.selection.plan import apply_order
    from backend.selection.rounds import write_round
    from backend.selection.session import rounds_dir

    if selection.picked:
        # Before anything is handed out: a round that is not remembered cannot be measured.
        write_round(rounds_dir(settings), selection.picked, model_version=version, now=utc_now())
    return apply_order(client, selection.tasks, selection.picked)


def _plain(selection: Selection, applied: Applied | None) -> dict[str, Any]:
    gain = selection.gain
    return {
        "candidates": len(selection.tasks),
        "left_out": dict(selection.left_out),
        "gain": {
            "mean": gain.mean,
            "ci95": [gain.low, gain.high],
            "rounds": gain.num_rounds,
            "is_random_next": gain.is_random_next,
        },
        "picks": [_plain_pick(one) for one in selection.picked],
        "applied": None
        if applied is None
        else {
            "predictions_changed": applied.num_changed,
            "predictions_gone": applied.num_gone,
            "views_changed": list(applied.views),
        },
    }


def _plain_pick(one: PickedTask) -> dict[str, Any]:
    pick = one.pick
    return {
        "project": one.task.project_id,
        "task": one.task.task_id,
        "region": pick.id,
        "is_random": pick.is_random,
        "confidence": round(pick.confidence, 4),
        "uncertainty": round(pick.uncertainty, 4),
        "priority": round(pick.priority, 4),
        "reasons": list(pick.reasons),
    }


def _words(selection: Selection, applied: Applied | None) -> str:
    lines = [
        f"project {one.task.project_id} task {one.task.task_id}: {'; '.join(one.pick.reasons)} "
        f"(confidence {one.pick.confidence:.2f}, uncertainty {one.pick.uncertainty:.2f}, "
        f"priority {one.pick.priority:.2f})"
        for one in selection.picked
    ]
    lines.append(f"{len(selection.picked)} of {len(selection.tasks)} candidates")
    lines += [f"left out: {count} {why}" for why, count in sorted(selection.left_out.items())]
    lines.append(selection.gain.words)
    if applied is not None:
        lines.append(
            f"changed the order of {applied.num_changed} predictions; "
            f"views made or changed in {len(applied.views)} projects"
        )
    return "\n".join(lines)
