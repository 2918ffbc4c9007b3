"""Lay the gate's findings out as one HTML page that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.gate_plots import forest, named, reliability
from tagger.gate_verdict import HeadChange, Verdict
from tagger.gate_wording import points

if TYPE_CHECKING:
    from tagger.gate_plots import Bin
    from tagger.gate_report import Confusion, Reliability

__all__ = ["render_page"]

_STYLE = Path(__file__).with_name("gate_page.css")
_SAYS = {
    "promote": ("Promote", "The candidate may go live."),
    "reject": ("Reject", "The candidate is shown to be worse. The live version stays."),
    "undecided": ("Undecided", "The gold labels do not settle it. A person decides."),
}
_STATES = {
    "holds": "holds",
    "falls": "falls",
    "not testable": "not testable",
    "new": "new to live",
}


def render_page(
    verdict: Verdict,
    *,
    live: str,
    candidate: str,
    reliability: Sequence[Reliability],
    confusion: Sequence[Confusion],
    now: datetime,
) -> str:
    """Give the page: verdict and reasons first, then changes, calibration and confusions.

    Args:
        verdict: What the gate said.
        live: Name of the version that serves.
        candidate: Name of the other.
        reliability: Figures to draw, in order.
        confusion: Pairs of categories, the commonest first.
        now: When it was decided.
    """
    word, meaning = _SAYS[verdict.decision]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{word}: {escape(candidate)}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<header class="{verdict.decision}">
<p class="versions"><span class="key live">live</span> <code>{escape(live)}</code><br>
<span class="key candidate">candidate</span> <code>{escape(candidate)}</code></p>
<h1>{word}</h1>
<p class="meaning">{meaning}</p>
<ul class="reasons">{_items(verdict.reasons)}</ul>
</header>
{_figures(verdict)}
{_changes(verdict)}
{_calibration(reliability)}
{_confusion(confusion)}
{_rules(verdict)}
<footer>Written {now:%Y-%m-%d %H:%M} {escape(now.tzname() or "")} by the gate.</footer>
</main>
</body>
</html>
"""


def _items(lines: Iterable[str]) -> str:
    return "".join(f"<li>{escape(line)}</li>" for line in lines)


def _figures(verdict: Verdict) -> str:
    mean = verdict.mean
    if mean is None:
        return ""
    shown = [
        ("right answers, live", f"{mean.live:.1%}"),
        ("right answers, candidate", f"{mean.candidate:.1%}"),
        ("mean change, points", f"{points(mean.change)}"),
        ("bounds of the change", f"{points(mean.low)} to {points(mean.high)}"),
        ("gold cells", f"{mean.num_cells:,}"),
        ("gold groups", f"{verdict.num_groups:,}"),
        ("cells won", f"{mean.won:,}"),
        ("cells lost", f"{mean.lost:,}"),
    ]
    boxes = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown)
    return f'<section aria-label="Key figures"><dl class="figures">{boxes}</dl></section>'


def _changes(verdict: Verdict) -> str:
    rows = _ordered(verdict)
    if not rows:
        return ""
    drawn = [head for head in rows if head.state != "new"]
    description = "; ".join(
        f"{named(head.head)} {points(head.change)} ({points(head.low)} to {points(head.high)})"
        for head in drawn
    )
    plot = forest(drawn, key="changes", title="Change of each attribute", description=description)
    return f"""<section>
<h2>Change of each attribute</h2>
<div class="wide">
<figure>{plot}
<figcaption>Points of right answers, candidate minus live. A bar goes from one 95 % bound to the
other; the red tick is the fall that is forgiven. Red bars are shown to fall beyond it; grey ones
have too few labels to be tested alone. Bars that reach beyond the axis are cut off.</figcaption>
</figure>
{_table("Change of each attribute", _COLUMNS, [_change_row(head) for head in rows])}
</div>
</section>"""


def _ordered(verdict: Verdict) -> list[HeadChange]:
    """List the mean, tested heads from the worst up, then those that are not tested."""
    tested = sorted(verdict.heads, key=lambda head: (head.change, head.head))
    few = sorted(verdict.not_testable, key=lambda head: (-head.num_cells, head.head))
    one_by_one = [verdict.mean, *tested, verdict.small, *few, verdict.new_values]
    return [head for head in one_by_one if head is not None]


_COLUMNS = (
    "attribute",
    "cells",
    "live",
    "candidate",
    "change (bounds)",
    "won / lost",
    "corrected p",
    "finding",
)


