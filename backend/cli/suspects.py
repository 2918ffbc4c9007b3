"""`weft suspects`: labels that are probably wrong, in a data set or in the ledger."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import ExitCode, UsageError, settings_from
from backend.cli._progress import progress
from backend.cli.model import DeviceOption, ModelOption
from backend.cli.models import version_path

if TYPE_CHECKING:
    from tagger.audit.label_search import Labelled, Suspect
    from tagger.pipeline import Tagger

__all__ = ["app"]

app = typer.Typer()

_COLUMNS = ("risk", "id", "attribute", "said", "seen", "picture")


@app.command()
def suspects(
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DATASET.yaml", help="A data set; else the ledger."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Else standard output.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Cells to name.")] = 200,
    model: ModelOption = "",
    device: DeviceOption = "auto",
) -> None:
    """Rank labels by the risk that they are wrong; heads never judge what they were fitted to.

    A line of the CSV is a label: `said` has the ids that it stands for and `seen` those of the
    likeliest other label, with | between ids that a label leaves open. `risk` is a probability.
    """
    from tagger.audit.label_search import search_labels
    from tagger.pipeline import Tagger

    tagger = Tagger.load(version_path(model), device=device)
    garments, faults = (_of_ledger(tagger), ()) if data is None else _of_data(tagger, data)
    for fault in faults:
        typer.echo(f"{fault}; left out", err=True)
    found = search_labels(garments, tagger.ontology)
    if not found:
        raise UsageError(
            f"{len(garments)} labelled garments with an embedding are too few to search; at least "
            "50 labels of two kinds are needed in a column"
        )
    _write(found[:limit], out)
    typer.echo(_summary(garments, found, limit), err=True)
    if faults:
        raise typer.Exit(ExitCode.FAILURES)


def _write(found: Sequence[Suspect], out: Path | None) -> None:
    stream: Any = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    try:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for one in found:
            row = (f"{one.risk:.4f}", one.id, one.attribute, one.said, one.seen, one.picture)
            writer.writerow(row)
    finally:
        if out:
            stream.close()


def _summary(garments: Sequence[Labelled], found: Sequence[Suspect], limit: int) -> str:
    """Say what was searched and how much of what is named is thought wrong."""
    counts = Counter(one.attribute for one in found)
    columns = ", ".join(f"{count} of {name}" for name, count in counts.most_common())
    named = found[:limit]
    wrong = sum(one.risk for one in named)
    return (
        f"{len(garments)} garments, labels judged: {columns}; named are the {len(named)} riskiest, "
        f"of which about {wrong:.1f} are thought wrong"
    )


def _of_data(tagger: Tagger, data: Path) -> tuple[list[Labelled], tuple[str, ...]]:
    """Take a data set's labels; also gives a line on each picture that cannot be read."""
    from tagger.audit.label_search import Labelled
    from tagger.dataset import load_description, load_samples
    from tagger.scored import score_samples

    samples = load_samples(load_description(data), ontology=tagger.ontology, split="all")
    with progress("looking at pictures", total=max(len(samples), 1)) as advance:
        scored = score_samples(tagger, samples, watch=lambda done, _total: advance(done))
    labelled = [
        Labelled(
            id=sample.id,
            group=sample.group,
            label=sample.label,
            embedding=embedding,
            picture=str(sample.image),
        )
        for sample, embedding in zip(scored.samples, scored.embedding, strict=True)
    ]
    return labelled, scored.unreadable


def _of_ledger(tagger: Tagger) -> list[Labelled]:
    """Take what people said of garments whose embeddings this version's encoder made."""
    from backend.database import open_database
    from backend.ledger.read import corrected_garments
    from tagger.audit.label_search import Labelled

    settings = settings_from()
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        garments = corrected_garments(
            database, ontology=tagger.ontology, accepted_weight=settings.accepted_weight
        )
    finally:
        database.close()
    return [
        Labelled(
            id=one.id,
            group=one.group,
            label=one.label,
            embedding=one.embedding,
            picture=one.image,
        )
        for one in garments
        if one.embedding is not None and one.encoder == tagger.encoder
    ]
