"""Word the gate's reasons, and say how much gold would decide."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import stats

from tagger.gate_pairs import PairedCells
from tagger.gate_verdict import ALL_CELLS, SMALL_HEADS, GateConfig, HeadChange

__all__ = [
    "falls",
    "groups_needed",
    "heads_hold",
    "mean_holds",
    "mean_unclear",
    "more_gold",
    "not_paired",
    "points",
    "too_little",
]

MAX_NAMED = 3
_MAX_FACTOR = 20.0


def points(share: float) -> str:
    """Word a change of a share in points, with its sign."""
    return f"{100 * share:+.1f}"


def groups_needed(mean: HeadChange | None, num_groups: int, config: GateConfig) -> int:
    """Say how many more groups would let an equally good candidate pass, 1 or more.

    The error shrinks with the root of the number of groups, and a candidate that is as good as live
    passes with the stated power where the error is `mean_margin / (z_alpha + z_power)`. Where there
    are so many already, what is missing is reckoned from the change that was seen.
    """
    least = max(1, config.min_groups - num_groups)
    if mean is None or not config.mean_margin:
        return max(least, num_groups)
    reach = float(stats.norm.ppf(1 - config.alpha))
    wanted = config.mean_margin / (reach + float(stats.norm.ppf(config.power)))
    factor = (mean.error / wanted) ** 2
    if factor <= 1:
        room = config.mean_margin + mean.change
        factor = min((mean.error * reach / room) ** 2, _MAX_FACTOR) if room > 0 else 2.0
    return max(least, math.ceil(num_groups * (factor - 1)))


def more_gold(groups: int, config: GateConfig) -> str:
    """Say what is missing."""
    return (
        f"With about {groups:,} more groups of gold labels a candidate as good as the live version "
        f"would pass with a chance of {config.power:.0%}; until then a person decides."
    )


def too_little(num_cells: int, num_groups: int, config: GateConfig) -> str:
    """Say that there is not even enough for a test."""
    return (
        f"Too little gold: {num_cells:,} cells of {num_groups:,} groups; nothing is decided below "
        f"{config.min_cells:,} cells of {config.min_groups:,} groups."
    )


def not_paired(cells: PairedCells, config: GateConfig) -> str:
    """Say that the sides did not answer the same cells."""
    named = [*cells.only_live, *cells.only_candidate][:MAX_NAMED]
    return (
        f"{len(cells.only_live):,} cells were answered by the live version only and "
        f"{len(cells.only_candidate):,} by the candidate only (first: {', '.join(named)}); at most "
        f"{config.max_unpaired:.0%} may be. Score both on the same gold."
    )


def falls(head: HeadChange) -> str:
    """Say what fell."""
    assert head.p_holm is not None  # noqa: S101 - only tested heads fall
    return (
        f"{_named(head)} falls by {-100 * head.change:.1f} points over {head.num_cells:,} cells "
        f"({head.won:,} won, {head.lost:,} lost; corrected p {_chance(head.p_holm)}), more than "
        f"the {100 * head.margin:g} that are forgiven."
    )


def mean_holds(mean: HeadChange) -> str:
    """Say that the mean did not fall by more than its margin."""
    return (
        f"The mean change over {mean.num_cells:,} cells of {mean.num_groups:,} groups is "
        f"{points(mean.change)} points, and its lower bound {points(mean.low)} is above "
        f"{points(-mean.margin)}."
    )


def heads_hold(heads: Sequence[HeadChange], small: HeadChange | None) -> str:
    """Say that no tested head fell."""
    tested = [f"{len(heads)} with enough labels"] if heads else []
    if small is not None and small.state == "holds":
        tested.append("the small ones together")
    if not tested:
        return "No attribute has enough labels to be tested alone."
    return f"No attribute is shown to fall; tested: {' and '.join(tested)}."


def mean_unclear(mean: HeadChange) -> str:
    """Say that the mean may or may not have fallen."""
    return (
        f"Too little gold to tell: the mean change over {mean.num_cells:,} cells of "
        f"{mean.num_groups:,} groups is {points(mean.change)} points, and its lower bound "
        f"{points(mean.low)} is not above {points(-mean.margin)}."
    )


def _named(head: HeadChange) -> str:
    if head.head == ALL_CELLS:
        return "The mean"
    return "The small attributes together" if head.head == SMALL_HEADS else head.head


def _chance(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"
