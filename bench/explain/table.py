"""Print the measured figures as docs/explanations.md shows them."""

from __future__ import annotations

import json
from typing import Any

from bench.run import RESULTS

RESULT = RESULTS / "explain.json"

_KINDS = (
    "attention",
    "convolution",
    "attention less all values' level",
    "logits cell by cell",
    "randomised, attention",
    "randomised, convolution",
    "random cell",
    "random cell of the garment",
)
_SHIPPED, _CHANCE = "attention, wide", "random cell, wide"


def render() -> str:
    """Give the section from the stored figures."""
    figures = json.loads(RESULT.read_text(encoding="utf-8"))
    return "\n".join(
        [
            *_location(figures),
            "",
            *_attributes(figures["location"]["kinds"]),
            "",
            *_photographs(figures["photographs"]),
            "",
            *_speed(figures),
            "",
            *_trust(figures["trust"]),
            "",
        ]
    )


def _location(figures: dict[str, Any]) -> list[str]:
    kinds = figures["location"]["kinds"]
    lines = [
        f"{kinds[_SHIPPED]['n']} right answers on {figures['location']['garments']} garments of "
        f"{figures['catalog']['pictures']} rendered pictures (seed {figures['catalog']['seed']}).",
        "",
        "| peak within one cell of the part | look at the whole picture | close look |",
        "|---|---|---|",
    ]
    for kind in _KINDS:
        shares = [_percent(kinds[f"{kind}, {look}"]["share"]) for look in ("wide", "close")]
        lines.append(f"| {kind} | {' | '.join(shares)} |")
    return lines


def _attributes(kinds: dict[str, Any]) -> list[str]:
    columns = (
        _SHIPPED,
        "convolution, wide",
        "attention less all values' level, wide",
        "randomised, attention, wide",
        _CHANCE,
    )
    lines = [
        "| attribute | cells | "
        + " | ".join(name.removesuffix(", wide") for name in columns)
        + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for attribute, block in kinds[_SHIPPED]["attributes"].items():
        shares = [_percent(kinds[name]["attributes"][attribute]["share"]) for name in columns]
        lines.append(f"| {attribute} | {block['n']} | {' | '.join(shares)} |")
    return lines


def _photographs(found: dict[str, Any]) -> list[str]:
    kinds = found["kinds"]
    columns = (_SHIPPED, "randomised, attention, wide", _CHANCE, "random cell of the garment, wide")
    labels = [name.removesuffix(", wide") for name in columns]
    lines = [
        f"{kinds[_SHIPPED]['n']} right answers on {found['garments']} photographs.",
        "",
        f"| on photographs | cells | {' | '.join(labels)} |",
        "|---|---|" + "---|" * len(columns),
    ]
    for attribute, block in kinds[_SHIPPED]["attributes"].items():
        shares = [_percent(kinds[name]["attributes"][attribute]["share"]) for name in columns]
        lines.append(f"| {attribute} | {block['n']} | {' | '.join(shares)} |")
    return lines


def _speed(figures: dict[str, Any]) -> list[str]:
    speed, library = figures["speed"], figures["library"]
    lines = [
        f"| {speed['maps']} maps of one crop, {speed['threads']} thread, "
        f"{figures['machine']['processor']} | processor seconds | forward passes |",
        "|---|---|---|",
        f"| one forward pass, no map | {speed['forward_s']:.3f} | 1 |",
    ]
    lines += [
        f"| {name} | {value:.3f} | {speed['passes'][name]} |"
        for name, value in speed["seconds"].items()
    ]
    apart = library["largest_difference"]
    return [
        *lines,
        "",
        f"Largest difference from the library's own maps over {library['maps']} maps, on their "
        f"scale of 0 to 1: {apart['attention']:.0e} (attention), "
        f"{apart['convolution']:.0e} (convolution).",
    ]


def _trust(trust: dict[str, Any]) -> list[str]:
    bounds = list(trust["true"]["at_least"])
    columns = [
        f"{trust['maps']} maps",
        "mean faithfulness",
        *(f"at least {bound}" for bound in bounds),
        "heat on the garment",
        f"trusted (from {trust['threshold']})",
    ]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, label in (("true", "true maps"), ("shuffled", "the same with cells shuffled")):
        block = trust[name]
        shares = [*block["at_least"].values(), block["share_on_garment"], block["trusted"]]
        lines.append(
            f"| {label} | {block['mean_faithfulness']:.2f} | "
            + " | ".join(_percent(share) for share in shares)
            + " |"
        )
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
