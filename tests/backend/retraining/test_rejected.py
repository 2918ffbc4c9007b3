from __future__ import annotations

import pytest

from backend.database import open_database
from backend.retraining.rejected import remove_rejected
from backend.retraining.runs import RunStore
from backend.retraining.tables import RunKind, RunState, RunTrigger


class Versions:
    def __init__(self, *, promoted=()):
        self.promoted = promoted
        self.removed = []

    def remove(self, version):
        if version in self.promoted:
            return False
        self.removed.append(version)
        return True


@pytest.fixture
def store(tmp_path):
    database = open_database(tmp_path)
    yield RunStore(database)
    database.close()


def _ended(store, candidate, state=RunState.REJECTED):
    run = store.request(RunKind.FAST, RunTrigger.COMMAND)
    store.take_up(run.id, pid=1)
    store.update(run.id, candidate=candidate, state=state.value)


def test_the_newest_rejected_candidates_stay(store):
    for name in ("a", "b", "c", "d"):
        _ended(store, name)

    assert remove_rejected(store, Versions(), keep=2) == ("b", "a")


def test_what_another_run_did_not_reject_stays(store):
    _ended(store, "a")
    _ended(store, "a", RunState.UNDECIDED)
    _ended(store, "b")
    _ended(store, "b")

    assert remove_rejected(store, Versions(), keep=1) == ()


def test_what_was_promoted_or_never_made_stays(store):
    for name in ("a", "", "b"):
        _ended(store, name)

    assert remove_rejected(store, Versions(promoted=("a",)), keep=0) == ("b",)
