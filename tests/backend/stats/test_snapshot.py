from __future__ import annotations

import threading
import time
from typing import Any

from backend.stats.snapshot import Snapshot
from ontology.errors import CatalogError


def eventually(condition: Any) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not condition():
        time.sleep(0.01)
    return bool(condition())


def test_nobody_waits_for_old_figures_to_be_renewed() -> None:
    now, go = [0.0], threading.Event()
    made = iter(["first", "second"])

    def compute() -> Any:
        if now[0]:
            go.wait(20)
        return next(made)

    snapshot = Snapshot(compute, every_s=60, monotonic=lambda: now[0])
    assert snapshot.current(wait_s=20) == "first"

    now[0] = 61.0
    assert snapshot.current() == "first"
    go.set()
    assert eventually(lambda: snapshot.current() == "second")


def test_figures_are_computed_at_most_once_a_period() -> None:
    now, calls = [0.0], list[float]()

    def compute() -> Any:
        calls.append(now[0])
        return len(calls)

    snapshot = Snapshot(compute, every_s=60, monotonic=lambda: now[0])
    for moment in (0.0, 1.0, 59.0):
        now[0] = moment
        snapshot.current(wait_s=20)

    assert calls == [0.0]


def test_failure_is_told_and_tried_again_later() -> None:
    now = [0.0]

    def compute() -> Any:
        if not now[0]:
            raise CatalogError("the ledger is gone")
        return "there"

    snapshot = Snapshot(compute, every_s=60, monotonic=lambda: now[0])
    assert snapshot.current(wait_s=20) is None
    assert snapshot.fault == "the ledger is gone"

    now[0] = 60.0
    assert eventually(lambda: snapshot.current() == "there")
    assert snapshot.fault == ""


def test_crash_does_not_show_its_reason_to_others() -> None:
    def compute() -> Any:
        raise RuntimeError("/secret/path")

    snapshot = Snapshot(compute)
    snapshot.current(wait_s=20)

    assert "secret" not in snapshot.fault
    assert "log" in snapshot.fault
