"""The worker: one prediction a task, whatever happens in between."""

from __future__ import annotations

import collections
import dataclasses
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from backend.database import Database, open_database
from backend.events import store_event
from backend.jobs import JobQueue, JobTask, ProjectRef
from backend.label_studio import LabelStudioClient
from backend.worker import Worker, WorkerLimits
from ontology.errors import LabelConfigError
from tests.backend.fake_label_studio import (
    CREATED_AT,
    CREATED_EPOCH,
    LEGACY,
    FakeLabelStudio,
    running,
)

QUICK = WorkerLimits(
    chunk=8, idle_s=0.02, settle_s=0.0, settle_longest_s=0.0, retry_s=0.0, retry_longest_s=0.0
)


@dataclasses.dataclass
class Answer:
    outcome: str
    prediction: Mapping[str, Any] | None = None
    reason: str = ""


@dataclasses.dataclass
class Predictor:
    model_version: str = "v1"
    state: str = "ready"
    answer: Callable[[Mapping[str, Any]], Answer] | None = None
    seen: list[int] = dataclasses.field(default_factory=list)

    def predict_tasks(
        self, tasks: Sequence[Mapping[str, Any]], *, label_config: str, project_uid: str
    ) -> Sequence[Answer]:
        self.seen += [task["id"] for task in tasks]
        return [self.answer(task) if self.answer else self.ready() for task in tasks]

    def ready(self) -> Answer:
        prediction = {"model_version": self.model_version, "score": 0.5, "result": []}
        return Answer("ready", prediction)


@dataclasses.dataclass
class Setup:
    fake: FakeLabelStudio
    jobs: JobQueue
    database: Database
    predictor: Predictor
    client: LabelStudioClient
    folder: Path
    project: ProjectRef

    def worker(self, **options: Any) -> Worker:
        usual = {"client": self.client, "limits": QUICK}
        return Worker(
            database=self.database,
            jobs=self.jobs,
            predictor=self.predictor,
            data_dir=self.folder,
            **(usual | options),
        )

    def queue(self, count: int) -> list[int]:
        numbers = self.fake.add_tasks(self.project.id, count)
        tasks = [JobTask(id=number, image=str(number)) for number in numbers]
        self.jobs.enqueue(self.project, tasks, model_version="v1", reason="too slow")
        return numbers

    def work(self, rounds: int = 30) -> None:
        worker = self.worker()
        for _ in range(rounds):
            worker.run_once()

    def counts(self) -> dict[str, int]:
        return dict(self.jobs.summary()["counts"])

    def reasons(self) -> set[str]:
        return {task["reason"] for task in self.jobs.summary()["tasks"]}


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    database = open_database(tmp_path)
    with running(FakeLabelStudio()) as fake:
        number = fake.add_project()
        client = LabelStudioClient(fake.url, LEGACY)
        yield Setup(
            fake=fake,
            jobs=JobQueue(database),
            database=database,
            predictor=Predictor(),
            client=client,
            folder=tmp_path,
            project=ProjectRef(id=number, uid=f"{number}.{CREATED_EPOCH}"),
        )
        client.close()
    database.close()


def test_each_queued_task_gets_one_prediction(setup: Setup) -> None:
    numbers = setup.queue(20)

    setup.work()

    assert [setup.fake.versions_of(number) for number in numbers] == [["v1"]] * 20
    assert setup.counts() == {"done": 20}


def test_task_that_has_its_prediction_is_left_alone(setup: Setup) -> None:
    first, second = setup.queue(2)
    setup.fake.store([{"task": first, "model_version": "v1", "result": []}])
    setup.fake.store([{"task": second, "model_version": "v0", "result": []}])

    setup.work()

    assert setup.predictor.seen == [second]
    assert setup.fake.versions_of(first) == ["v1"]
    assert setup.fake.versions_of(second) == ["v0", "v1"]
    assert setup.counts() == {"done": 1, "skipped": 1}


def test_task_whose_picture_was_changed_while_it_waited_gets_one_prediction(setup: Setup) -> None:
    (number,) = setup.queue(1)
    changed = JobTask(id=number, image="/data/upload/1/another.jpg")
    setup.jobs.enqueue(setup.project, [changed], model_version="v1", reason="slow")

    setup.work()

    assert setup.fake.versions_of(number) == ["v1"]
    assert setup.counts() == {"done": 1, "skipped": 1}


