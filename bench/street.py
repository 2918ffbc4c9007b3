"""How much of what is found in street photographs an annotator would have to mend, judged by eye.

    python -m bench.street draw DIR [--model VERSION]    thirty pictures with what was found
    python -m bench.street show                          the figures of the last judgement

The thirty pictures are evenly drawn from the validation split of `ccp`. Somebody looks at what
`draw` made and writes a row a picture into `bench/results/street-by-eye.csv`: garments shown, shown
with a useless box or twice, with a wrong category, with a wrong attribute, and garments that a
seller would list and nothing shows. The drawings are not committed: they show people.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from tagger.pipeline import ImagePrediction

RESULTS = Path(__file__).parent / "results" / "street-by-eye.csv"
COLUMNS = ("shown", "bad_box", "wrong_category", "wrong_attribute", "missing")
PICTURES = 30


def draw(out: Path, *, model: str) -> None:
    """Write one drawing a picture and print what was found."""
    from backend.cli.models import version_path
    from tagger.dataset import load_description, load_samples
    from tagger.pipeline import Tagger

    tagger = Tagger.load(version_path(model))
    description = load_description(Path("tagger/datasets/ccp.yaml"))
    samples = load_samples(description, ontology=tagger.ontology, split="validation")
    pictures = sorted({sample.image: sample for sample in samples}.items())
    out.mkdir(parents=True, exist_ok=True)
    for at in range(PICTURES):
        path, sample = pictures[at * len(pictures) // PICTURES]
        image = sample.open()
        (found,) = tagger.predict([image])
        print(path.stem, *_lines(found), sep="\n  ")  # noqa: T201 - this is the output
        _drawn(image, found).save(out / f"{path.stem}.png")


def _lines(found: ImagePrediction) -> list[str]:
    return [
        f"{number} {garment.category} {garment.category_score:.2f} "
        + ", ".join(
            f"{name}={'+'.join(answer.value for answer in answers)}"
            for name, answers in garment.attributes.items()
            if answers
        )
        for number, garment in enumerate(found.garments, 1)
    ]


def _drawn(image: Image, found: ImagePrediction) -> Image:
    from PIL import ImageDraw, ImageFont

    colours = ("red", "blue", "green", "magenta", "orange", "cyan", "purple", "brown")
    drawing, font = ImageDraw.Draw(image), ImageFont.load_default(20)
    for number, garment in enumerate(found.garments, 1):
        colour, box = colours[(number - 1) % len(colours)], garment.box
        drawing.rectangle(box.xyxy, outline=colour, width=3)
        drawing.text((box.x0 + 4, box.y0 + 2), str(number), fill=colour, font=font)
    return image


def totals(rows: Sequence[dict[str, str]]) -> dict[str, int]:
    """Add up the judgements; `clean` counts pictures with nothing to mend.

    Raises:
        ValueError: If a cell is not a number.
    """
    numbers = [{name: int(row[name]) for name in COLUMNS} for row in rows]
    added = {name: sum(row[name] for row in numbers) for name in COLUMNS}
    clean = sum(not any(row[name] for name in COLUMNS[1:]) for row in numbers)
    return {"pictures": len(rows), **added, "clean": clean}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["draw", "show"])
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--model", default="")
    given = parser.parse_args()
    if given.what == "draw":
        if given.out is None:
            parser.error("draw needs a folder")
        draw(given.out, model=given.model)
        return
    with RESULTS.open(encoding="utf-8", newline="") as stream:
        for name, count in totals(list(csv.DictReader(stream))).items():
            print(f"{name:16} {count}")  # noqa: T201 - this is the output


if __name__ == "__main__":
    main()
