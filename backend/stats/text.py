"""The figures of the loop as plain lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.stats.intervals import Estimate
    from backend.stats.summary import LoopStats

__all__ = ["lines_of"]


def lines_of(stats: LoopStats) -> Iterator[str]:
    """Give the lines, grouped under headings."""
    yield f"live version {stats.live}" + (f", before it {stats.before}" if stats.before else "")
    states = ", ".join(f"{number} {state}" for state, number in stats.annotations.items())
    yield f"annotations: {states or 'none'}; {stats.num_tasks} submitted tasks"
    yield from _acceptance(stats)
    yield from _work(stats)
    yield from _watch(stats)


def _acceptance(stats: LoopStats) -> Iterator[str]:
    if not stats.acceptance:
        return
    yield ""
    yield "accepted among predicted answers (95 % interval)"
    width = max(len(row.attribute) for row in stats.acceptance)
    version = ""
    for row in stats.acceptance:
        if row.model_version != version:
            version = row.model_version
            yield f"  {version}"
        rate = _percent(row.rate)
        counts = f"{row.accepted} accepted, {row.changed} changed, {row.removed} removed"
        yield f"    {row.attribute:<{width}}  {rate}  {counts}, {row.rate.num} tasks"


def _work(stats: LoopStats) -> Iterator[str]:
    if stats.clicks:
        yield ""
        yield "clicks a task"
    for row in stats.clicks:
        way = f"{row.needed:.1f} instead of {row.from_empty:.1f}"
        saved = f"saved {row.saved.value:.1f}{_interval(row.saved)}"
        yield f"  {row.model_version}  {way}, {saved}, {row.saved.num} tasks"
    if stats.times:
        yield ""
        yield "median seconds a task"
    for time in stats.times:
        who = f"annotator {time.annotator}" if time.annotator is not None else "all annotators"
        what = f"{time.kind}, {time.model_version or 'all versions'}, {who}"
        median = f"{time.seconds.value:.1f}{_interval(time.seconds)}"
        yield f"  {what}: {median}, {time.seconds.num} tasks"
    blind = stats.blind
    if blind.num_tasks:
        drawn = f"{blind.num_regions} boxes drawn, {blind.num_cells} attributes filled in"
        yield f"blind tasks: {blind.num_tasks}, {drawn}"


def _watch(stats: LoopStats) -> Iterator[str]:
    yield ""
    if stats.watch is not None:
        against = f"{stats.watch.capital:.2g} of the {stats.watch.needed:.0f} that withdraw it"
        yield f"evidence against {stats.live}: {against}"
    for item in stats.withdrawn:
        yield f"withdrawn at {item.at}: {item.version}, {item.returned_to} served again"
    if stats.drift is None:
        have = f"{stats.num_sent} of {stats.num_needed} predicted regions"
        yield f"drift: not compared yet, {have}"
    else:
        state = "ALARM" if stats.drift.is_alarm else "no alarm"
        worst = stats.drift.changes[0] if stats.drift.changes else None
        what = f"; least likely by chance: {worst.what} (p = {worst.p_value:.3f})" if worst else ""
        yield f"drift: {state}{what}"


def _percent(rate: Estimate) -> str:
    if rate.low is None or rate.high is None:
        return f"{rate.value:6.1%}"
    return f"{rate.value:6.1%} ({rate.low:.1%} to {rate.high:.1%})"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f" ({estimate.low:.1f} to {estimate.high:.1f})"
