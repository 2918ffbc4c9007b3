"""`weft serve`, `weft connect`, `weft doctor`: the backend and its Label Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from backend.cli._errors import UsageError, settings_from

if TYPE_CHECKING:
    from backend.settings import Settings

__all__ = ["app"]

app = typer.Typer()

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


def _label_studio(url: str | None, token: str | None) -> Settings:
    settings = settings_from(label_studio_url=url, label_studio_token=token)
    if not settings.label_studio_url:
        raise UsageError("no Label Studio: give --label-studio URL or set WEFT_LABEL_STUDIO_URL")
    if not settings.label_studio_token.get_secret_value():
        raise UsageError("no token: give --token T or set WEFT_LABEL_STUDIO_TOKEN")
    return settings
