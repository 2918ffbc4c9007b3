from datetime import UTC, datetime, timedelta

import pytest

from backend.database import open_database
from backend.retraining.runs import MAX_ATTEMPTS, RunStore, TrainingRunError
from backend.retraining.tables import RunKind, RunState, RunTrigger


@pytest.fixture
def store(tmp_path):
    moments = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(100))
    database = open_database(tmp_path)
    yield RunStore(database, clock=lambda: next(moments))
    database.close()


def _ask(store, kind=RunKind.FAST):
    return store.request(kind, RunTrigger.COUNT, usable=7)


def test_a_run_that_is_asked_for_twice_waits_once(store):
    assert _ask(store).id == _ask(store).id
    assert store.latest().counts == {"usable": 7, "gold": 0}


def test_a_waiting_run_becomes_full_when_a_full_one_is_asked_for(store):
    _ask(store)
    assert _ask(store, RunKind.FULL).kind is RunKind.FULL
    assert _ask(store, RunKind.FAST).kind is RunKind.FULL


def test_while_one_runs_another_may_wait(store):
    first = _ask(store)
    store.take_up(first.id, pid=1)
    assert _ask(store).id != first.id


def test_a_run_is_taken_up_once(store):
    run = store.take_up(_ask(store).id, pid=12)
    assert (run.state, run.pid, run.attempts) == (RunState.RUNNING, 12, 1)
    with pytest.raises(TrainingRunError, match="does not wait"):
        store.take_up(run.id, pid=13)
    with pytest.raises(TrainingRunError, match="no training run 99"):
        store.take_up(99, pid=13)


def test_counts_are_added_to_and_an_end_has_its_moment(store):
    run = _ask(store)
    store.take_up(run.id, pid=1)
    assert store.update(run.id, state="gating", counts={"learnt": 3}).finished_at is None
    done = store.update(run.id, state="rejected", note="worse")
    assert done.counts == {"usable": 7, "gold": 0, "learnt": 3}
    assert done.finished_at is not None
    assert not done.is_open
    assert done.to_dict()["state"] == "rejected"


def test_a_run_whose_process_died_waits_again_until_it_died_too_often(store):
    run = _ask(store)
    for attempt in range(MAX_ATTEMPTS):
        assert store.next_waiting().id == run.id
        store.take_up(run.id, pid=attempt)
        (found,) = store.recover()
    assert found.state is RunState.FAILED
    assert "died 3 times" in found.note
    assert store.next_waiting() is None
    assert store.recover() == []
