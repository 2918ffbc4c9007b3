"""`weft ontology diff` and `weft ontology migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import UsageError, settings_from

if TYPE_CHECKING:
    from backend.database import Database
    from backend.settings import Settings
    from ontology.migration import Migration

__all__ = ["diff", "migrate"]

OldFile = Annotated[Path, typer.Argument(metavar="OLD", help="The ontology's file as it was.")]
NewFile = Annotated[Path, typer.Argument(metavar="NEW", help="The changed file.")]
MigrationFile = Annotated[
    Path | None,
    typer.Option(
        "--migration",
        metavar="FILE",
        help="What was renamed, merged or split, where NEW itself does not say it with `was`.",
    ),
]


def diff(
    old: OldFile,
    new: NewFile,
    migration: MigrationFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what changed, and what that does to heads and stored labels."""
    import json

    from ontology.diff import to_json

    found, _ = _read(old, new, migration)
    if as_json:
        typer.echo(json.dumps(to_json(found), indent=1))
        return
    _print(found)


def migrate(
    old: OldFile,
    new: NewFile,
    migration: MigrationFile = None,
    model: Annotated[
        str, typer.Option(metavar="VERSION", help="Carry this version over; else the live one.")
    ] = "",
    promote: Annotated[bool, typer.Option(help="Make the new version live.")] = True,
    project: Annotated[
        list[int] | None,
        typer.Option(metavar="ID", help="Change this project's config; may be given repeatedly."),
    ] = None,
    label_studio: Annotated[
        str | None, typer.Option("--label-studio", metavar="URL", help="Address of Label Studio.")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", metavar="T", help="WEFT_LABEL_STUDIO_TOKEN else.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
) -> None:
    """Carry the model, projects and stored labels over to a changed ontology; may be repeated."""
    found, declared = _read(old, new, migration)
    settings = settings_from(label_studio_url=label_studio, label_studio_token=token)
    if project and not (settings.label_studio_url and settings.label_studio_token):
        raise UsageError("a project needs --label-studio URL and --token T, or their settings")
    from backend.database import open_database
    from backend.ledger.migrate_labels import read_history, record_change

    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        found = found if declared else read_history(database).known(found)
        _print(found)
        version = _model(found, settings, model, promote=promote, dry_run=dry_run)
        if not dry_run:
            record_change(database, found, declared=declared)
        for project_id in project or ():
            _project(
                project_id,
                found,
                settings,
                database=database,
                version=version,
                declared=declared,
                dry_run=dry_run,
                promote=promote,
            )
    finally:
        database.close()


def _read(old: Path, new: Path, file: Path | None) -> tuple[Migration, str]:
    from ontology.compare import compare, read_declared
    from ontology.load import load_ontology

    declared = read_declared(file.read_text("utf-8-sig"), file=file) if file else None
    before, after = load_ontology(old), load_ontology(new)
    if before.id != after.id:
        raise UsageError(f"{new} is the ontology {after.id!r}, and {old} is {before.id!r}")
    return compare(before, after, file=new, declared=declared), declared.text if declared else ""


def _print(migration: Migration) -> None:
    from ontology.diff import changes

    found = changes(migration)
    for change in found:
        typer.echo(change.line)
        typer.echo(f"  heads: {change.heads}")
        typer.echo(f"  labels: {change.labels}")
    if not found:
        typer.echo("nothing changed that heads or labels depend on")


def _model(
    migration: Migration, settings: Settings, name: str, *, promote: bool, dry_run: bool
) -> str:
    """Make and promote the version, unless it is there; gives its name."""
    from backend.cli.models import version_path
    from backend.model_source import models_dir
    from ontology.load import load_ontology
    from tagger.registry import ONTOLOGY, ModelStore

    path = version_path(name)
    if load_ontology(path / ONTOLOGY).source == migration.new.source:
        typer.echo(f"{path.name} answers in the new ontology already")
        return path.name
    if dry_run:
        typer.echo(f"would carry {path.name} over to a new version")
        return path.name
    from tagger.migrate_heads import migrate_version

    parent = models_dir(settings)
    made = migrate_version(path, migration.new, migration, parent=parent)
    typer.echo(f"wrote {made}")
    if promote:
        ModelStore(parent).promote(made.name)
        typer.echo(f"{made.name} is live")
    return made.name


def _project(
    project_id: int,
    migration: Migration,
    settings: Settings,
    *,
    database: Database,
    version: str,
    declared: str,
    dry_run: bool,
    promote: bool,
) -> None:
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from backend.ontology_change import change_project

    client = LabelStudioClient(
        settings.label_studio_url, settings.label_studio_token.get_secret_value()
    )
    done = change_project(
        client,
        project_id,
        migration,
        database=database,
        queue=JobQueue(database) if promote else None,
        model_version=version,
        declared=declared,
        is_dry=dry_run,
    )
    if done.is_written:
        kept = settings.data_dir / f"label-config-{project_id}-before.xml"
        kept.write_text(done.replaced_config, encoding="utf-8")
        typer.echo(f"project {project_id}: wrote the labeling config; the old one is in {kept}")
    elif done.replaced_config:
        typer.echo(f"project {project_id}: would write the labeling config")
    else:
        typer.echo(f"project {project_id}: the labeling config was right already")
    for label in done.unknown:
        said = f"one of {', '.join(label.meant)}" if label.meant else "unknown"
        typer.echo(f"task {label.task_id}: {label.where} {label.text!r} is {said} now")
    typer.echo(f"project {project_id}: queued {done.num_queued} tasks for {version}")
