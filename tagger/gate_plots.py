"""Draw the gate's figures as SVG that takes its colours from the page around it.

Figures are drawn at the width of a small phone, with text as text, so that they can be read there
and grow on a wide screen.

Legend: N answered cells, B bins.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.gate_verdict import ALL_CELLS, HeadChange

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.gate_pairs import CellOutcome

__all__ = ["Bin", "forest", "named", "reliability", "reliability_bins"]

NUM_BINS = 10
MIN_BIN_CELLS = 10
_WIDTH_IN = 3.8

# Stand-ins that are replaced by the page's own colours.
_INK, _GRID, _LIVE, _CANDIDATE, _BAD = "#010203", "#040506", "#070809", "#0a0b0c", "#0d0e0f"
_ROLES = {
    _INK: "currentColor",
    _GRID: "var(--grid)",
    _LIVE: "var(--live)",
    _CANDIDATE: "var(--candidate)",
    _BAD: "var(--bad)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Cells of similar score.

    Attributes:
        num_cells: How many.
        score: Their mean score, 0..1.
        right: Share that was right, 0..1.
    """

    num_cells: int
    score: float
    right: float


def reliability_bins(cells: Sequence[CellOutcome]) -> tuple[Bin, ...]:
    """Sort answered cells by score into bins of equal mass, as `calibration_error` does.

    Returns:
        At most `NUM_BINS` bins from the lowest score up, none of fewer than `MIN_BIN_CELLS` cells;
        empty where there are not so many cells.
    """
    scores, right = answered(cells)
    count = min(NUM_BINS, len(scores) // MIN_BIN_CELLS)
    if not count:
        return ()
    order = np.argsort(scores, kind="stable")
    return tuple(
        Bin(
            num_cells=len(members),
            score=float(scores[members].mean()),
            right=float(right[members].mean()),
        )
        for members in np.array_split(order, count)
    )


def answered(cells: Sequence[CellOutcome]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give (N,) scores of the cells that were answered, and whether they were right."""
    some = [cell for cell in cells if cell.score is not None]
    return (
        np.array([cell.score for cell in some], dtype=np.float64),
        np.array([cell.is_right for cell in some], dtype=bool),
    )


def named(head: str) -> str:
    """Word a head's or value's id for people."""
    return head.replace("_", " ").replace("|", " or ")


def reliability(
    live: Sequence[Bin], candidate: Sequence[Bin], *, key: str, title: str, description: str
) -> str:
    """Draw how often answers of a score are right, for both versions.

    Args:
        live: Bins of the live version.
        candidate: Bins of the candidate.
        key: Distinguishes the figure's ids on a page.
        title: Short name, read out by screen readers.
        description: What the figure shows, in words.

    Returns:
        An `<svg>` element.
    """
    with _figure(height_in=3.3) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=(0, (4, 3)))
        for bins, colour, marker, name in (
            (live, _LIVE, "s", "live"),
            (candidate, _CANDIDATE, "o", "candidate"),
        ):
            places = [100 * one.score for one in bins], [100 * one.right for one in bins]
            axes.plot(*places, color=colour, marker=marker, markersize=4.5, label=name)
        axes.lines[0].set_data([0, 100], [0, 100])
        low = min([100, *(100 * min(one.score, one.right) for one in (*live, *candidate))])
        edge = max(0.0, 10 * np.floor(low / 10))
        axes.set(xlim=(edge, 101), ylim=(edge, 101))
        axes.set_xlabel("score of the answer, %")
        axes.set_ylabel("right answers, %")
        axes.legend(frameon=False, loc="upper left", labelcolor=_INK)
        return _svg(figure, key=key, title=title, description=description)


def forest(heads: Sequence[HeadChange], *, key: str, title: str, description: str) -> str:
    """Draw each head's change with its bounds and the fall that is forgiven.

    Args:
        heads: From top to bottom.
        key: As in `reliability`.
        title: Likewise.
        description: Likewise.

    Returns:
        An `<svg>` element.
    """
    reach = _reach(heads)
    with _figure(height_in=0.75 + 0.24 * len(heads)) as (figure, axes):
        axes.axvline(0, color=_INK, linewidth=0.8)
        for at, head in enumerate(heads):
            colour = _BAD if head.state == "falls" else _CANDIDATE
            style: dict[str, Any] = {"color": colour if head.state != "not testable" else _LIVE}
            low, high = (max(-reach, min(reach, 100 * end)) for end in (head.low, head.high))
            axes.plot([low, high], [at, at], linewidth=1.6, solid_capstyle="butt", **style)
            marker = "D" if head.head == ALL_CELLS else "o"
            middle = max(-reach, min(reach, 100 * head.change))
            axes.plot([middle], [at], marker=marker, markersize=5, **style)
            edge = -100 * head.margin
            axes.plot([edge, edge], [at - 0.36, at + 0.36], color=_BAD, linewidth=1.2)
        axes.set_yticks(range(len(heads)), [named(head.head) for head in heads])
        axes.set(xlim=(-reach * 1.03, reach * 1.03), ylim=(len(heads) - 0.4, -0.6))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("change, points of right answers")
        return _svg(figure, key=key, title=title, description=description)


def _reach(heads: Sequence[HeadChange]) -> float:
    """Give half the width of the axis in points; what reaches further is cut off."""
    tested = [head for head in heads if head.state != "not testable"] or list(heads)
    ends = [100 * max(abs(head.low), abs(head.high)) for head in tested]
    return float(np.ceil(min(50.0, max([4.0, *ends])) * 1.05))


@contextmanager
def _figure(*, height_in: float) -> Iterator[tuple[Any, Any]]:
    """Give a figure with one pair of axes in the page's style, made without any screen."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "gate",
        "font.size": 9,
        "text.color": _INK,
        "axes.edgecolor": _GRID,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": _GRID,
        "grid.linewidth": 0.6,
    }
    with rc_context(style):
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.subplots()


def _svg(figure: Any, *, key: str, title: str, description: str) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{key}-", svg)
    for stand_in, colour in _ROLES.items():
        svg = svg.replace(stand_in, colour)
    wide, high = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]  # matplotlib always writes one
    head = (
        f'<svg role="img" aria-labelledby="{key}-title {key}-words" viewBox="0 0 {wide} {high}" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-words">{escape(description)}</desc>'
    )
    return head + svg[svg.index(">") + 1 :]
