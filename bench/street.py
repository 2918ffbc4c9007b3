"""How much of what is found in street photographs an annotator would have to mend, judged by eye.

    python -m bench.street draw DIR [--model VERSION]    thirty pictures with what was found
    python -m bench.street judge [--model VERSION]       a version against what the boxes show
    python -m bench.street show                          the figures of the last judgement

The thirty pictures are evenly drawn from the validation split of `ccp`. Somebody looks at what
`draw` made and writes a row a picture into `bench/results/street-by-eye.csv`: garments shown, shown
with a useless box or twice, with a wrong category, with a wrong attribute, and garments that a
seller would list and nothing shows. The drawings are not committed: they show people.

What each box shows does not depend on what a version says of it. `bench/results/street-boxes.csv`
holds it as it was judged by eye, by somebody who did not know any version's answer: one category,
or two where the picture cannot decide; none for a useless box, or a garment that is framed twice.
`judge` finds these boxes among those of any version and counts useless ones and wrong categories.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL.Image import Image

    from tagger.boxes import PixelBox
    from tagger.dataset import Sample
    from tagger.pipeline import Garment, ImagePrediction

RESULTS = Path(__file__).parent / "results" / "street-by-eye.csv"
BOXES = Path(__file__).parent / "results" / "street-boxes.csv"
COLUMNS = ("shown", "bad_box", "wrong_category", "wrong_attribute", "missing")
PICTURES = 30
_SAME_BOX = 0.7


def draw(out: Path, *, model: str) -> None:
    """Write one drawing a picture and print what was found."""
    out.mkdir(parents=True, exist_ok=True)
    for sample, found in _answers(model):
        print(sample.image.stem, *_lines(found), sep="\n  ")  # noqa: T201 - this is the output
        _drawn(sample.open(), found).save(out / f"{sample.image.stem}.png")


def judge(model: str) -> None:
    """Print, a picture a line, how many of a version's boxes are useless or wrongly called."""
    judged = read_judged(BOXES.read_text(encoding="utf-8"))
    counts = {
        sample.image.stem: count(found.garments, judged.get(sample.image.stem, []))
        for sample, found in _answers(model)
    }
    names = list(next(iter(counts.values())))
    print("picture", *names, sep=",")  # noqa: T201 - this is the output
    for picture, row in counts.items():
        print(picture, *row.values(), sep=",")  # noqa: T201 - as above
    print("all", *(sum(row[name] for row in counts.values()) for name in names), sep=",")  # noqa: T201 - as above


def read_judged(text: str) -> dict[str, list[tuple[PixelBox, frozenset[str]]]]:
    """Read what boxes show, by picture: each box with its categories, none for a useless one."""
    from tagger.boxes import PixelBox

    judged: dict[str, list[tuple[PixelBox, frozenset[str]]]] = {}
    for row in csv.DictReader(text.splitlines()):
        box = PixelBox(**{edge: float(row[edge]) for edge in ("x0", "y0", "x1", "y1")})
        kinds = frozenset(filter(None, row["kinds"].split("|")))
        judged.setdefault(row["picture"], []).append((box, kinds))
    return judged


def count(
    garments: Sequence[Garment], judged: Sequence[tuple[PixelBox, frozenset[str]]]
) -> dict[str, int]:
    """Compare garments with judged boxes; `unjudged` are those that nobody saw."""
    counts = dict.fromkeys(("shown", "unjudged", "bad_box", "wrong_category"), 0)
    for garment in garments:
        overlap, kinds = max(
            ((garment.box.iou(box), kinds) for box, kinds in judged),
            key=lambda pair: pair[0],
            default=(0.0, frozenset()),
        )
        counts["shown"] += 1
        if overlap < _SAME_BOX:
            counts["unjudged"] += 1
        elif not kinds:
            counts["bad_box"] += 1
        elif garment.category not in kinds:
            counts["wrong_category"] += 1
    return counts


def _answers(model: str) -> Iterator[tuple[Sample, ImagePrediction]]:
    """Give the thirty pictures with what a version finds in them."""
    from backend.cli.models import version_path
    from tagger.dataset import load_description, load_samples
    from tagger.pipeline import Tagger

    tagger = Tagger.load(version_path(model))
    description = load_description(Path("tagger/datasets/ccp.yaml"))
    samples = load_samples(description, ontology=tagger.ontology, split="validation")
    pictures = sorted({sample.image: sample for sample in samples}.items())
    for at in range(PICTURES):
        _, sample = pictures[at * len(pictures) // PICTURES]
        (found,) = tagger.predict([sample.open()])
        yield sample, found


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
    parser.add_argument("what", choices=["draw", "judge", "show"])
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--model", default="")
    given = parser.parse_args()
    if given.what == "draw":
        if given.out is None:
            parser.error("draw needs a folder")
        draw(given.out, model=given.model)
        return
    if given.what == "judge":
        judge(given.model)
        return
    with RESULTS.open(encoding="utf-8", newline="") as stream:
        for name, count in totals(list(csv.DictReader(stream))).items():
            print(f"{name:16} {count}")  # noqa: T201 - this is the output


if __name__ == "__main__":
    main()