def test_prediction_that_arrives_while_predicting_is_not_doubled(setup: Setup) -> None:
    (number,) = setup.queue(1)

    def answer(task: Mapping[str, Any]) -> Answer:
        setup.fake.store([{"task": task["id"], "model_version": "v1", "result": []}])
        return setup.predictor.ready()

    setup.predictor.answer = answer
    setup.work()

    assert setup.fake.versions_of(number) == ["v1"]


def test_task_that_label_studio_asks_for_itself_is_left_to_it(setup: Setup) -> None:
    first, second = setup.queue(2)

    with setup.jobs.asked.asking(setup.project.uid, [first], longest_s=80.0):
        setup.work()

    assert setup.predictor.seen == [second]
    assert setup.fake.versions_of(first) == []
    assert setup.counts() == {"queued": 1, "done": 1}
    assert setup.jobs.summary()["tasks"][0]["attempts"] == 0


def test_task_that_is_asked_for_while_predicting_is_left_to_label_studio(setup: Setup) -> None:
    (number,) = setup.queue(1)
    requests = []

    def answer(task: Mapping[str, Any]) -> Answer:
        requests.append(setup.jobs.asked.asking(setup.project.uid, [number], longest_s=80.0))
        requests[-1].__enter__()
        return setup.predictor.ready()

    setup.predictor.answer = answer
    setup.work()

    assert setup.fake.versions_of(number) == []
    assert setup.counts() == {"queued": 1}


def test_permanent_failure_is_never_tried_again(setup: Setup) -> None:
    good, bad = setup.queue(2)
    setup.predictor.answer = lambda task: (
        Answer("failed", reason="the picture is truncated")
        if task["id"] == bad
        else setup.predictor.ready()
    )

    setup.work()

    assert setup.predictor.seen.count(bad) == 1
    assert setup.fake.versions_of(good) == ["v1"]
    assert setup.reasons() == {"the picture is truncated"}


def test_passing_failure_is_tried_a_few_times_and_then_given_up(setup: Setup) -> None:
    (number,) = setup.queue(1)
    setup.predictor.answer = lambda task: Answer("late", reason="the shop does not answer")

    setup.work()

    assert setup.predictor.seen.count(number) == setup.jobs.max_attempts
    assert setup.reasons() == {"given up after 5 attempts: the shop does not answer"}


def test_jobs_wait_with_a_reason_without_a_token(setup: Setup) -> None:
    setup.queue(1)

    setup.worker(client=None).run_once()

    assert "WEFT_LABEL_STUDIO_TOKEN" in setup.jobs.summary()["notice"]
    assert setup.counts() == {"queued": 1}


def test_jobs_wait_with_a_reason_until_the_model_is_there(setup: Setup) -> None:
    (number,) = setup.queue(1)
    setup.predictor.state = "loading"
    setup.work(3)
    assert setup.jobs.summary()["notice"] == "the model is loading"

    setup.predictor.state = "ready"
    setup.work()

    assert setup.fake.versions_of(number) == ["v1"]
    assert setup.jobs.summary()["notice"] == ""


def test_stopped_label_studio_costs_no_attempts(setup: Setup) -> None:
    (number,) = setup.queue(1)
    setup.fake.is_down = True
    setup.work(3)
    assert setup.counts() == {"queued": 1}
    assert "502" in setup.jobs.summary()["notice"]
    assert setup.jobs.summary()["tasks"][0]["attempts"] == 0

    setup.fake.is_down = False
    setup.work()

    assert setup.fake.versions_of(number) == ["v1"]
    assert setup.jobs.summary()["notice"] == ""


def test_wrong_token_holds_everything_up_and_says_so(setup: Setup) -> None:
    setup.queue(1)
    wrong = LabelStudioClient(setup.fake.url, "b" * 40)

    setup.worker(client=wrong).run_once()

    assert "does not accept the legacy token" in setup.jobs.summary()["notice"]
    assert setup.counts() == {"queued": 1}
    wrong.close()


