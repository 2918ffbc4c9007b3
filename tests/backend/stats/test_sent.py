from __future__ import annotations

import pytest

from backend.stats.drift import DriftLimits
from backend.stats.sent import DriftWatch, find_windows, read_regions
from tests.backend.stats.support import LedgerRows

LIMITS = DriftLimits(reference=6, newest=4, num_permutations=19, min_present=1)


def test_windows_follow_each_other_and_the_newest_full_one_is_taken(rows: LedgerRows) -> None:
    ids = [rows.sent(f"image {at}") for at in range(17)]

    found = find_windows(rows.database, "v1", limits=LIMITS)

    assert found.reference == tuple(ids[:6])
    assert found.newest == tuple(ids[10:14])  # the last three do not fill a window
    assert found.num_regions == 17


def test_picture_lies_whole_in_one_window(rows: LedgerRows) -> None:
    images = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "a", "j"]
    for image in images:
        rows.sent(image)

    found = find_windows(rows.database, "v1", limits=LIMITS)

    pictures = [
        {region.image for region in read_regions(rows.database, ids)}
        for ids in (found.reference, found.newest)
    ]
    assert pictures == [{"a", "b", "c", "d", "e"}, {"f", "g", "h", "i"}]


@pytest.mark.parametrize("num", [0, 6, 9])
def test_too_few_regions_give_no_window(rows: LedgerRows, num: int) -> None:
    for at in range(num):
        rows.sent(f"image {at}")

    assert find_windows(rows.database, "v1", limits=LIMITS).newest == ()


def test_other_versions_and_encoders_are_left_out(rows: LedgerRows) -> None:
    for at in range(12):
        rows.sent(f"other {at}", version="v2")
        rows.sent(f"old {at}", encoder="before")
    ids = [rows.sent(f"image {at}") for at in range(10)]

    found = find_windows(rows.database, "v1", limits=LIMITS)

    assert (*found.reference, *found.newest) == tuple(ids)


def test_regions_are_read_as_they_were_sent(rows: LedgerRows) -> None:
    region_id = rows.sent("a", scores={"neck": {"v": 0.75}}, embedding=(1.5, -2.0))

    (found,) = read_regions(rows.database, [region_id, "gone"])

    assert (found.image, found.scores) == ("a", {"neck": {"v": 0.75}})
    assert found.embedding.tolist() == [1.5, -2.0]


def test_watch_compares_each_window_once(rows: LedgerRows) -> None:
    watch = DriftWatch(rows.database, limits=LIMITS)
    assert watch("v1") is None
    for at in range(10):
        rows.sent(f"image {at}", embedding=(at, at))

    first = watch("v1")
    rows.sent("one more")

    assert first is not None
    assert watch("v1") is first
    assert (watch.num_regions, watch.num_needed) == (11, 10)
