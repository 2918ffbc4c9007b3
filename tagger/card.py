"""Write a model version's card from its manifest, so that no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ontology.load import parse_ontology
from tagger.answers import STATED_ERRORS, counted
from tagger.calibrate import MIN_CELLS
from tagger.card_values import knowledge
from tagger.registry import ONTOLOGY, verify

if TYPE_CHECKING:
    from pathlib import Path

    from ontology.model import Ontology
    from tagger.registry import Manifest

FIGURES = (
    "head",
    "labelled",
    "top-1",
    "95 % interval",
    "macro-F1",
    "answered",
    "wrong among answered",
    "calibration error",
    *(f"answered at {100 * float(stated):.0f} % error" for stated in STATED_ERRORS),
)
CAUTIONS = {
    "machine": (
        "The labels are careful machine labels: judged from the pictures by a general "
        "vision-language model and checked by no person."
    ),
    "drawing": "The pictures are drawn, and simpler than photographs.",
}


def card_of(version: Path) -> str:
    """Give the card of a version directory as Markdown, after checking that its files are whole.

    Raises:
        ModelStoreError: If a file is missing or damaged.
    """
    manifest = verify(version)
    path = version / ONTOLOGY
    return model_card(manifest, parse_ontology(path.read_text(encoding="utf-8"), file=str(path)))


def model_card(manifest: Manifest, ontology: Ontology) -> str:
    """Give a version's card as Markdown.

    Args:
        manifest: What `tagger.registry.read_manifest` gave.
        ontology: What the version answers in.
    """
    lines = [
        *_introduction(manifest),
        *_data(manifest),
        *knowledge(manifest.taught, ontology),
        *_metrics(manifest),
    ]
    return "\n".join(lines) + "\n"


def caution(manifest: Manifest, name: str) -> str:
    """Give the sentence to be said wherever figures on a data set are shown; empty if none is."""
    for entry in manifest.data:
        if entry["name"] == name:
            return CAUTIONS.get(entry.get("labelled_by", ""), "")
    return ""


def _introduction(manifest: Manifest) -> Iterator[str]:
    model, training = manifest.model, manifest.training
    yield f"# Model version {manifest.version}"
    yield ""
    yield (
        f"Backbone `{model['backbone']}`, crops of {model['image_size']} px, attention "
        f"`{model['attention']}` ({model['attention_heads']} heads, width "
        f"{model['attention_width']}), branches of {model['branch_width']} units; weights in half "
        "precision."
    )
    yield f"Started from {training.get('start', 'unknown')}."
    for stage in training.get("stages", [training]):
        yield (
            f"Then {stage.get('epochs')} epochs at batch {stage.get('batch_size')} on crops of "
            f"{stage.get('crop_size')} px, {stage.get('frozen_stages')} stages frozen, seed "
            f"{stage.get('seed')}."
        )
    if fitted := training.get("heads"):
        yield (
            f"Then the heads were fitted to {fitted['learnt']['garments']} garments for "
            f"{fitted['steps']} steps, and kept what they said of {fitted['kept']} others "
            "(`weft models teach`)."
        )
    yield (
        "This file is printed by `weft models card`, and where the version is wrong by "
        "`weft models failures`; the figures of both are those of the manifest."
    )
    yield ""


def _data(manifest: Manifest) -> Iterator[str]:
    yield "## Data"
    yield ""
    yield "| set | source | licence | pictures | training samples | validation samples |"
    yield "|---|---|---|---|---|---|"
    for entry in manifest.data:
        yield (
            f"| {entry['name']} | {entry['source']} | {entry['licence']} "
            f"| {entry.get('pictures', '-')} | {entry['training']} | {entry['validation']} |"
        )
    yield ""
    described = [entry for entry in manifest.data if entry.get("labelling")]
    if described:
        yield "How the labels were made:"
        yield ""
        for entry in described:
            yield f"- {entry['name']}: {entry['labelling'].strip()}"
        yield ""


def _metrics(manifest: Manifest) -> Iterator[str]:
    yield "## Figures"
    yield ""
    yield (
        "Top-1 and macro-F1 are the forced view: the likeliest label of the source's own words, "
        "whatever its score."
    )
    yield (
        "Answered and wrong are what an annotator sees: shares, with counts in brackets. The "
        "decoder's thresholds state at most 10 % wrong answers."
    )
    yield (
        "The last columns are the shares that could be answered if the stated error were 2, 5 or "
        "10 %: a cut is allowed where the upper end of a one-standard-error Wilson interval of its "
        "error fits, as for the thresholds, and a dash means that too few cells can be answered to "
        "tell."
    )
    yield (
        "All of it is measured on the validation splits, on which temperatures, thresholds and "
        "cuts were chosen as well, so all but top-1 and macro-F1 is a little kind."
    )
    yield (
        f'"Too few" are fewer than {MIN_CELLS} labelled cells, "one value" is a head whose labels '
        "here are all the same: neither can be assessed."
    )
    for name, report in manifest.metrics.items():
        yield from _report(manifest, name, report)


def _report(manifest: Manifest, name: str, report: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"### {name}, {report['images']} pictures"
    yield ""
    if said := caution(manifest, name):
        yield said
    yield (
        f"`weft evaluate --data tagger/datasets/{name}.yaml --model {manifest.version}` prints "
        "these figures again."
    )
    yield ""
    yield f"| {' | '.join(FIGURES)} |"
    yield f"|{'---|' * len(FIGURES)}"
    for head, figures in heads_of(report):
        yield f"| {' | '.join(figure_cells(head, figures))} |"
    yield from _habits(report)
    if found := report.get("detection"):
        yield from _detection(found)


def _habits(report: Mapping[str, Any]) -> Iterator[str]:
    """Say what the source's habits changed, since they were chosen on the same cells."""
    for head, figures in heads_of(report):
        if before := figures.get("without_habits"):
            yield ""
            yield (
                f"`{head}` is in the source's habits (`tagger.wording`, `tagger.offsets`), which "
                "were chosen on these cells; without them top-1 is "
                f"{_share(before['top1_accuracy'])} and macro-F1 {_share(before['macro_f1'])}."
            )