def test_prediction_that_label_studio_drops_silently_is_noticed(setup: Setup) -> None:
    good, unfit = setup.queue(2)
    setup.fake.unfit_tasks = {unfit}

    setup.work()

    assert setup.fake.versions_of(good) == ["v1"]
    assert setup.counts() == {"done": 1, "failed": 1}
    assert "does not fit the labeling config" in setup.reasons().pop()


def test_task_deleted_while_predicting_does_not_take_the_others_with_it(setup: Setup) -> None:
    kept, deleted = setup.queue(2)

    def answer(task: Mapping[str, Any]) -> Answer:
        setup.fake.tasks.pop(deleted, None)
        return setup.predictor.ready()

    setup.predictor.answer = answer
    setup.work()

    assert setup.fake.versions_of(kept) == ["v1"]
    assert setup.counts() == {"done": 1, "skipped": 1}


def test_bulk_refusal_falls_back_to_one_by_one(setup: Setup) -> None:
    numbers = setup.queue(3)
    setup.fake.store_status = 400

    setup.work()

    assert [setup.fake.versions_of(number) for number in numbers] == [["v1"]] * 3


def test_deleted_project_is_skipped(setup: Setup) -> None:
    setup.queue(2)
    setup.fake.projects.clear()

    setup.work()

    assert setup.counts() == {"skipped": 2}


def test_project_id_that_was_given_out_again_is_not_touched(setup: Setup) -> None:
    numbers = setup.queue(2)
    setup.fake.projects[setup.project.id]["created_at"] = "2027-01-01T00:00:00Z"

    setup.work()

    assert [setup.fake.versions_of(number) for number in numbers] == [[], []]
    assert setup.counts() == {"skipped": 2}


def test_unusable_labeling_config_is_the_visible_reason(setup: Setup) -> None:
    setup.queue(1)

    def answer(task: Mapping[str, Any]) -> Answer:
        raise LabelConfigError("the config has no RectangleLabels")

    setup.predictor.answer = answer
    setup.work()

    assert "no RectangleLabels" in setup.reasons().pop()
    assert setup.counts() == {"failed": 1}


def test_new_model_version_takes_over_what_waits(setup: Setup) -> None:
    (number,) = setup.queue(1)
    setup.predictor.model_version = "v2"

    setup.work()

    assert setup.fake.versions_of(number) == ["v2"]
    assert setup.counts() == {"done": 1}


def test_new_tasks_are_predicted_from_their_event(setup: Setup) -> None:
    numbers = setup.fake.add_tasks(setup.project.id, 3)
    project = {"id": setup.project.id, "created_at": CREATED_AT, "label_config": "<View/>"}
    tasks = [dict(setup.fake.tasks[number]) for number in numbers]
    store_event(setup.database, {"action": "TASKS_CREATED", "tasks": tasks, "project": project})

    setup.work()
    setup.work()

    assert [setup.fake.versions_of(number) for number in numbers] == [["v1"]] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"tasks": [{"id": "1"}], "project": {"id": 1}},
        {"tasks": [None, 3, {"id": True}, {"id": 2**70}], "project": {"id": 1}},
        {"tasks": [{"id": 1}], "project": None},
        {"tasks": {"id": 1}, "project": {"id": 1, "created_at": "yesterday"}},
        {"tasks": [{"id": 1}], "project": {"id": 1, "created_at": "yesterday"}},
        {},
    ],
)
def test_malformed_events_do_not_stop_the_worker(setup: Setup, body: dict[str, Any]) -> None:
    store_event(setup.database, {"action": "TASKS_CREATED", **body})
    (number,) = setup.queue(1)

    setup.work()

    assert setup.fake.versions_of(number) == ["v1"]


def test_answer_that_is_lost_leaves_one_prediction(setup: Setup) -> None:
    numbers = setup.queue(8)
    setup.fake.store_delay_s = 0.6
    impatient = LabelStudioClient(setup.fake.url, LEGACY)
    send = impatient._http.send
    impatient._http.send = lambda *args, timeout_s=None, **more: send(  # type: ignore[method-assign]
        *args, timeout_s=0.2, **more
    )
    # What was cut off after 0.2 s is stored before the worker looks again.
    limits = dataclasses.replace(QUICK, settle_s=0.6, settle_longest_s=0.6)
    worker = setup.worker(client=impatient, limits=limits)

    _until(lambda: worker.run_once() >= 0 and set(setup.counts()) == {"done"})

    assert [setup.fake.versions_of(number) for number in numbers] == [["v1"]] * 8
    impatient.close()


