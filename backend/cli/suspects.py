"""`weft suspects`: labels that are probably wrong, in a data set or in the ledger."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.cli._errors import UsageError, settings_from
from backend.cli._progress import progress
from backend.cli.model import DeviceOption, ModelOption
from backend.cli.models import version_path

if TYPE_CHECKING:
    from tagger.audit.label_search import Labelled
    from tagger.pipeline import Tagger

__all__ = ["app"]

app = typer.Typer()

_COLUMNS = ("risk", "id", "attribute", "said", "seen")


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
    """Rank labels by the risk that they are wrong; heads never judge what they were fitted to."""
    from tagger.audit.label_search import search_labels
    from tagger.pipeline import Tagger

    tagger = Tagger.load(version_path(model), device=device)
    garments = _of_ledger(tagger) if data is None else _of_data(tagger, data)
    found = search_labels(garments, tagger.ontology)
    if not found:
        raise UsageError(
            f"{len(garments)} labelled garments with an embedding are too few to search; at least "
            "50 labels of two kinds are needed in a column"
        )
    stream: Any = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    try:
        writer = csv.writer(stream)
        writer.writerow(_COLUMNS)
        for one in found[:limit]:
            writer.writerow([f"{one.risk:.4f}", one.id, one.attribute, one.said, one.seen])
    finally:
        if out:
            stream.close()


def _of_data(tagger: Tagger, data: Path) -> list[Labelled]:
    from tagger.audit.label_search import Labelled
    from tagger.dataset import load_description, load_samples
    from tagger.scored import score_samples

    samples = load_samples(load_description(data), ontology=tagger.ontology, split="all")
    with progress("looking at pictures", total=1000) as advance:
        scored = score_samples(
            tagger, samples, watch=lambda done, total: advance(1000 * done // max(total, 1))
        )
    return [
        Labelled(id=sample.id, group=sample.group, label=sample.label, embedding=embedding)
        for sample, embedding in zip(scored.samples, scored.embedding, strict=True)
    ]


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
        Labelled(id=one.id, group=one.group, label=one.label, embedding=one.embedding)
        for one in garments
        if one.embedding is not None and one.encoder == tagger.encoder
    ]
