"""`weft serve`, `weft connect`, `weft doctor`: the backend and its Label Studio."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import ExitCode, UsageError, settings_from

if TYPE_CHECKING:
    from backend.connect import ConnectReport
    from backend.doctor import Check
    from backend.settings import Settings

__all__ = ["app"]

app = typer.Typer()

_OWN_START_S = 20.0


class ConfigChoice(StrEnum):
    """What happens to a project's labeling config."""

    AUTO = "auto"
    KEEP = "keep"
    REPLACE = "replace"


LabelStudioUrl = Annotated[
    str | None,
    typer.Option("--label-studio", metavar="URL", help="Address of Label Studio."),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="T",
        help="Personal access token or legacy token; WEFT_LABEL_STUDIO_TOKEN keeps it off the "
        "command line.",
    ),
]
BackendUrl = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="URL",
        help="The backend's address as Label Studio reaches it; else WEFT_PUBLIC_URL, or this "
        "machine's WEFT_HOST and WEFT_PORT.",
    ),
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on [9090].")
    ] = None,
) -> None:
    """Serve the ML backend until it is stopped."""
    from backend.server import serve as run_server

    run_server(settings_from(host=host, port=port))


@app.command()
def connect(
    label_studio: LabelStudioUrl = None,
    token: Token = None,
    project: Annotated[int | None, typer.Option(metavar="ID", help="Connect this project.")] = None,
    create: Annotated[
        str | None,
        typer.Option(metavar="TITLE", help="Make a project, or take the one of this title."),
    ] = None,
    ontology: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another ontology than the served model's.")
    ] = None,
    backend: BackendUrl = None,
    config: Annotated[
        ConfigChoice,
        typer.Option(
            help="auto: replace a labeling config that does not fit; keep: never; replace: always."
        ),
    ] = ConfigChoice.AUTO,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence/--no-evidence",
            help="Show beside each task what the model saw; a browser fetches it from the backend.",
        ),
    ] = True,
    save_config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where a replaced labeling config is kept."),
    ] = None,
) -> None:
    """Make or update a project and connect the backend to it; may be repeated."""
    from backend.connect import connect as connect_project
    from backend.label_studio import LabelStudioClient
    from backend.overlays_secret import OverlaySecrets
    from backend.served_ontology import served_ontology
    from ontology.load import load_ontology

    if (project is None) == (create is None):
        raise UsageError("say which project: either --project ID or --create TITLE")
    settings = _settings_with_label_studio(label_studio, token)
    client = LabelStudioClient(
        settings.label_studio_url, settings.label_studio_token.get_secret_value()
    )
    client.me()  # fails early, before anything is waited for
    if backend is None and not settings.public_url:
        _wait_for_own(settings)
    report = connect_project(
        client,
        backend_url=backend or settings.public_url or _own_address(settings),
        ontology=load_ontology(ontology) if ontology else served_ontology(settings),
        project_id=project,
        create_title=create,
        webhook_secret=settings.webhook_secret.get_secret_value(),
        config=config.value,
        evidence=OverlaySecrets.of(settings) if evidence else None,
    )
    _print_report(report)
    if report.replaced_config:
        kept = save_config or Path(f"label-config-{report.project_id}-before.xml")
        kept.write_text(report.replaced_config, encoding="utf-8")
        typer.echo(f"kept the labeling config that was there in {kept}")


def _print_report(report: ConnectReport) -> None:
    for change in report.changes or ["everything was right already"]:
        typer.echo(change)
    for warning in report.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo(f"project {report.project_id}: {report.project_url}")


@app.command()
def doctor(
    label_studio: LabelStudioUrl = None,
    token: Token = None,
    project: Annotated[
        int | None, typer.Option(metavar="ID", help="Look at this project only.")
    ] = None,
    backend: BackendUrl = None,
) -> None:
    """Try what commonly goes wrong, one line each with the mend; exit 1 if something is wrong."""
    from backend.doctor import run_checks

    settings = settings_from(label_studio_url=label_studio, label_studio_token=token)
    checks = run_checks(settings, project_id=project, backend_url=backend, report=_print_check)
    if not all(check.ok for check in checks):
        raise typer.Exit(ExitCode.FAILURES)


def _print_check(check: Check) -> None:
    typer.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.detail}")
    if check.mend and not check.ok:
        typer.echo(f"      mend: {check.mend}")


def _settings_with_label_studio(url: str | None, token: str | None) -> Settings:
    settings = settings_from(label_studio_url=url, label_studio_token=token)
    if not settings.label_studio_url:
        raise UsageError("no Label Studio: give --label-studio URL or set WEFT_LABEL_STUDIO_URL")
    if not settings.label_studio_token.get_secret_value():
        raise UsageError("no token: give --token T or set WEFT_LABEL_STUDIO_TOKEN")
    return settings


def _own_address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in {"", "0.0.0.0", "::"} else settings.host  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _wait_for_own(settings: Settings) -> None:
    """Give a backend that was started a moment ago the time to listen; connecting judges it."""
    import requests

    address, deadline = _own_address(settings), time.monotonic() + _OWN_START_S
    is_said = False
    with requests.Session() as session:
        session.trust_env = False  # a proxy has no business here
        while time.monotonic() < deadline:
            try:
                if session.get(f"{address}/health", timeout=1).ok:
                    return
            except requests.RequestException:
                if not is_said:
                    typer.echo(f"waiting for the backend at {address}", err=True)
                is_said = True
                time.sleep(0.5)
