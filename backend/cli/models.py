"""`weft models`: the versions, and which of them is live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import settings_from

if TYPE_CHECKING:
    from tagger.registry import ModelStore

__all__ = ["DataOption", "OutOption", "app", "version_path"]

app = typer.Typer(help="List, show, promote and roll back model versions.", no_args_is_help=True)

VersionArgument = Annotated[str, typer.Argument(help="A version; else the live one.")]
DataOption = Annotated[
    list[Path], typer.Option("--data", metavar="DATASET.yaml", help="May be given several times.")
]
OutOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where versions go; else the model store.")
]


@app.command("list")
def list_versions() -> None:
    """List the versions; a star marks the live one."""
    from tagger.registry import shipped_version_dir

    store = _store()
    live = store.live().name
    for name in [shipped_version_dir().name, *store.versions()]:
        typer.echo(f"{'*' if name == live else ' '} {name}")


@app.command()
def show(
    version: VersionArgument = "",
) -> None:
    """Print a version's manifest as JSON, after checking that its files are whole."""
    from tagger.registry import MANIFEST, verify

    path = version_path(version)
    verify(path)
    typer.echo((path / MANIFEST).read_text(encoding="utf-8"), nl=False)


@app.command()
def card(
    version: VersionArgument = "",
) -> None:
    """Print a version's model card as Markdown, from its manifest."""
    from tagger.card import card_of

    typer.echo(card_of(version_path(version)), nl=False)


@app.command()
def failures(
    version: VersionArgument = "",
) -> None:
    """Print where a version is wrong on its validation pictures as Markdown, by counts and ids."""
    from tagger.failures import failure_gallery
    from tagger.registry import verify

    typer.echo(failure_gallery(verify(version_path(version))), nl=False)


@app.command()
def recalibrate(
    data: DataOption,
    version: VersionArgument = "",
    image_size: Annotated[
        int | None, typer.Option(min=32, help="Side of the served crops; else the version's.")
    ] = None,
    mirror: Annotated[
        bool | None, typer.Option(help="Look a second time, in a mirror; else as the version.")
    ] = None,
    average_with: Annotated[
        str, typer.Option(metavar="VERSION", help="Average the weights with this version's.")
    ] = "",
    out: OutOption = None,
) -> None:
    """Fit a version's temperatures and thresholds anew and write the result as a new version."""
    from tagger.recalibrate import recalibrate as run

    settings = settings_from()
    asked: dict[str, Any] = {"image_size": image_size, "mirror": mirror}
    path = run(
        version_path(version),
        data,
        versions=out or settings.data_dir / "models",
        boxes=settings.data_dir / "training" / "boxes.json",
        say=lambda line: typer.echo(line, err=True),
        average_with=version_path(average_with) if average_with else None,
        **{name: value for name, value in asked.items() if value is not None},
    )
    typer.echo(str(path))


@app.command()
def remember(
    data: DataOption,
    version: VersionArgument = "",
    name: Annotated[
        str, typer.Option(metavar="NEW", help="Name of the new version; else the old one's and -m.")
    ] = "",
    out: OutOption = None,
) -> None:
    """Write a version again with embeddings of its training crops, which keep old knowledge."""
    from tagger.remember import remember as run

    settings = settings_from()
    path = run(
        version_path(version),
        data,
        versions=out or settings.data_dir / "models",
        boxes=settings.data_dir / "training" / "boxes.json",
        name=name,
    )
    typer.echo(str(path))


@app.command()
def teach(
    learn: Annotated[
        list[Path],
        typer.Option("--learn", metavar="DATASET.yaml", help="What is learnt; several times."),
    ],
    keep: Annotated[
        list[Path] | None,
        typer.Option(
            "--keep", metavar="DATASET.yaml", help="What else taught the version; several times."
        ),
    ] = None,
    version: VersionArgument = "",
    out: OutOption = None,
) -> None:
    """Fit the heads to labelled sets, keep what they say of others, and write another version."""
    from tagger.teach import teach as run

    settings = settings_from()
    path = run(
        version_path(version),
        learn,
        keep or [],
        versions=out or settings.data_dir / "models",
        boxes=settings.data_dir / "training" / "boxes.json",
    )
    typer.echo(str(path))
    typer.echo("its calibration is that of the version before; `weft models recalibrate` fits it")


@app.command()
def promote(version: str) -> None:
    """Make a version live."""
    _store().promote(version)
    typer.echo(f"{version} is live")


@app.command()
def rollback() -> None:
    """Return to the version that was live before."""
    typer.echo(f"{_store().rollback().name} is live")


def _store() -> ModelStore:
    from tagger.registry import ModelStore

    return ModelStore(settings_from().data_dir / "models")


def version_path(name: str) -> Path:
    """Resolve a version's name or directory; the empty name is the live one."""
    from tagger.registry import MANIFEST

    if name and (Path(name) / MANIFEST).is_file():
        return Path(name)
    settings = settings_from()
    name = name or settings.model
    return _store().path(name) if name else _store().live()