def test_thread_works_and_stops(setup: Setup) -> None:
    numbers = setup.queue(10)
    worker = setup.worker()
    worker.start()
    worker.start()
    _until(lambda: setup.counts() == {"done": 10})

    worker.close()

    assert not any(thread.name == "weft-worker" for thread in threading.enumerate())
    assert [setup.fake.versions_of(number) for number in numbers] == [["v1"]] * 10


def test_second_worker_stands_by_and_takes_over(setup: Setup) -> None:
    first, second = setup.worker(), setup.worker()
    first.start()
    numbers = setup.queue(1)
    _until(lambda: setup.counts() == {"done": 1})
    second.start()
    _until(lambda: "another weft process" in setup.jobs.notice)
    first.close()

    numbers += setup.queue(1)
    _until(lambda: setup.counts() == {"done": 2})

    second.close()
    assert [setup.fake.versions_of(number) for number in numbers] == [["v1"]] * 2


def test_crash_of_the_predictor_does_not_end_the_thread(setup: Setup) -> None:
    first, second = setup.queue(2)

    def answer(task: Mapping[str, Any]) -> Answer:
        if task["id"] == first:
            raise ZeroDivisionError("a bug")
        return setup.predictor.ready()

    setup.predictor.answer = answer
    worker = setup.worker()
    worker.start()
    _until(lambda: setup.counts() == {"done": 1, "failed": 1})
    worker.close()

    assert setup.fake.versions_of(second) == ["v1"]


PROCESS = """
import sys, time
from pathlib import Path
from backend.database import open_database
from backend.jobs import JobQueue
from backend.label_studio import LabelStudioClient
from backend.worker import Worker, WorkerLimits
from tests.backend.test_worker import LEGACY, Predictor
folder = Path(sys.argv[2])
database = open_database(folder)
jobs = JobQueue(database)
limits = WorkerLimits(chunk=16, idle_s=0.02, settle_s=0.5, retry_s=0.1)
client = LabelStudioClient(sys.argv[1], LEGACY)
worker = Worker(database=database, jobs=jobs, predictor=Predictor(), client=client,
                data_dir=folder, limits=limits)
worker.start()
print("started", flush=True)
while True:
    time.sleep(0.05)
    if set(jobs.summary()["counts"]) == {"done"}:
        break
worker.close()
"""


def test_killed_in_the_middle_of_a_hundred_tasks_each_ends_with_one_prediction(
    setup: Setup,
) -> None:
    numbers = setup.queue(100)
    setup.fake.store_delay_s = 0.3  # the kill falls into a sending, which is stored all the same
    for moment_s in (0.35, 0.5, 0.2):
        process = _start(setup)
        time.sleep(moment_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert setup.counts() != {"done": 100}

    process = _start(setup)
    assert process.wait(timeout=60) == 0

    stored = collections.Counter(len(setup.fake.versions_of(number)) for number in numbers)
    assert stored == {1: 100}
    assert setup.counts() == {"done": 100}


def _start(setup: Setup) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROCESS, setup.fake.url, str(setup.folder)]
    output = setup.folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file)
    _until(lambda: b"started" in output.read_bytes())
    return process


def _until(is_done: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_chores_are_done_each_round_even_if_one_fails(setup: Setup) -> None:
    done: list[str] = []

    def broken() -> bool:
        raise LabelConfigError("the chore stumbled")

    def busy() -> bool:
        done.append("busy")
        return len(done) < 3

    worker = setup.worker(chores=(broken, busy))

    assert [worker.run_once() for _ in range(3)] == [0.0, 0.0, QUICK.idle_s]


def test_chores_do_not_wait_for_a_model_or_for_label_studio(setup: Setup) -> None:
    done: list[str] = []
    setup.predictor.state = "loading"

    setup.worker(client=None, chores=(lambda: bool(done.append("did")),)).run_once()

    assert done == ["did"]
