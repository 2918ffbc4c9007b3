"""`weft retrain`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import ExitCode, settings_from
from backend.cli._progress import progress
from backend.cli.models import version_path

if TYPE_CHECKING:
    from backend.database import Database
    from backend.retraining.round import TrainingRound
    from backend.retraining.runs import Run
    from backend.settings import Settings
    from tagger.corrections import CorrectedGarment

__all__ = ["app"]

app = typer.Typer()

_STEPS = 1000
_NICE = 10
_WAIT_FOR_LOCK_S = 30.0


@app.command()
def retrain(
    fast: Annotated[
        bool, typer.Option("--fast", help="Fit the heads only, on embeddings that were kept.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained on, and stop.")
    ] = False,
    run: Annotated[int, typer.Option(hidden=True, help="Take up this run.")] = 0,
) -> None:
    """Train on what annotators corrected, gate the result and promote it if it is better.

    Ends with 0 if a version was promoted, 1 if the gate rejected it or could not decide.
    """
    settings = settings_from()
    if dry_run:
        _say_what(settings, fast=fast)
        return
    _limit(settings, is_child=bool(run))
    ended = _take_up(settings, run_id=run, fast=fast)
    _report(ended)


def _limit(settings: Settings, *, is_child: bool) -> None:
    """Leave cores to whoever serves."""
    threads = settings.retrain_threads or max(1, (os.cpu_count() or 2) // 2)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    if is_child:
        os.nice(_NICE)
    import torch

    torch.set_num_threads(threads)


def _take_up(settings: Settings, *, run_id: int, fast: bool) -> Run:
    from backend.retraining.lock import TrainingBusyError, training_lock
    from backend.retraining.runs import RunStore
    from backend.retraining.tables import RunKind, RunTrigger
    from backend.retraining.usable import count_said

    with ExitStack() as stack:
        database = stack.enter_context(_opened(settings))
        try:
            wait_s = _WAIT_FOR_LOCK_S if run_id else 0.0
            stack.enter_context(training_lock(settings.data_dir, timeout_s=wait_s))
        except TrainingBusyError as error:
            typer.echo(f"stopped: {error}", err=True)
            raise typer.Exit(ExitCode.STOPPED) from error
        store = RunStore(database)
        store.recover()
        if not run_id:
            kind = RunKind.FAST if fast else RunKind.FULL
            said = count_said(database)
            asked = store.request(kind, RunTrigger.COMMAND, usable=said.usable, gold=said.gold)
            run_id = store.update(asked.id, kind=kind.value).id
        run = store.take_up(run_id, pid=os.getpid())
        advance = stack.enter_context(progress("training", total=_STEPS))
        work = _round(settings, database, stack, show=lambda share, _: advance(int(share * _STEPS)))
        return work.carry_out(run)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    from backend.database import open_database

    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        yield database
    finally:
        database.close()


def _round(
    settings: Settings, database: Database, stack: ExitStack, *, show: object
) -> TrainingRound:
    from backend.app import label_studio_client
    from backend.images import ImageFetcher
    from backend.ledger.read import corrected_garments
    from backend.retraining.pictures import PictureFolder
    from backend.retraining.round import TrainingRound
    from backend.retraining.runs import RunStore
    from tagger.registry import ModelStore

    client = label_studio_client(settings)
    if client is not None:
        stack.callback(client.close)
    fetcher = ImageFetcher(settings, auth=client)
    stack.callback(fetcher.close)
    return TrainingRound(
        settings=settings,
        store=RunStore(database),
        models=ModelStore(settings.data_dir / "models"),
        pictures=PictureFolder(
            settings.data_dir / "training" / "pictures",
            fetcher,
            max_bytes=settings.retrain_picture_bytes,
        ),
        read=lambda ontology: corrected_garments(
            database, ontology=ontology, accepted_weight=settings.accepted_weight
        ),
        live=lambda: version_path(""),
        show=show,  # type: ignore[arg-type]  # a function of share and note
    )


def _say_what(settings: Settings, *, fast: bool) -> None:
    from backend.ledger.read import corrected_garments
    from tagger.loading import encoder_digest, load_parts
    from tagger.refit import sort_garments

    live = version_path("")
    parts = load_parts(live)
    with _opened(settings) as database:
        garments = corrected_garments(
            database,
            ontology=parts["scorer"].ontology,
            accepted_weight=settings.accepted_weight,
        )
    found = sort_garments(garments)
    encoder = encoder_digest(parts["model"])
    cached = sum(_has_embedding(one, encoder) for one in found.learn)
    typer.echo(f"from version {live.name}: {'heads only' if fast else 'the whole network'}")
    typer.echo(f"corrected garments to learn from: {len(found.learn)}")
    typer.echo(f"  with an embedding of this version: {cached}")
    typer.echo(f"  with a moved or drawn box: {sum(one.is_moved for one in found.learn)}")
    typer.echo(f"kept out of training, for gate and calibration: {len(found.blind)}")
    typer.echo(f"left out, as their picture is among those: {found.held_back}")
    typer.echo(f"left out, as nothing was said: {found.empty}")


def _has_embedding(garment: CorrectedGarment, encoder: str) -> bool:
    return garment.embedding is not None and garment.encoder == encoder and not garment.is_moved


def _report(run: Run) -> None:
    from backend.retraining.tables import RunState

    if run.state is RunState.FAILED:
        typer.echo(f"error: {run.note}", err=True)
        raise typer.Exit(ExitCode.WRONG_INPUT)
    for name in ("learnt", "moved", "embedded_afresh", "left_out", "held_back", "blind"):
        if name in run.counts:
            typer.echo(f"{name.replace('_', ' ')}: {run.counts[name]}")
    typer.echo(f"candidate {run.candidate}: {run.state.value}")
    typer.echo(run.note)
    if "report" in run.verdict:
        typer.echo(f"report: {run.verdict['report']}")
    if run.state is not RunState.PROMOTED:
        raise typer.Exit(ExitCode.FAILURES)
