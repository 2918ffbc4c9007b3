"""Take a category and a value out of the shipped version, teach them again with 60 corrections.

`python -m bench.new_words` measures and writes `bench/results/new-words.json`. The ontology loses
both and gets them back as `weft ontology migrate` would do it, so the heads have untrained rows for
them; a fast round then learns from 60 corrected pictures of each. The encoder is the shipped one:
it was trained on pictures that show them, among others. What became of other answers is measured on
pictures of other categories: a category that is new brings attributes that are new on it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.corrections import changes, corrected, is_data_here, load_pictures, outcomes, say
from bench.corrections import with_memory as remembering
from bench.run import RESULTS, machine

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.dataset import Sample
    from tagger.gate_pairs import CellOutcome

RESULT = RESULTS / "new-words.json"
WORDS = Path(__file__).with_suffix(".yaml")
NUM_TAUGHT = 60
_RESAMPLES = 2000


def main() -> None:
    """Measure and write the figures."""
    import yaml

    if not is_data_here():
        say("left out: the catalog photographs are not here")
        return
    samples, rows = load_pictures()
    rounds = [measure(word, samples, rows) for word in yaml.safe_load(WORDS.read_text("utf-8"))]
    figures = {"machine": machine(), "taught_pictures_each": NUM_TAUGHT, "rounds": rounds}
    RESULT.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")


def measure(word: dict[str, str], samples: Sequence[Sample], rows: Any) -> dict[str, Any]:
    """Forget and teach one category and one value."""
    from tagger.refit import refit
    from tagger.registry import shipped_version_dir

    say(f"teaching {word}")
    shown = {head: _shown(samples, head, word) for head in ("category", "value")}
    random = np.random.default_rng(1)
    training = [at for at, one in enumerate(samples) if one.split == "train"]
    taught = {
        int(at)
        for positions in shown.values()
        for at in random.permutation(sorted(positions & set(training)))[:NUM_TAUGHT]
    }
    others = [at for at in training if not any(at in positions for positions in shown.values())]
    with tempfile.TemporaryDirectory() as folder:
        forgot = _forgotten(word, Path(folder))
        live, encoder = remembering(forgot, rows[others], folder=Path(folder) / "live")
        asked = [
            corrected(one, rows[at], encoder=encoder, is_blind=True)
            for at, one in enumerate(samples)
            if at not in taught
        ]
        made = refit(
            live,
            [corrected(samples[at], rows[at], encoder=encoder) for at in sorted(taught)],
            versions=Path(folder) / "made",
        )
        before, after = outcomes(live, asked), outcomes(made.path, asked)
        shipped = outcomes(shipped_version_dir(), asked)
    validation = {one.id for one in samples if one.split == "validation"}
    held = {one.id for one in asked if one.region_id in validation}
    others_asked = {one.id for one in asked if not one.label.categories & {word["category"]}}
    sides = {"unseen": {one.id for one in asked}, "validation": held}
    heads = {
        "category": ("category", word["category"]),
        "value": (word["attribute"], word["value"]),
    }
    return {
        **word,
        "taught_pictures": len(taught),
        "asked_pictures": {"unseen": len(asked), "validation": len(held)},
        "f1": {
            name: {
                side: {
                    "taught": f1(_of(after, only), *key),
                    "shipped": f1(_of(shipped, only), *key),
                }
                for side, only in sides.items()
            }
            for name, key in heads.items()
        },
        "changes": {
            side: changes(*(_of(cells, only & others_asked) for cells in (before, after)))
            for side, only in (("unseen", others_asked), ("validation", held))
        },
    }


def f1(cells: Sequence[CellOutcome], head: str, id_: str) -> dict[str, Any]:
    """Give F1 of one id among a head's cells, with a bootstrap interval over cells."""
    counts = np.array(
        [
            (one.answer == id_ and one.is_right, one.answer == id_, one.truth == id_)
            for one in cells
            if one.head == head
        ],
        dtype=np.float64,
    )
    random = np.random.default_rng(1)
    draws = random.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), _RESAMPLES)
    spread = _f1(draws @ counts)
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    return {
        "n": int(counts[:, 2].sum()),
        "f1": round(float(_f1(counts.sum(axis=0))), 4),
        "ci95": [round(float(low), 4), round(float(high), 4)],
    }


def _f1(totals: Any) -> Any:
    with np.errstate(invalid="ignore", divide="ignore"):
        return 2 * totals[..., 0] / (totals[..., 1] + totals[..., 2])


def _shown(samples: Sequence[Sample], head: str, word: dict[str, str]) -> set[int]:
    """List the pictures that are labelled as showing a word."""
    if head == "category":
        return {at for at, one in enumerate(samples) if set(one.label.categories) == {word[head]}}
    cells = [dict(one.label.cells).get(word["attribute"]) for one in samples]  # type: ignore[call-overload]  # ids are strings
    return {at for at, cell in enumerate(cells) if cell and set(cell.any_of) == {word[head]}}


def _forgotten(word: dict[str, str], folder: Path) -> Path:
    """Write the shipped version for an ontology without the words, and that for one with them."""
    from ontology.compare import compare
    from ontology.load import default_ontology_path, load_ontology
    from tagger.migrate_heads import migrate_version
    from tagger.registry import shipped_version_dir

    full = load_ontology(default_ontology_path())
    small = _without(full, word)
    less = migrate_version(
        shipped_version_dir(), small, compare(full, small), parent=folder / "less"
    )
    return migrate_version(less, full, compare(small, full), parent=folder / "again")


def _without(ontology: Ontology, word: dict[str, str]) -> Ontology:
    from ontology.load import parse_ontology

    marks = tuple(f"{{id: {word[name]}," for name in ("category", "value"))
    lines = [line for line in ontology.source.splitlines() if not any(m in line for m in marks)]
    return parse_ontology("\n".join([*lines, ""]), file="without.yaml")


def _of(cells: Sequence[CellOutcome], only: set[str]) -> list[CellOutcome]:
    return [one for one in cells if one.cell_id.rsplit("/", 1)[0] in only]


if __name__ == "__main__":
    main()
