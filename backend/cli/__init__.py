"""The command `weft`.

Every module beside this one offers `app`, a Typer application whose commands are merged here. They
import what is heavy inside the commands, so that `weft --help` answers without loading torch.
"""

from __future__ import annotations

from typing import Annotated

import typer

from backend.cli import (
    audit,
    corrections,
    corrections_annotators,
    corrections_stats,
    data,
    explain,
    export,
    finder,
    model,
    models,
    ontology,
    promise,
    retrain,
    select,
    serve,
    suspects,
    train,
)
from backend.cli._errors import Commands, stop_on_terminate

__all__ = ["app", "main"]

app = typer.Typer(
    name="weft",
    cls=Commands,
    help="Pre-annotate pictures in Label Studio from an ontology, legally and calibrated.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(ontology.app, name="ontology")
app.add_typer(data.app, name="data")
app.add_typer(train.app)
app.add_typer(model.app)
app.add_typer(explain.app)
app.add_typer(models.app, name="models")
app.add_typer(audit.app)
app.add_typer(suspects.app)
app.add_typer(finder.app, name="finder")
app.add_typer(serve.app)
app.add_typer(retrain.app)
app.add_typer(select.app)
app.add_typer(promise.app)
app.add_typer(export.app)
corrections.app.command("stats")(corrections_stats.stats)
corrections.app.command("annotators")(corrections_annotators.annotators)
app.add_typer(corrections.app, name="corrections")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("weft"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Pre-annotate pictures in Label Studio from an ontology, legally and calibrated."""


def main() -> None:
    """Run the command line; the process ends with one of the documented exit codes."""
    stop_on_terminate()
    app()
