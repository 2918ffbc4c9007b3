"""The cost model: what each way to the same annotation costs."""

from __future__ import annotations

import pytest

from backend.stats.clicks import ClickCosts, clicks_from_empty, clicks_needed, clicks_saved
from backend.stats.facts import Cell, Region
from tests.backend.stats.support import cell, task

COSTS = ClickCosts()


def empty(*regions: Region) -> int:
    return clicks_from_empty(regions, costs=COSTS) - COSTS.submit


def needed(*regions: Region) -> int:
    return clicks_needed(regions, multiple={"colours"}, costs=COSTS) - COSTS.submit


def test_nothing_to_do_costs_only_submitting() -> None:
    assert clicks_from_empty([], costs=COSTS) == clicks_needed([], multiple=(), costs=COSTS) == 1


def test_from_empty_a_box_costs_its_label_the_drawing_and_each_tick() -> None:
    region = Region(
        change="kept",
        cells=(cell("neck", "accepted", "v", "v"), cell("colours", "added", "", "red blue")),
    )

    assert empty(region) == 1 + 2 + 1 + 3  # label, press and release, select, ticks
    assert empty(Region(change="kept")) == 1 + 2


def test_from_empty_nobody_draws_what_was_deleted() -> None:
    assert empty(Region(change="deleted")) == 0


def test_accepted_region_costs_nothing() -> None:
    assert needed(Region(change="kept", cells=(cell("neck", "accepted", "v", "v"),))) == 0


@pytest.mark.parametrize(
    ("region", "clicks"),
    [
        (Region(change="deleted"), 2),  # select, bin
        (Region(change="moved", is_box_adjusted=True), 1 + 2),
        (Region(change="relabelled"), 1 + 1),
        (Region(change="relabelled", is_box_adjusted=True), 1 + 2 + 1),
        (Region(change="added", cells=(cell("neck", "added", "", "v"),)), 1 + 2 + 1 + 1),
    ],
)
def test_mending_a_box_selects_it_first(region: Region, clicks: int) -> None:
    assert needed(region) == clicks


@pytest.mark.parametrize(
    ("mended", "clicks"),
    [
        (cell("neck", "changed", "v", "round"), 1),  # ticking the new one unticks the old one
        (cell("neck", "removed", "v"), 1),
        (cell("neck", "added", "", "v"), 1),
        (cell("neck", "cannot_tell", "v"), 1),
        (cell("neck", "other"), 1),
        (cell("neck", "not_applicable", "v"), 0),  # hidden by the new category
        (cell("neck", "blank"), 0),
        (cell("colours", "changed", "red blue", "red green"), 2),
        (cell("colours", "changed", "red blue", "red"), 1),
        (cell("colours", "removed", "red blue"), 2),
        (cell("colours", "cannot_tell", "red blue"), 3),
    ],
)
def test_mending_an_attribute_costs_its_ticks(mended: Cell, clicks: int) -> None:
    select = 1 if clicks else 0

    assert needed(Region(change="kept", cells=(mended,))) == select + clicks


def test_region_is_selected_once_however_much_is_mended() -> None:
    cells = (cell("neck", "changed", "v", "round"), cell("fit", "changed", "slim", "loose"))

    assert needed(Region(change="kept", cells=cells)) == 1 + 2


def test_saved_is_the_difference_per_task_and_version() -> None:
    fine = Region(change="kept", cells=(cell("neck", "accepted", "v", "v"),))
    wrong = Region(change="kept", cells=(cell("neck", "changed", "v", "round"),))
    tasks = [task(1, fine), task(2, wrong), task(3, fine, is_blind=True), task(4, version="")]

    (found,) = clicks_saved(tasks)

    assert (found.from_empty, found.needed) == (6.0, 2.0)
    assert (found.saved.value, found.saved.num) == (4.0, 2)


def test_prices_can_be_set() -> None:
    costs = ClickCosts(draw_box=10)

    assert clicks_from_empty([Region(change="kept")], costs=costs) == 12
