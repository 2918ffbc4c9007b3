"""`weft audit`: what sellers claim against what their pictures show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import ExitCode, UsageError, settings_from
from backend.cli._progress import progress
from backend.cli.model import DeviceOption, ModelOption
from backend.cli.models import version_path
from tagger.audit.risk import MIN_RISK

if TYPE_CHECKING:
    from backend.settings import Settings
    from tagger.audit.findings import AuditReport
    from tagger.audit.page import Opener
    from tagger.pipeline import Tagger

__all__ = ["app"]

app = typer.Typer()


@app.command()
def audit(
    listings: Annotated[Path, typer.Argument(metavar="LISTINGS.csv", help="A line a product.")],
    images: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the pictures.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")],
    words: Annotated[
        Path | None,
        typer.Option(metavar="DATASET.yaml", help="A source's own words, as its description maps."),
    ] = None,
    min_risk: Annotated[
        float, typer.Option(min=0, max=1, help="Contradictions below this risk are not reported.")
    ] = MIN_RISK,
    base_rate: Annotated[
        float | None,
        typer.Option(min=0.0001, max=0.9, help="Share of claims that are wrong before looking."),
    ] = None,
    heat: Annotated[
        int, typer.Option(min=0, help="Contradictions that get a heat map in the page.")
    ] = 100,
    label_studio: Annotated[
        str, typer.Option(metavar="URL", help="Make a project there to review what was found.")
    ] = "",
    token: Annotated[
        str, typer.Option(help="Label Studio's token; else WEFT_LABEL_STUDIO_TOKEN.")
    ] = "",
    project_title: Annotated[
        str, typer.Option(metavar="TITLE", help="Of that project; one that is there is added to.")
    ] = "Review of seller uploads",
    review: Annotated[
        bool, typer.Option("--review", help="Keep listings, those with findings to be reviewed.")
    ] = False,
    model: ModelOption = "",
    device: DeviceOption = "auto",
) -> None:
    """Check sellers' claims against their pictures; write CSV, JSON and an HTML page."""
    from backend.promises import PromiseReader
    from tagger.audit.files import audit_files, picture_opener
    from tagger.pipeline import Tagger

    settings = settings_from()
    if not images.is_dir():
        raise UsageError(f"{images}: no such folder of pictures; name it with --images")
    tagger = Tagger.load(version_path(model), device=device)
    promises = PromiseReader(settings.data_dir)(tagger.version)
    with progress("looking at pictures, percent", total=100) as advance:
        report = audit_files(
            tagger,
            listings,
            images,
            words=words,
            min_risk=min_risk,
            base_rate=base_rate,
            promises=promises,
            watch=lambda done, total: advance(100 * done // max(total, 1)),
        )
    _write(report, out, picture_opener(images), tagger, heat)
    if review:
        _queue(settings, report, images, is_promised=promises is not None)
    if label_studio:
        from backend.audit_project import make_review_project

        secret = token or settings.label_studio_token.get_secret_value()
        project = make_review_project(
            label_studio,
            secret,
            report,
            images,
            ontology=tagger.ontology,
            title=project_title,
        )
        typer.echo(f"review project: {project}")
    _say(report, out)


def _write(report: AuditReport, out: Path, opener: Opener, tagger: Tagger, heat: int) -> None:
    from tagger.audit.overlays import heat_overlay
    from tagger.audit.page import render_page
    from tagger.audit.report import write_csv, write_json

    out.mkdir(parents=True, exist_ok=True)
    write_csv(report, out / "findings.csv")
    write_json(report, out / "audit.json")
    page = render_page(
        report, open_picture=opener, overlay=heat_overlay(tagger, report, limit=heat)
    )
    (out / "report.html").write_text(page, encoding="utf-8", errors="backslashreplace")


def _queue(settings: Settings, report: AuditReport, images: Path, *, is_promised: bool) -> None:
    from backend.database import open_database
    from backend.review.listings import queue_listings

    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        done = queue_listings(database, report, images, is_promised=is_promised)
    finally:
        database.close()
    typer.echo(
        f"review queue: {done.num_open} to look at ({done.num_new} new), {done.num_clean} clean, "
        f"{done.num_replaced} earlier uploads replaced"
    )


def _say(report: AuditReport, out: Path) -> None:
    faulty = sum(bool(listing.findings) for listing in report.listings)
    for note in report.notes:
        typer.echo(note, err=True)
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items()) or "none"
    typer.echo(f"{len(report.listings)} listings, {faulty} with findings: {counts}")
    typer.echo(str(out / "report.html"))
    if report.notes or report.counts.get("unreadable_picture"):
        raise typer.Exit(ExitCode.FAILURES)
