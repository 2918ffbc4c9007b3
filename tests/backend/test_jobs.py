"""The queue: each task once, bounded, resumable, and with a reason for everything."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from backend.database import Database, open_database
from backend.jobs import JobQueue, JobState, JobTask, ProjectRef, image_reference

PROJECT = ProjectRef(id=4, uid="4.1795227357")
OTHER = ProjectRef(id=4, uid="4.1800000000")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(database: Database, clock: Clock) -> Callable[..., JobQueue]:
    return lambda **options: JobQueue(database, clock=clock, **options)


@pytest.fixture
def jobs(make: Callable[..., JobQueue]) -> JobQueue:
    return make()


def tasks(*numbers: int) -> list[JobTask]:
    return [JobTask(id=number, image=f"http://pictures.example/{number}.jpg") for number in numbers]


def put(jobs: JobQueue, *numbers: int, **options: Any) -> Any:
    usual = {"model_version": "v1", "reason": "too slow"}
    return jobs.enqueue(options.pop("project", PROJECT), tasks(*numbers), **(usual | options))


def counts(jobs: JobQueue) -> dict[str, int]:
    return dict(jobs.summary()["counts"])


def test_task_is_queued_once_however_often_it_is_asked_for(jobs: JobQueue) -> None:
    first = put(jobs, 1, 2, 2)
    second = put(jobs, 2, 3)

    assert (first.added, first.known) == (2, 0)
    assert (second.added, second.known) == (1, 1)
    assert counts(jobs) == {"queued": 3}


def test_another_picture_version_or_project_is_another_task(jobs: JobQueue) -> None:
    put(jobs, 1)
    put(jobs, 1, model_version="v2")
    put(jobs, 1, project=OTHER)
    jobs.enqueue(
        PROJECT, [JobTask(id=1, image="other.jpg")], model_version="v1", reason="new picture"
    )

    assert counts(jobs) == {"queued": 4}


def test_queue_refuses_what_does_not_fit_and_says_so(make: Callable[..., JobQueue]) -> None:
    jobs = make(max_queue=3)

    report = put(jobs, 1, 2, 3, 4, 5)

    assert (report.added, report.refused) == (3, 2)
    assert jobs.summary()["refused"] == 2
    assert counts(jobs) == {"queued": 3}


def test_finished_tasks_make_room(make: Callable[..., JobQueue]) -> None:
    jobs = make(max_queue=1)
    put(jobs, 1)
    jobs.finish(jobs.claim(5), JobState.DONE)

    assert put(jobs, 2).added == 1


def test_claimed_tasks_belong_together(jobs: JobQueue) -> None:
    put(jobs, 1, 2)
    put(jobs, 3, model_version="v2")
    put(jobs, 4, project=OTHER)

    claims = [[task.task_id for task in jobs.claim(10)] for _ in range(4)]

    assert claims == [[1, 2], [3], [4], []]


def test_claim_takes_no_more_than_asked(jobs: JobQueue) -> None:
    put(jobs, *range(10))

    assert [task.task_id for task in jobs.claim(4)] == [0, 1, 2, 3]
    assert counts(jobs) == {"running": 4, "queued": 6}


def test_two_workers_never_take_the_same_task(jobs: JobQueue) -> None:
    put(jobs, *range(40))
    taken: list[int] = []

    def work() -> None:
        while claimed := jobs.claim(3):
            taken.extend(task.task_id for task in claimed)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(40))


def test_delayed_task_is_not_due_before_its_time(jobs: JobQueue, clock: Clock) -> None:
    put(jobs, 1, delay_s=30)
    assert jobs.claim(1) == ()

    clock.pass_seconds(30)

    assert len(jobs.claim(1)) == 1


def test_attempts_are_bounded_and_the_last_reason_is_kept(
    make: Callable[..., JobQueue], clock: Clock
) -> None:
    jobs = make(max_attempts=3)
    put(jobs, 1)
    for attempt in range(3):
        clock.pass_seconds(60)
        jobs.retry(jobs.claim(1), f"no answer {attempt}", delay_s=60)

    clock.pass_seconds(3600)
    assert jobs.claim(1) == ()
    (task,) = jobs.summary()["tasks"]
    assert task["state"] == "failed"
    assert task["reason"] == "given up after 3 attempts: no answer 2"


def test_release_does_not_use_up_attempts(make: Callable[..., JobQueue], clock: Clock) -> None:
    jobs = make(max_attempts=2)
    put(jobs, 1)
    for _ in range(10):
        clock.pass_seconds(60)
        jobs.release(jobs.claim(1), "Label Studio is down", delay_s=60)

    assert counts(jobs) == {"queued": 1}
    assert jobs.summary()["tasks"][0]["attempts"] == 0


def test_task_that_was_tried_twice_comes_alone(jobs: JobQueue, clock: Clock) -> None:
    put(jobs, 1, 2)
    for _ in range(2):
        jobs.retry(jobs.claim(10), "the process ended", delay_s=0)
    put(jobs, 3)

    assert [[task.task_id for task in jobs.claim(10)] for _ in range(3)] == [[3], [1], [2]]


def test_work_of_a_stopped_process_is_queued_again(jobs: JobQueue) -> None:
    put(jobs, 1, 2)
    jobs.claim(2)

    assert jobs.recover(settle_s=10) == 2
    assert counts(jobs) == {"queued": 2}
    assert len(jobs.claim(2)) == 2


def test_sent_task_is_left_alone_for_a_while_after_a_stop(jobs: JobQueue, clock: Clock) -> None:
    put(jobs, 1)
    jobs.mark_sent(jobs.claim(1))

    jobs.recover(settle_s=10)

    assert jobs.claim(1) == ()
    clock.pass_seconds(10)
    (task,) = jobs.claim(1)
    assert task.maybe_sent


def test_task_that_stops_the_process_each_time_is_given_up(make: Callable[..., JobQueue]) -> None:
    jobs = make(max_attempts=3)
    put(jobs, 1)
    for _ in range(3):
        jobs.claim(1)
        jobs.recover(settle_s=0)

    assert jobs.claim(1) == ()
    assert "stopped 3 times" in jobs.summary()["tasks"][0]["reason"]


def test_task_whose_prediction_may_be_stored_is_looked_at_however_often_the_process_stops(
    make: Callable[..., JobQueue],
) -> None:
    jobs = make(max_attempts=2)
    put(jobs, 1)
    for _ in range(5):
        jobs.mark_sent(jobs.claim(1))
        jobs.recover(settle_s=0)

    assert len(jobs.claim(1)) == 1


def test_failed_task_is_not_taken_up_at_once_when_asked_for_again(
    make: Callable[..., JobQueue], clock: Clock
) -> None:
    jobs = make(retry_failed_after_s=100)
    jobs.record_failures(PROJECT, tasks(1), model_version="v1", reason="not a picture")

    assert put(jobs, 1).known == 1
    clock.pass_seconds(100)
    assert put(jobs, 1).added == 1


def test_failure_can_be_recorded_without_and_with_a_row(jobs: JobQueue) -> None:
    put(jobs, 1)
    for number in (1, 2):
        jobs.record_failures(PROJECT, tasks(number), model_version="v1", reason="truncated")

    assert counts(jobs) == {"failed": 2}
    assert {task["reason"] for task in jobs.summary()["tasks"]} == {"truncated"}


def test_failures_of_one_request_are_few_transactions_under_one_job(
    jobs: JobQueue, database: Database
) -> None:
    put(jobs, 7)
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    broken = [dataclasses.replace(task, reason=f"{task.id}: 404") for task in tasks(*range(2500))]

    jobs.record_failures(PROJECT, broken, model_version="v1", reason="several reasons")

    assert len(commits) <= 4
    assert counts(jobs) == {"failed": 2500}
    summary = jobs.summary(limit=2500)
    assert {task["task"]: task["reason"] for task in summary["tasks"]} == {
        number: f"{number}: 404" for number in range(2500)
    }
    assert [(job["reason"], job["counts"]) for job in summary["jobs"]] == [
        ("several reasons", {"failed": 2499}),
        ("too slow", {"failed": 1}),
    ]


def test_no_failures_leave_no_job(jobs: JobQueue) -> None:
    jobs.record_failures(PROJECT, [], model_version="v1", reason="none")

    assert jobs.summary()["jobs"] == []


def test_failures_are_kept_up_to_the_limit_only(
    make: Callable[..., JobQueue], clock: Clock
) -> None:
    jobs = make(max_finished=100)
    for start in range(0, 1500, 500):
        clock.pass_seconds(1)
        broken = tasks(*range(start, start + 500))
        jobs.record_failures(PROJECT, broken, model_version="v1", reason="truncated")

    assert counts(jobs).get("failed", 0) <= 500


def test_failed_tasks_can_be_queued_again_by_hand(jobs: JobQueue) -> None:
    for number in (1, 2):
        jobs.record_failures(PROJECT, tasks(number), model_version="v1", reason="truncated")

    assert jobs.retry_failed(PROJECT.id) == 2
    assert jobs.retry_failed(99) == 0
    assert counts(jobs) == {"queued": 2}


def test_tasks_move_to_a_new_model_version_once(jobs: JobQueue) -> None:
    put(jobs, 1, 2)
    put(jobs, 2, model_version="v2")
    claimed = jobs.claim(5)

    jobs.reassign(claimed, model_version="v2")

    assert counts(jobs) == {"queued": 2, "skipped": 1}
    assert {(task.task_id, task.model_version) for task in jobs.claim(5)} == {(1, "v2"), (2, "v2")}


def test_finished_rows_are_pruned_and_open_ones_never(
    make: Callable[..., JobQueue], clock: Clock
) -> None:
    jobs = make(max_finished=10)
    put(jobs, *range(600))
    while claimed := jobs.claim(50):
        clock.pass_seconds(1)
        jobs.finish(claimed, JobState.DONE)
    put(jobs, 1000)
    assert counts(jobs)["done"] <= 150
    assert counts(jobs)["queued"] == 1


def test_summary_is_plain_json_with_a_reason_for_each_task(jobs: JobQueue) -> None:
    put(jobs, 1, 2)
    jobs.finish(jobs.claim(1), JobState.FAILED, "the picture is truncated")
    jobs.notice = "no token is set"

    summary = json.loads(json.dumps(jobs.summary()))

    assert summary["notice"] == "no token is set"
    assert summary["jobs"][0]["counts"] == {"failed": 1, "queued": 1}
    assert [(task["task"], task["state"], task["reason"]) for task in summary["tasks"]] == [
        (1, "failed", "the picture is truncated"),
        (2, "queued", "too slow"),
    ]


def test_summary_shows_no_keys_from_addresses(jobs: JobQueue) -> None:
    secret = JobTask(id=1, image="https://bucket.example/a.jpg?X-Amz-Signature=SECRET")
    inline = JobTask(id=2, image="data:image/png;base64," + "A" * 10_000)
    jobs.enqueue(PROJECT, [secret, inline], model_version="v1", reason="late")

    shown = json.dumps(jobs.summary())

    assert "SECRET" not in shown
    assert "AAAA" not in shown


@pytest.mark.parametrize(
    "image",
    [
        "https://name:s3cret@pictures.example/a.jpg",
        "HTTPS://pictures.example/a.jpg?sig=s3cret",
        " https://pictures.example/a.jpg?sig=s3cret",
        '{"front": "https://pictures.example/a.jpg?sig=s3cret"}',
        "DATA:image/png;base64,s3cret",
    ],
)
def test_no_secret_of_an_address_is_stored(jobs: JobQueue, image: str) -> None:
    jobs.enqueue(PROJECT, [JobTask(id=1, image=image)], model_version="v1", reason="slow")

    assert "s3cret" not in json.dumps(jobs.summary())


def test_long_reasons_are_cut(jobs: JobQueue) -> None:
    put(jobs, 1, reason="x" * 10_000)

    assert len(jobs.summary()["tasks"][0]["reason"]) == 500


@pytest.mark.parametrize(
    ("data", "config", "expected"),
    [
        ({"image": "a.jpg"}, '<View><Image name="i" value="$image"/></View>', "a.jpg"),
        ({"pic": "b.jpg"}, "<View><Image value='$pic' name='i'/></View>", "b.jpg"),
        ({"other": 1}, '<View><Image name="i" value="$image"/></View>', '{"other": 1}'),
        ({"image": "a.jpg"}, "", '{"image": "a.jpg"}'),
        (None, "", "null"),
    ],
)
def test_picture_is_found_under_the_key_that_the_config_names(
    data: object, config: str, expected: str
) -> None:
    assert image_reference({"data": data}, config) == expected


def test_project_is_the_same_from_a_request_and_from_the_api() -> None:
    described = {"id": 4, "created_at": "2026-11-21T02:15:57.934259Z"}

    assert ProjectRef.from_api(described) == ProjectRef.parse("4.1795227357")