def _change_row(head: HeadChange) -> list[str]:
    return [
        named(head.head),
        f"{head.num_cells:,}",
        f"{head.live:.1%}",
        f"{head.candidate:.1%}",
        f"{points(head.change)} ({points(head.low)} to {points(head.high)})",
        f"{head.won:,} / {head.lost:,}",
        "" if head.p_holm is None else ("< 0.001" if head.p_holm < 0.001 else f"{head.p_holm:.3f}"),
        _STATES[head.state],
    ]


def _calibration(figures: Sequence[Reliability]) -> str:
    if not figures:
        return ""
    parts = []
    for at, one in enumerate(figures):
        description = f"live: {_bins(one.live)}; candidate: {_bins(one.candidate)}"
        plot = reliability(
            one.live,
            one.candidate,
            key=f"reliability{at}",
            title=f"Reliability of scores: {one.name}",
            description=description,
        )
        rows = [
            [side, f"{each.num_cells:,}", f"{each.score:.1%}", f"{each.right:.1%}"]
            for side, bins in (("live", one.live), ("candidate", one.candidate))
            for each in bins
        ]
        table = _table(
            f"Reliability: {one.name}", ("version", "cells", "mean score", "right"), rows
        )
        parts.append(f"""<div>
<h3>{escape(one.name.capitalize())}</h3>
<figure>{plot}
<figcaption>Calibration error: live {_error(one.live_error)}, candidate
{_error(one.candidate_error)}.</figcaption></figure>
<details><summary>As a table</summary>{table}</details>
</div>""")
    return f"""<section>
<h2>Do scores mean what they say?</h2>
<p>Answers are sorted by score into groups of equal size. On the dashed line a score of 80 % is
right 80 % of the time; below it the version claims too much.</p>
<div class="pair">{"".join(parts)}</div>
</section>"""


def _bins(bins: Sequence[Bin]) -> str:
    return ", ".join(f"score {one.score:.0%} right {one.right:.0%}" for one in bins)


def _error(value: float | None) -> str:
    return "not reported (fewer than 400 cells)" if value is None else f"{100 * value:.1f} points"


def _confusion(pairs: Sequence[Confusion]) -> str:
    if not pairs:
        return ""
    most = max(max(pair.live, pair.candidate) for pair in pairs)
    rows = "".join(
        f"<tr><th scope='row'>{escape(named(pair.truth))}</th>"
        f"<td>{escape(named(pair.answer) or 'no answer')}</td>"
        f"<td>{_bar(pair.live, most, 'live')}</td>"
        f"<td>{_bar(pair.candidate, most, 'candidate')}</td></tr>"
        for pair in pairs
    )
    return f"""<section>
<h2>Categories that are confused most</h2>
{
        _scrolled(
            "Categories that are confused most",
            f'''<table class="confusion">
<thead><tr><th scope="col">labelled</th><th scope="col">answered</th>
<th scope="col">live</th><th scope="col">candidate</th></tr></thead>
<tbody>{rows}</tbody></table>''',
        )
    }
</section>"""


def _bar(count: int, most: int, side: str) -> str:
    width = 100 * count / most
    return (
        f'<span class="bar"><span class="{side}" style="width:{width:.0f}%"></span></span>'
        f'<span class="count">{count:,}</span>'
    )


def _rules(verdict: Verdict) -> str:
    asked = verdict.config
    lines = [
        "Only labels that no suggestion led to are counted, and each cell is answered by both "
        "versions. Pictures of one product count as one witness.",
        f"Promoted: the lower 95 % bound of the mean change over all cells is above "
        f"{points(-asked.mean_margin)} points, and nothing is shown to fall.",
        f"Rejected: the mean, an attribute with at least {asked.min_labels:,} labels, or the small "
        f"attributes together are shown to fall (sign-flip test, Holm-corrected, "
        f"{asked.alpha:.0%}) and by more than {100 * asked.head_margin:g} points "
        f"({100 * asked.mean_margin:g} for the mean).",
        "Values that the live version was never taught count in the mean only.",
    ]
    if verdict.only_live or verdict.only_candidate:
        lines.append(
            f"Cells that only one version has were left out: {len(verdict.only_live):,} of live, "
            f"{len(verdict.only_candidate):,} of the candidate."
        )
    return f'<section class="rules"><h2>How it is decided</h2><ul>{_items(lines)}</ul></section>'


def _table(label: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr class="{escape(row[-1].replace(" ", "-"))}"><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return _scrolled(label, f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _scrolled(label: str, table: str) -> str:
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}, table">'
        f"{table}</div>"
    )
