"""How long annotators take for a task, as Label Studio measures it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.stats.facts import Labelled
from backend.stats.intervals import Estimate, median_of

__all__ = ["TaskTime", "task_times"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTime:
    """The median time of a kind of task.

    Attributes:
        kind: `prefilled`, `blind`, or `empty` for tasks that had no prediction by chance.
        model_version: Empty for all versions together.
        annotator: Id of the user; None for all together.
        seconds: Median with its interval; `num` counts annotations.
    """

    kind: str
    model_version: str
    annotator: int | None
    seconds: Estimate


def task_times(labelled: Iterable[Labelled]) -> list[TaskTime]:
    """Give medians of lead times: per kind, per kind and version, per kind and annotator.

    A median, because a page that is left open over lunch has a lead time of an hour.
    """
    groups: dict[tuple[str, str, int | None], list[float]] = {}
    for item in labelled:
        if item.lead_time_s is None or item.lead_time_s <= 0:
            continue
        kind = _kind(item)
        keys: set[tuple[str, str, int | None]] = {(kind, "", None), (kind, "", item.annotator)}
        if item.model_version:
            keys.add((kind, item.model_version, None))
        for key in keys:
            groups.setdefault(key, []).append(item.lead_time_s)
    found = []
    for (kind, version, annotator), seconds in groups.items():
        median = median_of(seconds)
        assert median is not None  # noqa: S101 - there is a value
        found.append(
            TaskTime(kind=kind, model_version=version, annotator=annotator, seconds=median)
        )
    versions = ["", *dict.fromkeys(row.model_version for row in found if row.model_version)]
    kinds = ("prefilled", "blind", "empty")
    return sorted(
        found,
        key=lambda row: (
            versions.index(row.model_version),
            -1 if row.annotator is None else row.annotator,
            kinds.index(row.kind),
        ),
    )


def _kind(item: Labelled) -> str:
    if item.is_blind:
        return "blind"
    return "prefilled" if item.model_version else "empty"
