"""Write a model version's card from its manifest, so that no number in it is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tagger.registry import Manifest

_HEADS = (
    "| head | labelled | top-1 | 95 % interval | macro-F1 | answered | wrong among answered "
    "| calibration error |",
    "|---|---|---|---|---|---|---|---|",
)


def model_card(manifest: Manifest) -> str:
    """Give a version's card as Markdown.

    Args:
        manifest: What `tagger.registry.read_manifest` gave.
    """
    return "\n".join([*_introduction(manifest), *_data(manifest), *_metrics(manifest)]) + "\n"


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
    yield (
        f"Started from {training.get('start', 'unknown')}, then {training.get('epochs')} epochs "
        f"at batch {training.get('batch_size')} on crops of {training.get('crop_size')} px, "
        f"{training.get('frozen_stages')} stages frozen, seed {training.get('seed')}."
    )
    yield "This file is printed by `weft models card`; the figures are those of the manifest."
    yield ""


def _data(manifest: Manifest) -> Iterator[str]:
    yield "## Data"
    yield ""
    yield "| set | source | licence | training samples | validation samples |"
    yield "|---|---|---|---|---|"
    for entry in manifest.data:
        yield (
            f"| {entry['name']} | {entry['source']} | {entry['licence']} "
            f"| {entry['training']} | {entry['validation']} |"
        )
    yield ""
    yield "## What it was taught"
    yield ""
    yield (
        "A category or value counts as taught from the stated number of labels on that name it "
        "alone; everything else of the ontology is never answered."
    )
    yield ""
    for kind in ("real", "rendered"):
        taught = manifest.taught[kind]
        yield f"{kind.capitalize()} pictures: {len(taught['categories'])} categories"
        yield f"({', '.join(taught['categories']) or 'none'})."
        yield ""
        for attribute, values in taught["values"].items():
            if values:
                leaves = len(taught["carriers"][attribute])
                yield f"- {attribute}, on {leaves} categories: {', '.join(values)}"
        yield ""


def _metrics(manifest: Manifest) -> Iterator[str]:
    yield "## Figures"
    yield ""
    yield (
        "Top-1 and macro-F1 are the forced view; answered and wrong are what an annotator sees. "
        "They are measured on the validation splits, on which temperatures and thresholds were "
        "fitted as well, so the last three columns are a little kind. "
        "`weft evaluate --data tagger/datasets/NAME.yaml` prints them again."
    )
    for name, report in manifest.metrics.items():
        yield ""
        yield f"### {name}, {report['images']} pictures"
        yield ""
        yield from _HEADS
        for head, figures in {"category": report["category"], **report["attributes"]}.items():
            if figures and figures["n"]:
                yield f"| {' | '.join(figure_cells(head, figures))} |"


def figure_cells(head: str, figures: Mapping[str, Any]) -> list[str]:
    """Give one head's figures as text: name, count, then shares from 0 to 1.

    Args:
        head: `category` or an attribute's id.
        figures: What `weft evaluate --json` says of it.
    """
    low, high = figures["top1_ci95"]
    return [
        head,
        str(figures["n"]),
        _share(figures["top1_accuracy"]),
        f"{_share(low)} to {_share(high)}",
        _share(figures["macro_f1"]) if figures["assessable"] else "not assessable",
        _share(figures["coverage"]),
        _share(figures["selective_error"]),
        _share(figures["ece"]),
    ]


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
)


def headline(manifest: Manifest) -> str:
    """Give the figures that a README shows, as a Markdown table."""
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
    return "\n".join(lines) + "\n"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
