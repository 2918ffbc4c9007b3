"""`weft explain`: where the model looked, as pictures and numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from backend.cli._errors import UsageError
from backend.cli.model import DeviceOption, ModelOption, RegionMode
from backend.cli.models import version_path

__all__ = ["app"]

app = typer.Typer()

FORMAT = 1


@app.command()
def explain(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where overlays and the JSON go.")],
    attribute: Annotated[
        str, typer.Option(metavar="ATTRIBUTE", help="An id; else everything that is answered.")
    ] = "",
    value: Annotated[
        str, typer.Option(metavar="VALUE", help="An id; else what is answered or most probable.")
    ] = "",
    regions: Annotated[
        RegionMode, typer.Option(help="How garments are located.")
    ] = RegionMode.AUTO,
    check: Annotated[
        bool, typer.Option(help="Measure each map's faithfulness: 42 passes a map.")
    ] = True,
    model: ModelOption = "",
    device: DeviceOption = "auto",
    show_rendered: Annotated[
        bool, typer.Option(help="Show values that only rendered pictures taught.")
    ] = False,
) -> None:
    """Draw where the model looked for each value, over the picture: PNGs and one JSON."""
    from tagger.explain.files import explain_picture
    from tagger.images import read_image
    from tagger.pipeline import Tagger

    if value and not attribute:
        raise UsageError(f"--value {value} needs the attribute that it belongs to: --attribute")
    picture = read_image(image, name=image.name)
    tagger = Tagger.load(version_path(model), device=device)
    out.mkdir(parents=True, exist_ok=True)
    told = explain_picture(
        tagger,
        picture,
        out,
        attribute=attribute,
        value=value,
        regions=regions.value,
        check=check,
        show_rendered=show_rendered,
        say=lambda line: typer.echo(line, err=True),
    )
    record = {
        "format": FORMAT,
        "image": str(image),
        "width": picture.width,
        "height": picture.height,
        "model_version": tagger.version,
        "regions": told,
    }
    path = out / "explanation.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    typer.echo(str(path))
