"""Print the figures of the study as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ARMS = {
    "four-state": "four-state",
    "blank means no": "blank means no",
    "blank means no, weight 0.1": "same, weight 0.1",
    "four-state, nothing hidden": "nothing hidden",
}
_MEANS = {
    "top1": "forced top-1",
    "macro_f1": "forced macro-F1",
    "average_accuracy": "average accuracy at 0.5",
    "coverage": "coverage at 0.5",
    "error": "error among answered at 0.5",
    "best_average_accuracy": "average accuracy, best threshold",
    "tuned_coverage": "coverage at 10 % error, own threshold",
    "alone_average_accuracy": "single sigmoids: average accuracy at 0.5",
    "alone_coverage": "single sigmoids: coverage at 0.5",
    "alone_error": "single sigmoids: error among answered at 0.5",
    "alone_tuned_coverage": "single sigmoids: coverage at 10 % error, own threshold",
}
_BASELINE = "blank means no"


def render(figures: Mapping[str, Any]) -> str:
    """Give the tables of one run of the study."""
    return "\n".join(
        [
            _counts(figures),
            "",
            "Mean over all heads:",
            "",
            *_levels(figures["mean"]),
            "",
            "Four-state loss minus the others, in points, mean over all heads "
            "(95 % interval over seeds; over products):",
            "",
            *_differences(figures["mean"]),
            "",
            "Each head, four-state loss against `blank means no` (difference in points, "
            "95 % interval over seeds; over products):",
            "",
            *_heads(figures["heads"]),
            "",
        ]
    )


def _counts(figures: Mapping[str, Any]) -> str:
    training, seeds = figures["training"], figures["seeds"]
    return (
        f"{training['products']:,} training products, {training['given']:,} labelled cells of "
        f"which {training['hidden']:,} are hidden, {training['blank']:,} blank or hidden cells of "
        f"applicable attributes; {figures['validation_products']:,} validation products with "
        f"{figures['mean']['cells']:,} labelled cells; {len(figures['heads'])} heads; "
        f"{seeds} seeds."
    )


def _levels(mean: Mapping[str, Any]) -> list[str]:
    lines = [f"| figure | {' | '.join(_ARMS.values())} |", f"|---|{'---|' * len(_ARMS)}"]
    for name, words in _MEANS.items():
        cells = [_level(mean["arms"][arm][name]) for arm in _ARMS]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def _differences(mean: Mapping[str, Any]) -> list[str]:
    others = [arm for arm in _ARMS if arm in mean["differences"]]
    lines = [
        f"| figure | {' | '.join(f'to {_ARMS[arm]}' for arm in others)} |",
        f"|---|{'---|' * len(others)}",
    ]
    for name, words in _MEANS.items():
        if name in mean["differences"][others[0]]:
            cells = [_difference(mean["differences"][arm][name]) for arm in others]
            lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def _heads(heads: list[Mapping[str, Any]]) -> list[str]:
    lines = [
        "| set | attribute | cells | top-1 | difference | macro-F1 | difference "
        "| average accuracy at 0.5 | difference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for head in heads:
        cells = [head["dataset"], head["attribute"], str(head["cells"])]
        for name in ("top1", "macro_f1", "average_accuracy"):
            ours = _level(head["arms"]["four-state"][name])
            other = _level(head["arms"][_BASELINE][name])
            cells += [f"{ours} / {other}", _difference(head["differences"][_BASELINE][name])]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _level(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _difference(found: Mapping[str, Any]) -> str:
    text = f"{100 * found['mean']:+.1f} ({_interval(found['seeds'])}"
    return f"{text}; {_interval(found['products'])})" if "products" in found else f"{text})"


def _interval(ends: list[float]) -> str:
    low, high = ends
    return f"{100 * low:+.1f} to {100 * high:+.1f}"
