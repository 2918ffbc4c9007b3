"""How many clicks the pre-annotation saved, by an explicit model of what each act costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from backend.stats.facts import Cell, CellChange, Labelled, Region, RegionChange
from backend.stats.intervals import Estimate, mean_of

__all__ = ["ClickCosts", "ClicksSaved", "clicks_from_empty", "clicks_needed", "clicks_saved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickCosts:
    """Clicks of one act in Label Studio's page, as a person with a mouse and no hot keys does it.

    Attributes:
        select_region: Click a box, so that its attributes are shown.
        choose_label: Choose the category, before drawing a box or for a selected one.
        tick: Tick a choice; in an attribute with one answer this also replaces the old one.
        untick: Untick a choice.
        draw_box: Press and release the button.
        adjust_box: Press and release at a corner or inside of a selected box.
        delete_region: Click the bin of a selected region.
        submit: Submit the task.
    """

    select_region: int = 1
    choose_label: int = 1
    tick: int = 1
    untick: int = 1
    draw_box: int = 2
    adjust_box: int = 2
    delete_region: int = 1
    submit: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClicksSaved:
    """Clicks per task of one model version, means over tasks that were not blind.

    Attributes:
        from_empty: What the final annotation costs without a pre-annotation.
        needed: What it cost from the pre-annotation.
        saved: The difference, with its interval.
    """

    model_version: str
    from_empty: float
    needed: float
    saved: Estimate


def clicks_saved(
    labelled: Iterable[Labelled],
    *,
    multiple: Collection[str] = (),
    costs: ClickCosts | None = None,
) -> list[ClicksSaved]:
    """Compare both ways to the same final annotation, per model version, in their first order.

    Args:
        labelled: Submitted annotations; blind ones and ones without a prediction are left out.
        multiple: Attributes that may have several values, so that a wrong one must be unticked.
        costs: What each act costs.
    """
    costs = costs or ClickCosts()
    found: dict[str, list[tuple[int, int]]] = {}
    for item in labelled:
        if item.model_version and not item.is_blind:
            pair = (
                clicks_from_empty(item.regions, costs=costs),
                clicks_needed(item.regions, multiple=multiple, costs=costs),
            )
            found.setdefault(item.model_version, []).append(pair)
    rows = []
    for version, pairs in found.items():
        saved = mean_of([float(empty - needed) for empty, needed in pairs])
        assert saved is not None  # noqa: S101 - there is a pair
        rows.append(
            ClicksSaved(
                model_version=version,
                from_empty=sum(empty for empty, _ in pairs) / len(pairs),
                needed=sum(needed for _, needed in pairs) / len(pairs),
                saved=saved,
            )
        )
    return rows


def clicks_from_empty(regions: Iterable[Region], *, costs: ClickCosts) -> int:
    """Count the clicks from nothing to the final annotation, submitting included."""
    return costs.submit + sum(_drawn(region, costs) for region in regions)


def clicks_needed(
    regions: Iterable[Region], *, multiple: Collection[str], costs: ClickCosts
) -> int:
    """Count the clicks from the pre-annotation to the final annotation, submitting included."""
    return costs.submit + sum(_mended(region, multiple, costs) for region in regions)


def _drawn(region: Region, costs: ClickCosts) -> int:
    if region.change == RegionChange.DELETED:
        return 0
    ticks = costs.tick * sum(_num_ticks(cell) for cell in region.cells)
    return costs.choose_label + costs.draw_box + (costs.select_region + ticks if ticks else 0)


def _mended(region: Region, multiple: Collection[str], costs: ClickCosts) -> int:
    if region.change == RegionChange.ADDED:
        return _drawn(region, costs)
    if region.change == RegionChange.DELETED:
        return costs.select_region + costs.delete_region
    work = costs.adjust_box if region.is_box_adjusted else 0
    if region.change == RegionChange.RELABELLED:
        work += costs.choose_label
    work += sum(_edited(cell, cell.attribute in multiple, costs) for cell in region.cells)
    return work + costs.select_region if work else 0


def _edited(cell: Cell, is_multiple: bool, costs: ClickCosts) -> int:
    """Count the clicks in one attribute; what a new category hides goes away by itself."""
    before, after = set(cell.before), set(cell.after)
    if cell.change in (CellChange.ACCEPTED, CellChange.BLANK, CellChange.NOT_APPLICABLE):
        return 0
    if cell.change == CellChange.REMOVED:
        return costs.untick * len(before)
    if not is_multiple:
        return costs.tick * _num_ticks(cell)
    return costs.untick * len(before - after) + costs.tick * (len(after - before) or _is_said(cell))


def _num_ticks(cell: Cell) -> int:
    return len(cell.after) or _is_said(cell)


def _is_said(cell: Cell) -> int:
    """`Cannot tell` and `other` are choices too, though no values of the ontology."""
    return int(cell.change in (CellChange.CANNOT_TELL, CellChange.OTHER))