def _detection(found: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield (
        f"Garments found, COCO's average precision: boxes {_share(found['box_ap'])}, at IoU 0.5 "
        f"{_share(found['box_ap50'])}, at 0.75 {_share(found['box_ap75'])}; masks "
        f"{_share(found['mask_ap'])}."
    )
    yield ""
    yield "| class | garments | box AP | box AP at IoU 0.5 | mask AP |"
    yield "|---|---|---|---|---|"
    for name, figures in found["classes"].items():
        yield (
            f"| {name} | {figures['n']} | {_share(figures['ap'])} | {_share(figures['ap50'])} "
            f"| {_share(figures['mask_ap'])} |"
        )


def heads_of(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield a report's heads that have labelled cells, the category first."""
    for head, figures in {"category": report["category"], **report["attributes"]}.items():
        if figures and figures["n"]:
            yield head, figures


def figure_cells(head: str, figures: Mapping[str, Any]) -> list[str]:
    """Give one head's figures as text, in the order of `FIGURES`; shares are from 0 to 1.

    Args:
        head: `category` or an attribute's id.
        figures: What `weft evaluate --json` says of it.
    """
    low, high = figures["top1_ci95"]
    answered, wrong = counted(figures)
    at_error = figures.get("coverage_at_error", {})
    return [
        head,
        str(figures["n"]),
        _share(figures["top1_accuracy"]),
        f"{_share(low)} to {_share(high)}",
        not_assessable(figures) or _share(figures["macro_f1"]),
        f"{_share(figures['coverage'])} ({answered})",
        f"{_share(figures['selective_error'])} ({wrong})" if answered else "-",
        _share(figures["ece"]),
        *(_share(at_error.get(stated)) for stated in STATED_ERRORS),
    ]


def not_assessable(figures: Mapping[str, Any]) -> str:
    """Say why a head cannot be assessed on a data set; empty if it can."""
    if not figures["assessable"]:
        return "not assessable: one value"
    return "not assessable: too few" if figures["n"] < MIN_CELLS else ""


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


_HEADLINE = (
    ("myntra", "category"),
    ("myntra", "gender"),
    ("myntra", "base_colour"),
    ("myntra", "pattern"),
    ("myntra-by-eye", "neck"),
    ("myntra-by-eye", "sleeve_length"),
    ("myntra-by-eye", "closure"),
    ("clothing-small", "category"),
    ("ccp-by-eye", "category"),
    ("ccp-by-eye", "pattern"),
)


def headline(manifest: Manifest) -> str:
    """Give the figures that a README shows, as Markdown."""
    lines = [
        "| pictures | what | labelled | best answer right | answered | wrong among answered |",
        "|---|---|---|---|---|---|",
    ]
    for name, head in _HEADLINE:
        report = manifest.metrics[name]
        figures = report["category"] if head == "category" else report["attributes"][head]
        low, high = figures["top1_ci95"]
        lines.append(
            f"| {name} | {head} | {figures['n']} | {_percent(figures['top1_accuracy'])} "
            f"({_percent(low)} to {_percent(high)}) | {_percent(figures['coverage'])} "
            f"| {_percent(figures['selective_error'])} |"
        )
    cautions = [
        f"{name}: {said}"
        for name in dict.fromkeys(name for name, _ in _HEADLINE)
        if (said := caution(manifest, name))
    ]
    return "\n".join([*lines, *(["", *cautions] if cautions else [])]) + "\n"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
