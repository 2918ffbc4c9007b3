from datetime import UTC, datetime, timedelta

import pytest

from backend.database import open_database
from backend.events import store_event
from backend.retraining.chore import TrainingChore
from backend.retraining.lock import TrainingBusyError, training_lock
from backend.retraining.runs import RunStore
from backend.retraining.tables import RunKind, RunState, RunTrigger
from backend.retraining.usable import Said
from backend.settings import load_settings

START = datetime(2026, 1, 1, tzinfo=UTC)


class Child:
    status = None

    def poll(self):
        return self.status


class Loop:
    """A chore with a clock, a ledger and processes that the test holds in its hands."""

    def __init__(self, folder, **settings):
        self.now, self.said, self.launched, self.child = START, Said(usable=0, gold=0), [], Child()
        self.settings = load_settings(data_dir=folder, **settings)
        self.database = open_database(folder)
        self.store = RunStore(self.database, clock=lambda: self.now)
        self.chore = self.another()

    def another(self):
        return TrainingChore(
            self.database,
            self.store,
            self.settings,
            launch=self.launch,
            count=lambda _: self.said,
            clock=lambda: self.now,
            every_s=0.0,
        )

    def launch(self, run, settings):
        self.launched.append(run.id)
        self.child = Child()
        return self.child

    def press(self):
        body = {"action": "START_TRAINING", "project": {"id": 1}}
        store_event(self.database, body, clock=lambda: self.now)

    def step(self, *, seconds=0.0, usable=None):
        self.now += timedelta(seconds=seconds)
        if usable is not None:
            self.said = Said(usable=usable, gold=self.said.gold)
        self.chore()
        return self.store.latest()

    def finish(self, state=RunState.PROMOTED):
        run = self.store.latest()
        self.store.take_up(run.id, pid=1)
        self.store.update(run.id, state=state.value)
        self.child.status = 0


@pytest.fixture
def loop(tmp_path):
    made = []

    def make(**settings):
        made.append(Loop(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.database.close()


def test_nothing_happens_without_corrections(loop):
    assert loop().step() is None


def test_start_training_waits_for_the_annotation_that_caused_it(loop):
    made = loop(retrain_after=0, retrain_settle_s=10)
    made.press()
    assert made.step(seconds=9, usable=0) is None
    run = made.step(seconds=1, usable=1)
    assert (run.trigger, run.kind) == (RunTrigger.START_TRAINING, RunKind.FAST)
    assert made.launched == [run.id]


def test_start_training_pressed_again_counts_again(loop):
    made = loop(retrain_after=0, retrain_settle_s=0)
    made.press()
    first = made.step(usable=1)
    made.finish()
    assert made.step(usable=2).id == first.id
    made.now += timedelta(seconds=1)
    made.press()
    assert made.step(usable=2).id != first.id


def test_start_training_without_anything_new_starts_nothing(loop):
    made = loop(retrain_after=0, retrain_settle_s=0)
    made.press()
    first = made.step(usable=1)
    made.finish()
    made.now += timedelta(seconds=1)
    made.press()
    assert made.step().id == first.id


def test_start_training_tries_again_what_failed(loop):
    made = loop(retrain_after=0, retrain_settle_s=0)
    made.press()
    first = made.step(usable=1)
    made.finish(RunState.FAILED)
    made.now += timedelta(seconds=1)
    made.press()
    assert made.step().id != first.id


def test_enough_new_corrections_start_a_run_and_the_next_needs_as_many_again(loop):
    made = loop(retrain_after=5, retrain_speed="full")
    assert made.step(usable=4) is None
    first = made.step(usable=5)
    assert (first.trigger, first.kind) == (RunTrigger.COUNT, RunKind.FULL)
    made.finish()
    assert made.step(usable=9).id == first.id
    assert made.step(usable=10).id != first.id


def test_zero_means_never(loop):
    assert loop(retrain_after=0).step(usable=10_000) is None


def test_the_schedule_counts_from_the_last_run_and_needs_something_new(loop):
    made = loop(retrain_after=0, retrain_every_h=2)
    first = made.step(usable=1)
    assert first.trigger is RunTrigger.SCHEDULE
    made.finish()
    assert made.step(seconds=3599, usable=2).id == first.id
    assert made.step(seconds=3601, usable=1).id == first.id
    assert made.step(usable=2).id != first.id


def test_while_a_process_lives_no_other_is_started(loop):
    made = loop(retrain_after=1)
    made.step(usable=1)
    made.step(usable=5)
    assert len(made.launched) == 1


def test_while_the_lock_is_held_no_process_is_started(loop, tmp_path):
    made = loop(retrain_after=1)
    with training_lock(tmp_path):
        made.step(usable=1)
        with pytest.raises(TrainingBusyError, match="another process"), training_lock(tmp_path):
            pass
    assert made.launched == []
    made.step()
    assert len(made.launched) == 1


def test_a_run_whose_process_died_gets_another_also_after_a_restart(loop):
    made = loop(retrain_after=1)
    run = made.step(usable=1)
    made.store.take_up(run.id, pid=1)
    made.chore = made.another()
    assert made.step().state is RunState.INTERRUPTED
    assert made.launched == [run.id, run.id]


def test_a_process_that_never_starts_fails_the_run_in_the_end(loop):
    made = loop(retrain_after=1)
    made.step(usable=1)
    for _ in range(3):
        made.child.status = 1
        run = made.step()
    assert run.state is RunState.FAILED
    assert "did not start" in run.note
    assert len(made.launched) == 3
