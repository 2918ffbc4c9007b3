"""`weft ontology`: check an ontology file, make its labeling config, change it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backend.cli._errors import ExitCode
from backend.cli._ontology_change import diff, migrate

__all__ = ["app"]

app = typer.Typer(
    help="Check an ontology file, make its labeling config, change it.", no_args_is_help=True
)
app.command()(diff)
app.command()(migrate)

OntologyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The ontology's YAML file.")]


@app.command()
def check(file: OntologyFile) -> None:
    """Check an ontology file; print FILE:LINE: reason for each fault and exit 2."""
    from ontology.errors import OntologyError
    from ontology.load import load_ontology

    try:
        ontology = load_ontology(file)
    except OntologyError as error:
        for line in [str(fault) for fault in error.faults] or [str(error)]:
            typer.echo(line)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    num_values = sum(len(attribute.values) for attribute in ontology.attributes)
    typer.echo(
        f"{file}: ok, {ontology.id} version {ontology.version}: {len(ontology.leaves)} leaf "
        f"categories, {len(ontology.attributes)} attributes, {num_values} values"
    )


@app.command("label-config")
def label_config(
    file: OntologyFile,
    language: Annotated[
        str | None, typer.Option(help="Show translations of this language where there are any.")
    ] = None,
    image_key: Annotated[
        str, typer.Option(help="The key of the picture in a task's data.")
    ] = "image",
    smart: Annotated[
        bool, typer.Option(help="Let a hand-drawn box be filled by the backend.")
    ] = True,
) -> None:
    """Write the Label Studio labeling config of an ontology to standard output."""
    from ontology.errors import OntologyError
    from ontology.label_config import build_label_config
    from ontology.load import load_ontology

    try:
        ontology = load_ontology(file)
    except OntologyError as error:
        for line in [str(fault) for fault in error.faults] or [str(error)]:
            typer.echo(line, err=True)
        raise typer.Exit(ExitCode.WRONG_INPUT) from error
    typer.echo(build_label_config(ontology, image_key=image_key, smart=smart, language=language))
