"""A version that annotators accept less is withdrawn, once, and only when that is beyond chance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.live_watch import LiveWatch, WatchError, Withdrawal, is_withdrawn, withdrawals
from tagger.registry import ModelStoreError
from tests.backend.stats.support import LedgerRows, ledger_rows

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Store:
    """A model store without models."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.history = ["v1", "v2"]
        self.fails = False

    def live(self) -> Path:
        return self.root / self.history[-1]

    def previous(self) -> Path | None:
        return self.root / self.history[-2] if len(self.history) > 1 else None

    def rollback(self) -> Path:
        if self.fails:
            raise ModelStoreError("v1 is damaged")
        self.history.pop()
        return self.live()


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerRows]:
    """A ledger in which v2 is accepted far less than v1."""
    with ledger_rows(tmp_path_factory.mktemp("fallen")) as rows:
        for at in range(60):
            rows.judged(9, at % 2, version="v1")
        for _ in range(40):
            rows.judged(4, 6, version="v2")
        yield rows


def watch(rows: LedgerRows, store: Store, **options: Any) -> LiveWatch:
    usual = {"every_s": 0.0, "clock": lambda: NOW}
    return LiveWatch(database=rows.database, store=store, **(usual | options))  # type: ignore[arg-type]  # a stand-in


def test_fallen_acceptance_returns_to_the_version_before(
    fallen: LedgerRows, tmp_path: Path
) -> None:
    store, told = Store(tmp_path), list[Withdrawal]()

    assert watch(fallen, store, on_rollback=told.append)() is False

    assert store.history == ["v1"]
    (found,) = withdrawals(tmp_path)
    assert (found.version, found.returned_to, found.is_done) == ("v2", "v1", True)
    assert (found.num, found.num_before, found.at) == (40, 60, NOW.isoformat())
    assert found.mean < 0.5 < 0.9 < found.mean_before
    assert told == [found]
    assert is_withdrawn(tmp_path, "v2")
    assert not is_withdrawn(tmp_path, "v1")


def test_version_that_a_person_promotes_again_is_left_alone(
    fallen: LedgerRows, tmp_path: Path
) -> None:
    store = Store(tmp_path)
    chore = watch(fallen, store)
    chore()

    store.history.append("v2")
    chore()

    assert store.history == ["v1", "v2"]


def test_blind_tasks_and_small_numbers_do_not_count(tmp_path: Path) -> None:
    with ledger_rows(tmp_path) as rows:
        for _ in range(60):
            rows.judged(9, version="v1")
        for _ in range(40):
            rows.judged(0, 9, version="v2", is_blind=True)
        for _ in range(29):
            rows.judged(0, 9, version="v2")
        store = Store(tmp_path)

        watch(rows, store)()

    assert store.history == ["v1", "v2"]


def test_equal_acceptance_stays(tmp_path: Path) -> None:
    with ledger_rows(tmp_path) as rows:
        for at in range(60):
            rows.judged(8, at % 3, version="v1")
            rows.judged(8, at % 3, version="v2")
        store = Store(tmp_path)

        watch(rows, store)()

    assert store.history == ["v1", "v2"]


def test_first_version_has_nothing_to_return_to(fallen: LedgerRows, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.history = ["v2"]

    watch(fallen, store)()

    assert store.history == ["v2"]


@pytest.mark.parametrize("is_rolled_back", [False, True])
def test_kill_between_decision_and_deed_is_caught_up(
    fallen: LedgerRows, tmp_path: Path, is_rolled_back: bool
) -> None:
    store = Store(tmp_path)
    store.fails = True
    with pytest.raises(ModelStoreError):
        watch(fallen, store)()
    assert [item.is_done for item in withdrawals(tmp_path)] == [False]

    store.fails = False
    if is_rolled_back:
        store.history.pop()
    watch(fallen, store)()

    assert store.history == ["v1"]
    assert [item.is_done for item in withdrawals(tmp_path)] == [True]


def test_looks_only_when_it_is_due(fallen: LedgerRows, tmp_path: Path) -> None:
    now = [0.0]
    store = Store(tmp_path)
    store.history = ["v2"]
    chore = watch(fallen, store, every_s=60.0, monotonic=lambda: now[0])
    chore()
    store.history = ["v1", "v2"]

    now[0] = 59.0
    chore()
    assert store.history == ["v1", "v2"]
    now[0] = 61.0
    chore()
    assert store.history == ["v1"]


def test_damaged_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "withdrawn.json").write_text("[{}]")

    with pytest.raises(WatchError, match=r"withdrawn\.json"):
        is_withdrawn(tmp_path, "v1")
