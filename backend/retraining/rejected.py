"""Remove rejected candidates, which nobody will serve, but for the newest few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from backend.retraining.tables import RunState

if TYPE_CHECKING:
    from backend.retraining.runs import RunStore
    from tagger.registry import ModelStore

__all__ = ["KEPT_REJECTED", "remove_rejected"]

log = structlog.get_logger(__name__)

KEPT_REJECTED = 3
_NUM_RUNS = 500


def remove_rejected(
    store: RunStore, models: ModelStore, *, keep: int = KEPT_REJECTED
) -> tuple[str, ...]:
    """Remove the directories of rejected candidates; their runs and reports stay.

    Args:
        store: The runs, of which the newest 500 are looked at.
        models: Where the candidates are.
        keep: How many of the newest rejected ones stay, for a person to look at.

    Returns:
        The versions that were removed. One that was ever promoted, or that another run made and
        did not reject, stays.
    """
    runs = store.newest(_NUM_RUNS)
    others = {run.candidate for run in runs if run.state is not RunState.REJECTED}
    rejected = [run.candidate for run in runs if run.state is RunState.REJECTED]
    old = dict.fromkeys(rejected[keep:])
    removed = tuple(
        name
        for name in old
        if name and name not in others and name not in rejected[:keep] and models.remove(name)
    )
    if removed:
        log.info("rejected_candidates_removed", versions=removed)
    return removed
