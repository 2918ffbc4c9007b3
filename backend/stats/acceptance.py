"""How often annotators leave what the model filled in as it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.stats.facts import CATEGORY, CellChange, Labelled, RegionChange
from backend.stats.intervals import Estimate, clustered_share

__all__ = ["OVERALL", "Acceptance", "BlindWork", "acceptance", "blind_work", "task_scores"]

OVERALL = "(all attributes)"

_OUTCOME = {
    CellChange.ACCEPTED: "accepted",
    CellChange.CHANGED: "changed",
    CellChange.REMOVED: "removed",
}
# The category counts as an attribute of its own; a deleted box takes its category with it.
_OUTCOME_OF_REGION = {
    RegionChange.KEPT: "accepted",
    RegionChange.MOVED: "accepted",
    RegionChange.RELABELLED: "changed",
    RegionChange.DELETED: "removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """How an attribute fared under one model version.

    Attributes:
        attribute: Its id, `(category)`, or `(all attributes)` for the attributes together.
        rate: Accepted among accepted, changed and removed, with its interval.
    """

    attribute: str
    model_version: str
    accepted: int
    changed: int
    removed: int
    rate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindWork:
    """What annotators did where nothing was filled in; it says nothing about acceptance.

    Attributes:
        num_tasks: Blind tasks that were submitted.
        num_regions: Boxes that were drawn there.
        num_cells: Attributes that were filled in there.
    """

    num_tasks: int
    num_regions: int
    num_cells: int


def acceptance(labelled: Iterable[Labelled]) -> list[Acceptance]:
    """Count per attribute and model version; blind tasks are left out.

    Returns:
        By version in the order of their first annotations, then `(all attributes)`, `(category)`
        and the attributes by name.
    """
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    clusters: dict[tuple[str, str], dict[tuple[str, int], list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0])
    )
    for item in labelled:
        if item.is_blind or not item.model_version:
            continue
        for attribute, outcome in _outcomes(item):
            names = (attribute,) if attribute == CATEGORY else (attribute, OVERALL)
            for name in names:
                key = (item.model_version, name)
                counts[key][outcome] += 1
                cluster = clusters[key][item.task]
                cluster[0] += outcome == "accepted"
                cluster[1] += 1
    found = []
    for (version, name), by_outcome in counts.items():
        cells = [(good, total) for good, total in clusters[version, name].values()]
        rate = clustered_share(cells)
        assert rate is not None  # noqa: S101 - there is a cell, or there would be no key
        numbers = {outcome: by_outcome.get(outcome, 0) for outcome in _OUTCOME.values()}
        found.append(Acceptance(attribute=name, model_version=version, rate=rate, **numbers))
    order = {version: at for at, version in enumerate(dict.fromkeys(key[0] for key in counts))}
    return sorted(
        found, key=lambda row: (order[row.model_version], _rank(row.attribute), row.attribute)
    )


def blind_work(labelled: Iterable[Labelled]) -> BlindWork:
    """Count what was done in blind tasks."""
    blind = [item for item in labelled if item.is_blind]
    regions = [
        region for item in blind for region in item.regions if region.change != RegionChange.DELETED
    ]
    return BlindWork(
        num_tasks=len({item.task for item in blind}),
        num_regions=len(regions),
        num_cells=sum(bool(cell.after) for region in regions for cell in region.cells),
    )


def task_scores(labelled: Iterable[Labelled], *, version: str) -> list[float]:
    """Give the share of each task's answers, category included, that were accepted, 0..1.

    Only tasks that showed predictions of this version count; blind ones do not. The order is that
    of `labelled`, by each task's first annotation.
    """
    found: dict[tuple[str, int], list[int]] = {}
    for item in labelled:
        if item.is_blind or item.model_version != version:
            continue
        for _, outcome in _outcomes(item):
            cluster = found.setdefault(item.task, [0, 0])
            cluster[0] += outcome == "accepted"
            cluster[1] += 1
    return [good / total for good, total in found.values()]


def _outcomes(item: Labelled) -> Iterator[tuple[str, str]]:
    for region in item.regions:
        if (outcome := _OUTCOME_OF_REGION.get(RegionChange(region.change))) is not None:
            yield CATEGORY, outcome
        for cell in region.cells:
            if (outcome := _OUTCOME.get(CellChange(cell.change))) is not None:
                yield cell.attribute, outcome


def _rank(attribute: str) -> int:
    return {OVERALL: 0, CATEGORY: 1}.get(attribute, 2)
