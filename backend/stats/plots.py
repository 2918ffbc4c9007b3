"""Draw the figures of the loop as SVG that is put into the page and takes its colours."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.stats.acceptance import OVERALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from backend.stats.intervals import Estimate
    from backend.stats.summary import LoopStats

__all__ = ["draw_all"]

# Stand-ins that become the page's own colours, so that a dark page has light plots.
_INK, _LIVE, _BEFORE, _RULE = "#010203", "#010204", "#010205", "#010206"
_CSS = {_INK: "currentColor", _LIVE: "var(--live)", _BEFORE: "var(--before)", _RULE: "var(--rule)"}
_WIDTH_IN = 5.4
_WIDE_IN = 10.0
_ROW_IN = 0.3
_MAX_ROWS = 30
_PAPER_THIN = 1e-4
_LOCK = threading.Lock()  # matplotlib's settings are the process's
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _RULE,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _RULE,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "legend.frameon": False,
}


def draw_all(stats: LoopStats) -> dict[str, str]:
    """Draw every plot for which there are figures.

    Returns:
        SVG elements by name: `acceptance`, `clicks`, `times` and `drift`.
    """
    from matplotlib import rc_context

    drawers = {"acceptance": _acceptance, "clicks": _clicks, "times": _times, "drift": _drift}
    found = {}
    with _LOCK:
        for name, drawer in drawers.items():
            settings: Any = {**_SETTINGS, "svg.hashsalt": name}
            with rc_context(settings):
                drawn = drawer(stats)
                if drawn is not None:
                    figure, text = drawn
                    found[name] = _as_svg(figure, name=name, text=text)
    return found


def _as_svg(figure: Figure, *, name: str, text: str) -> str:
    """Give the bare element: named for those who cannot see it, ids unlike other plots'."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"""(url\(#|href="#)""", rf"\1{name}-", svg)
    for colour, css in _CSS.items():
        svg = svg.replace(colour, css)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{text}" ', 1)


def _axes(num_rows: int, *, width_in: float = _WIDTH_IN) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    height = 1.0 + _ROW_IN * max(num_rows, 2)
    figure = Figure(figsize=(width_in, height), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    return figure, axes


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _dots(
    axes: Axes,
    points: Sequence[tuple[float, Estimate]],
    *,
    colour: str,
    label: str,
    is_hollow: bool = False,
    factor: float = 1.0,
) -> None:
    """Draw estimates as dots with their intervals; points are (row, estimate)."""
    for at, estimate in points:
        if estimate.low is not None and estimate.high is not None:
            edges = [estimate.low * factor, estimate.high * factor]
            axes.plot(edges, [at, at], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot(
        [estimate.value * factor for _, estimate in points],
        [at for at, _ in points],
        linestyle="none",
        marker="D" if is_hollow else "o",
        markersize=6,
        color=colour,
        label=label,
    )


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, borderaxespad=0.2)


def _acceptance(stats: LoopStats) -> tuple[Figure, str] | None:
    by_version = {
        version: {
            row.attribute: row.rate for row in stats.acceptance if row.model_version == version
        }
        for version in (stats.live, stats.before)
    }
    live, before = by_version[stats.live], by_version[stats.before]
    known = live or before
    if not known:
        return None
    attributes = sorted(known, key=lambda name: (name != OVERALL, known[name].value))[:_MAX_ROWS]
    figure, axes = _axes(len(attributes), width_in=_WIDE_IN)
    apart = 0.14 if live and before else 0.0
    sides = ((before, _BEFORE, stats.before, apart, True), (live, _LIVE, stats.live, -apart, False))
    for rates, colour, name, offset, is_hollow in sides:
        points = [(at + offset, rates[a]) for at, a in enumerate(attributes) if a in rates]
        if points:
            _dots(axes, points, colour=colour, label=name, is_hollow=is_hollow, factor=100)
    _rows(axes, attributes)
    lows = [rate.low or 0.0 for rates in (live, before) for rate in rates.values()]
    axes.set_xlim(max(0.0, 100 * min(lows) - 3), 101)
    axes.set_xlabel("accepted among predicted, % (bars: 95 % intervals)")
    _legend(axes)
    return figure, "Accepted answers per attribute, live version and the one before"


def _clicks(stats: LoopStats) -> tuple[Figure, str] | None:
    if not stats.clicks:
        return None
    rows = stats.clicks[-_MAX_ROWS:]
    figure, axes = _axes(2 * len(rows))
    places = range(len(rows))
    empty = [row.from_empty for row in rows]
    needed = [row.needed for row in rows]
    axes.barh([at - 0.19 for at in places], empty, 0.34, color=_BEFORE, label="empty")
    axes.barh([at + 0.19 for at in places], needed, 0.34, color=_LIVE, label="pre-annotated")
    for at, pair in enumerate(zip(empty, needed, strict=True)):
        for value, offset in zip(pair, (-0.19, 0.19), strict=True):
            axes.text(value, at + offset, f" {value:.1f}", va="center")
    _rows(axes, [row.model_version for row in rows])
    axes.set_xlim(0, max(empty + needed) * 1.1)
    axes.set_xlabel("clicks a task")
    _legend(axes)
    return figure, "Clicks a task from the pre-annotation and from an empty one, by version"


def _times(stats: LoopStats) -> tuple[Figure, str] | None:
    rows = [row for row in stats.times if row.annotator is None]
    names = list(dict.fromkeys(row.model_version for row in rows))[-_MAX_ROWS:]
    if not names:
        return None
    figure, axes = _axes(2 * len(names))
    sides = (
        ("prefilled", _LIVE, -0.15, False),
        ("blind", _BEFORE, 0.15, True),
        ("empty", _INK, 0.3, True),
    )
    for kind, colour, offset, is_hollow in sides:
        points = [
            (names.index(row.model_version) + offset, row.seconds)
            for row in rows
            if row.kind == kind and row.model_version in names
        ]
        if points:
            _dots(axes, points, colour=colour, label=kind, is_hollow=is_hollow)
    _rows(axes, [name or "all versions" for name in names])
    axes.set_xlim(left=0)
    axes.set_xlabel("median seconds a task (bars: 95 % intervals)")
    _legend(axes)
    return figure, "Median seconds a task, prefilled and blind"


def _drift(stats: LoopStats) -> tuple[Figure, str] | None:
    if stats.drift is None or not stats.drift.changes:
        return None
    changes = stats.drift.changes[:12]
    figure, axes = _axes(len(changes))
    axes.plot(
        [max(change.p_value, _PAPER_THIN) for change in changes],
        range(len(changes)),
        linestyle="none",
        marker="o",
        markersize=6,
        color=_LIVE,
        label="corrected p-value",
    )
    axes.axvline(stats.drift.level, color=_BEFORE, linewidth=2, label="alarm from here on")
    _rows(axes, [change.what.removeprefix("the ") for change in changes])
    axes.set_xscale("log")
    axes.set_xlim(_PAPER_THIN * 5, 1.3)
    axes.set_xticks([0.001, 0.01, 0.1, 1.0], ["0.001", "0.01", "0.1", "1"])
    axes.minorticks_off()
    axes.set_xlabel("chance of such a difference if nothing changed")
    _legend(axes)
    return figure, "How surprising the newest predictions are, by figure"
