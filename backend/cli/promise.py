"""`weft promise`: from which scores on answers need no look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import UsageError, settings_from
from backend.cli._progress import progress
from backend.cli.models import version_path
from tagger.promise_scope import Scope

if TYPE_CHECKING:
    from backend.settings import Settings
    from tagger.pipeline import Tagger
    from tagger.promise import PromiseCell
    from tagger.promise_file import PromiseSet

__all__ = ["app"]

app = typer.Typer()


@app.command()
def promise(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="DATASET.yaml",
            help="Validation pictures to fit on, several times; else the ledger's blind slice.",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", metavar="VERSION", help="A version; else the live one.")
    ] = "",
    error: Annotated[float, typer.Option(help="Share of wrong answers that is promised.")] = 0.02,
    confidence: Annotated[float, typer.Option(help="With which that is kept.")] = 0.95,
    scope: Annotated[
        Scope,
        typer.Option(help="Keep it for all accepted answers together, or for each attribute's."),
    ] = Scope.ALL,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...")] = "auto",
) -> None:
    """Fit from which score on answers of a model version are accepted without a look.

    What is never accepted: weakly visible attributes, and those with too few labelled answers.
    The result is kept in the data folder for the version; `weft export` reads it.
    """
    from datetime import UTC, datetime

    from tagger.pipeline import Tagger
    from tagger.promise import check_stated
    from tagger.promise_file import fit_set, promises_dir, write_promises

    check_stated(error=error, confidence=confidence)
    settings = settings_from()
    version = version_path(model)
    tagger = Tagger.load(version, device=device)
    if data:
        cells, source = _of_data(tagger, data), ", ".join(path.stem for path in data)
    else:
        cells, source = _of_ledger(version, tagger, settings), "the blind slice of the ledger"
    if not cells:
        raise UsageError(
            f"no labelled answer to fit on in {source}; label blind tasks, or give --data"
        )
    found = fit_set(
        cells,
        scope=scope,
        never=[str(one.id) for one in tagger.ontology.attributes if one.weakly_visible],
        version=tagger.version,
        error=error,
        confidence=confidence,
        source=source,
        fitted_on=datetime.now(tz=UTC).date().isoformat(),
    )
    path = write_promises(promises_dir(settings.data_dir), found)
    _show(found)
    typer.echo(f"written to {path}", err=True)


def _of_data(tagger: Tagger, data: list[Path]) -> list[PromiseCell]:
    from tagger.dataset import load_description, load_samples
    from tagger.promise_cells import promise_cells
    from tagger.scored import score_samples

    cells: list[PromiseCell] = []
    for path in data:
        samples = load_samples(load_description(path), ontology=tagger.ontology, split="validation")
        with progress(f"scoring {path.stem}", total=len(samples)) as advance:
            scored = score_samples(tagger, samples, watch=lambda done, _total: advance(done))
        for line in scored.unreadable:
            typer.echo(f"unreadable: {line}", err=True)
        cells += promise_cells(tagger.scorer, scored, tagger.real)
    return cells


def _of_ledger(version: Path, tagger: Tagger, settings: Settings) -> list[PromiseCell]:
    from contextlib import ExitStack

    from backend.app import label_studio_client
    from backend.database import open_database
    from backend.images import ImageFetcher
    from backend.ledger.read import corrected_garments
    from backend.records.blind import blind_cells
    from backend.retraining.embedder import GarmentEmbedder
    from backend.retraining.pictures import PictureFolder
    from tagger.loading import load_parts

    with ExitStack() as stack:
        database = open_database(settings.data_dir, url=settings.database_url)
        stack.callback(database.close)
        client = label_studio_client(settings)
        if client is not None:
            stack.callback(client.close)
        fetcher = ImageFetcher(settings, auth=client)
        stack.callback(fetcher.close)
        pictures = PictureFolder(
            settings.data_dir / "training" / "pictures",
            fetcher,
            max_bytes=settings.retrain_picture_bytes,
        )
        garments = corrected_garments(
            database, ontology=tagger.ontology, accepted_weight=settings.accepted_weight
        )
        embed = GarmentEmbedder(tagger, pictures.path)
        return blind_cells(load_parts(version), garments, embed=embed)


def _show(found: PromiseSet) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{found.version}: error <= {found.error:.1%} at {found.confidence:.0%}, "
        f"fitted on {found.source}"
    )
    for column in ("head", "n", "from score", "accepted", "wrong", "error (interval)", "why"):
        table.add_column(column, justify="left" if column in ("head", "why") else "right")
    for name, one in found.heads.items():
        low, high = one.error_interval
        if one.threshold is None:
            table.add_row(name, f"{one.n:,}", "never", "", "", "", one.why.replace("_", " "))
        else:
            table.add_row(
                name,
                f"{one.n:,}",
                f"{one.threshold:.4f}",
                f"{one.coverage:.0%}",
                f"{one.num_wrong} of {one.num_accepted:,}",
                f"{one.num_wrong / one.num_accepted:.1%} ({low:.1%} to {high:.1%})",
                one.why.replace("_", " "),
            )
    Console(width=120).print(table)
    typer.echo(_summary(found))


def _summary(found: PromiseSet) -> str:
    if found.overall is None:
        total = sum(one.n for one in found.heads.values())
        accepted = sum(one.num_accepted for one in found.heads.values())
        return (
            f"{accepted / total:.0%} of {total:,} cells auto-accepted, "
            f"error <= {found.error:.1%} for each head"
        )
    low, high = found.overall.error_interval
    return (
        f"{found.overall.coverage:.0%} of {found.overall.n:,} cells auto-accepted, "
        f"error <= {found.error:.1%} ({low:.1%} to {high:.1%}) for all heads together"
    )
