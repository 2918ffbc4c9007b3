"""Write down where a model version is wrong, as text and counts, from its manifest.

Pictures are named by their ids and never shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tagger.answers import NUM_EXAMPLES, SCORE_BANDS, SURE
from tagger.calibrate import MIN_CELLS
from tagger.card import caution, heads_of

if TYPE_CHECKING:
    from tagger.registry import Manifest

NUM_ROWS = 5
MIN_LABELLED = 5
MIN_CONFUSED = 2

Heads = Mapping[str, Mapping[str, Any]]


def failure_gallery(manifest: Manifest) -> str:
    """Give a version's failures on its validation splits as Markdown.

    Args:
        manifest: What `tagger.registry.read_manifest` gave.
    """
    lines = [*_introduction(manifest)]
    for name, report in manifest.metrics.items():
        lines.extend(_report(manifest, name, report))
    return "\n".join(lines) + "\n"


def _introduction(manifest: Manifest) -> Iterator[str]:
    yield f"# Where version {manifest.version} is wrong"
    yield ""
    yield (
        "This file is printed by `weft models failures`, from the manifest; "
        f"`weft evaluate --data tagger/datasets/NAME.yaml --model {manifest.version} --json FILE` "
        "measures the same counts again."
    )
    yield (
        "All answers are the forced view on the validation splits: the likeliest label of the "
        "source's own words, whatever its score. An annotator sees only those above the "
        "thresholds, and a source's label can be the wrong one of the two."
    )
    yield (
        f"For each head: up to {NUM_ROWS} confusions that happened at least {MIN_CONFUSED} times; "
        f"up to {NUM_ROWS} labels with the lowest F1, of those with at least {MIN_LABELLED} "
        "pictures; wrong answers by score, with the ids of up to "
        f"{NUM_EXAMPLES} of the surest wrong ones (score from {SURE} on)."
    )


def _report(manifest: Manifest, name: str, report: Mapping[str, Any]) -> Iterator[str]:
    found = dict(heads_of(report))
    heads = {head: figures for head, figures in found.items() if figures["n"] >= MIN_CELLS}
    yield ""
    yield f"## {name}, {report['images']} pictures"
    if said := caution(manifest, name):
        yield ""
        yield said
    few = [f"{head} ({figures['n']})" for head, figures in found.items() if head not in heads]
    if few:
        yield ""
        yield f"Left out, with fewer than {MIN_CELLS} labelled pictures: {', '.join(few)}."
    yield from _table(
        "Confusions",
        ("head", "label", "answered", "count", "share of the label"),
        confusions(heads),
    )
    yield from _table(
        "Labels with the lowest F1",
        ("head", "label", "labelled", "precision", "recall", "F1"),
        lowest(heads),
    )
    yield from _table(
        "Wrong answers by score",
        ("head", *_band_names(), "surest wrong answers"),
        by_score(heads),
    )


def confusions(heads: Heads) -> Iterator[list[str]]:
    """Yield each head's most frequent confusions: head, label, answer, count, share of label."""
    for head, figures in heads.items():
        wrong = [
            (count, label, answer, sum(row.values()))
            for label, row in figures["confusion"].items()
            for answer, count in row.items()
            if answer != label and count >= MIN_CONFUSED
        ]
        wrong.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
        for count, label, answer, total in wrong[:NUM_ROWS]:
            yield [head, label, answer, str(count), f"{count / total:.2f} of {total}"]


def lowest(heads: Heads) -> Iterator[list[str]]:
    """Yield each head's labels with the lowest F1: head, label, count, precision, recall, F1."""
    for head, figures in heads.items():
        rows = [
            (row["f1"], label, row)
            for label, row in figures["per_value"].items()
            if row["n"] >= MIN_LABELLED and row["f1"] < 1
        ]
        rows.sort(key=lambda entry: (entry[0], entry[1]))
        for f1, label, row in rows[:NUM_ROWS]:
            rates = [f"{rate:.2f}" for rate in (row["precision"], row["recall"], f1)]
            yield [head, label, f"{row['n']:.0f}", *rates]


def by_score(heads: Heads) -> Iterator[list[str]]:
    """Yield each head's wrong answers by score band, and the surest of them; old ones have none."""
    for head, figures in heads.items():
        found = figures.get("wrong_by_score")
        if found is None:
            continue
        bands = [f"{wrong} of {answers}" for _, answers, wrong in found["bands"]]
        surest = [
            f"{picture}: {label}, answered {answer} ({score:.2f})"
            for picture, label, answer, score in found["surest"]
        ]
        yield [head, *bands, "; ".join(surest) or "-"]


def _band_names() -> list[str]:
    return [f"{low} to {high}" for low, high in SCORE_BANDS]


def _table(title: str, columns: tuple[str, ...], rows: Iterator[list[str]]) -> Iterator[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        yield ""
        yield f"### {title}"
        yield ""
        yield f"| {' | '.join(columns)} |"
        yield f"|{'---|' * len(columns)}"
        yield from lines
