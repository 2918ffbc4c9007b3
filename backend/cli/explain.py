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


_Attribute = Annotated[
    str, typer.Option(metavar="ATTRIBUTE", help="An id; else everything that is answered.")
]
_Value = Annotated[
    str, typer.Option(metavar="VALUE", help="An id; else what is answered or most probable.")
]
_Regions = Annotated[RegionMode, typer.Option(help="How garments are located.")]
_Check = Annotated[bool, typer.Option(help="Measure each map's faithfulness: 42 passes a map.")]
_ShowRendered = Annotated[
    bool, typer.Option(help="Show values that only rendered pictures taught.")
]


@app.command()
def explain(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where overlays and the JSON go.")],
    attribute: _Attribute = "",
    value: _Value = "",
    regions: _Regions = RegionMode.AUTO,
    check: _Check = True,
    model: ModelOption = "",
    device: DeviceOption = "auto",
    show_rendered: _ShowRendered = False,
) -> None:
    """Draw where the model looked for each value, over the picture: PNGs and one JSON."""
    from tagger.explain.files import Wanted, explain_picture
    from tagger.images import read_image
    from tagger.pipeline import Tagger

    if value and not attribute:
        raise UsageError(f"--value {value} needs the attribute that it belongs to: --attribute")
    picture = read_image(image, name=image.name)
    tagger = Tagger.load(version_path(model), device=device)
    wanted = Wanted(
        attribute=attribute,
        value=value,
        regions=regions.value,
        check=check,
        show_rendered=show_rendered,
    )
    told = explain_picture(
        tagger, picture, out, wanted=wanted, say=lambda line: typer.echo(line, err=True)
    )
    size = {"width": picture.width, "height": picture.height}
    known = {"format": FORMAT, "image": str(image), **size, "model_version": tagger.version}
    path = out / "explanation.json"
    path.write_text(json.dumps({**known, "regions": told}, indent=1) + "\n", encoding="utf-8")
    typer.echo(str(path))
