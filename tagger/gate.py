"""Decide on gold labels whether a candidate may replace the live version.

Both versions answer the same cells, and what counts is the difference: a cell is won where only the
candidate is right and lost where only the live version is.

*Promote* needs proof that nothing got worse: the lower bound of the mean change must be above minus
its margin. The mean goes over cells, because a cell is one answer that an annotator has to check;
rare attributes would drown in it, so each attribute is also tested alone.

*Reject* needs proof that something fell: a head (the mean, an attribute with enough labels, or the
small attributes together) that is shown to be below the live version by a test corrected for the
number of heads (Holm), and whose estimate is beyond its margin. The hypothesis of each test is "as
good as live", not "within the margin": so a candidate that is as good as live is rejected at most
`alpha` of the time however many attributes there are, and a fall of twice the margin is found with
far fewer labels than proof of "more than the margin" would take. What a margin does is forgive a
fall that is real but small.

*Undecided* is all else: there is too little gold, and it says how much is missing.

Cells whose true value the live version was never taught are in the mean, where they can only be won
or stay wrong, but not in an attribute's test, where they would hide a fall of what was known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagger.gate_pairs import CellOutcome, GateError, PairedCells, pair
from tagger.gate_statistics import bounds_of, fall_p_value, group_sums, holm
from tagger.gate_verdict import (
    ALL_CELLS,
    NEW_VALUES,
    SMALL_HEADS,
    Decision,
    GateConfig,
    HeadChange,
    Verdict,
)
from tagger.gate_wording import (
    falls,
    groups_needed,
    heads_hold,
    mean_holds,
    mean_unclear,
    more_gold,
    not_paired,
    too_little,
)

__all__ = [
    "ALL_CELLS",
    "NEW_VALUES",
    "SMALL_HEADS",
    "CellOutcome",
    "GateConfig",
    "GateError",
    "HeadChange",
    "Verdict",
    "decide",
    "judge",
]


def decide(
    live: Sequence[CellOutcome],
    candidate: Sequence[CellOutcome],
    *,
    config: GateConfig | None = None,
) -> Verdict:
    """Compare two versions' answers to the same gold cells.

    Args:
        live: Answers of the version that serves.
        candidate: Answers of the version that would replace it.
        config: What is asked for; the defaults are the documented ones.

    Raises:
        GateError: If a cell occurs twice, or the sides were scored on different gold.
    """
    return judge(pair(live, candidate), config=config or GateConfig())


def judge(cells: PairedCells, *, config: GateConfig) -> Verdict:
    """Decide on cells that are paired already; see `decide`."""
    if not len(cells.groups):
        return _verdict(cells, _Changes(), config)
    known = ~cells.is_new
    heads = [
        _change(cells, known & (cells.heads == at), name, config)
        for at, name in enumerate(cells.names)
        if (known & (cells.heads == at)).any()
    ]
    large = [head for head in heads if head.num_cells >= config.min_labels]
    few = [head for head in heads if head.num_cells < config.min_labels]
    places = [cells.names.index(head.head) for head in few]
    small = (
        [_change(cells, known & np.isin(cells.heads, places), SMALL_HEADS, config)] if few else []
    )
    pooled = [head for head in small if head.num_cells >= config.min_labels]
    mean = _change(cells, np.ones(len(known), dtype=bool), ALL_CELLS, config)
    mean, *tested = _tested([mean, *large, *pooled], config)
    new = [_change(cells, cells.is_new, NEW_VALUES, config)] if cells.is_new.any() else []
    changes = _Changes(
        mean=mean,
        heads=tuple(tested[: len(large)]),
        small=next(iter(tested[len(large) :] or _untested(small)), None),
        not_testable=tuple(_untested(few)),
        new_values=replace(new[0], p_value=None, state="new") if new else None,
    )
    return _verdict(cells, changes, config)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    mean: HeadChange | None = None
    heads: tuple[HeadChange, ...] = ()
    small: HeadChange | None = None
    not_testable: tuple[HeadChange, ...] = ()
    new_values: HeadChange | None = None

    @property
    def fallen(self) -> list[HeadChange]:
        tested = [head for head in (self.mean, *self.heads, self.small) if head is not None]
        return [head for head in tested if head.state == "falls"]


def _change(
    cells: PairedCells, chosen: NDArray[np.bool_], name: str, config: GateConfig
) -> HeadChange:
    live, candidate = cells.live[chosen], cells.candidate[chosen]
    sums, counts = group_sums(cells.groups[chosen], cells.differences[chosen])
    bounds = bounds_of(sums, counts, alpha=config.alpha)
    return HeadChange(
        head=name,
        num_cells=len(live),
        num_groups=len(counts),
        live=float(live.mean()),
        candidate=float(candidate.mean()),
        won=int((candidate & ~live).sum()),
        lost=int((live & ~candidate).sum()),
        change=bounds.change,
        low=bounds.low,
        high=bounds.high,
        error=bounds.error,
        margin=config.mean_margin if name == ALL_CELLS else config.head_margin,
        p_value=fall_p_value(sums),
    )


def _tested(heads: Sequence[HeadChange], config: GateConfig) -> list[HeadChange]:
    """Correct the p-values of one family of tests and say which heads fall."""
    corrected = holm([head.p_value if head.p_value is not None else 1.0 for head in heads])
    return [
        replace(
            head,
            p_holm=p_holm,
            state="falls" if p_holm <= config.alpha and head.change < -head.margin else "holds",
        )
        for head, p_holm in zip(heads, corrected, strict=True)
    ]


def _untested(heads: Sequence[HeadChange]) -> list[HeadChange]:
    return [replace(head, p_value=None) for head in heads]


def _verdict(cells: PairedCells, changes: _Changes, config: GateConfig) -> Verdict:
    num_groups = len(np.unique(cells.groups))
    decision, reasons = _decision(cells, changes, num_groups, config)
    needed = groups_needed(changes.mean, num_groups, config) if decision == "undecided" else 0
    return Verdict(
        decision=decision,
        reasons=tuple(reasons) + ((more_gold(needed, config),) if needed else ()),
        mean=changes.mean,
        heads=changes.heads,
        small=changes.small,
        not_testable=changes.not_testable,
        new_values=changes.new_values,
        num_groups=num_groups,
        groups_needed=needed,
        only_live=cells.only_live,
        only_candidate=cells.only_candidate,
        config=config,
    )


def _decision(
    cells: PairedCells, changes: _Changes, num_groups: int, config: GateConfig
) -> tuple[Decision, list[str]]:
    mean, num_cells = changes.mean, len(cells.groups)
    if mean is None or num_groups < config.min_groups or num_cells < config.min_cells:
        return "undecided", [too_little(num_cells, num_groups, config)]
    unpaired = len(cells.only_live) + len(cells.only_candidate)
    if unpaired > config.max_unpaired * (unpaired + num_cells):
        return "undecided", [not_paired(cells, config)]
    if changes.fallen:
        return "reject", [falls(head) for head in changes.fallen]
    if mean.low > -mean.margin:
        return "promote", [mean_holds(mean), heads_hold(changes.heads, changes.small)]
    return "undecided", [mean_unclear(mean)]
