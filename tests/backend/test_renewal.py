"""After a promotion every project learns of it, and every unlabelled task is queued, once."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend._served_rows import ServedVersionRow
from backend.database import Database, JobTaskRow, open_database
from backend.events import store_event
from backend.jobs import JobQueue
from backend.label_studio import LabelStudioClient
from backend.renewal import Renewal, RenewalLimits, own_addresses
from backend.settings import Settings
from tests.backend.fake_label_studio import LEGACY, FakeLabelStudio, running

OURS = "http://weft.example:9090"
QUICK = RenewalLimits(page=4, max_waiting=1000, room_s=0.0, retry_s=0.0)


@dataclasses.dataclass
class Predictor:
    model_version: str = "v1"
    state: str = "ready"


@dataclasses.dataclass
class Setup:
    fake: FakeLabelStudio
    database: Database
    client: LabelStudioClient
    predictor: Predictor

    def renewal(self, **options: Any) -> Renewal:
        usual = {"addresses": [OURS], "limits": QUICK, "client": self.client}
        return Renewal(
            database=self.database,
            jobs=JobQueue(self.database),
            predictor=self.predictor,  # type: ignore[arg-type]  # it predicts nothing here
            **(usual | options),
        )

    def connected(self, *, title: str = "v1", url: str = OURS, num_tasks: int = 0) -> int:
        project = self.fake.add_project()
        self.client.create_ml_backend(project, url=url, title=title)
        self.fake.add_tasks(project, num_tasks)
        return project

    def promote(self, version: str) -> None:
        self.predictor.model_version = self.fake.served_version = version

    def settle(self, renewal: Renewal | None = None, **options: Any) -> None:
        renewal = renewal or self.renewal(**options)
        num_idle = 0
        while num_idle < 2:
            num_idle = 0 if renewal() else num_idle + 1

    def titles(self) -> list[str]:
        return [row["title"] for row in self.fake.backends.values()]

    def rows(self) -> dict[int, ServedVersionRow]:
        with self.database.transaction() as session:
            return {row.project_id: row for row in session.scalars(select(ServedVersionRow))}

    def queued(self) -> list[tuple[int, str]]:
        query = select(JobTaskRow)
        with self.database.transaction() as session:
            return sorted((row.task_id, row.model_version) for row in session.scalars(query))


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    database = open_database(tmp_path)
    with running(FakeLabelStudio()) as fake:
        client = LabelStudioClient(fake.url, LEGACY)
        yield Setup(fake=fake, database=database, client=client, predictor=Predictor())
        client.close()
    database.close()


def test_title_and_project_follow_the_version_that_became_live(setup: Setup) -> None:
    project = setup.connected()
    renewal = setup.renewal()
    setup.settle(renewal)

    setup.promote("v2")
    setup.settle(renewal)

    assert setup.titles() == ["v2"]
    assert setup.fake.projects[project]["model_version"] == "v2"
    row = setup.rows()[project]
    assert (row.model_version, row.pending) == ("v2", {})
    assert row.announced_at is not None


def test_every_task_without_annotations_is_queued_for_the_new_version(setup: Setup) -> None:
    setup.connected(num_tasks=11)
    numbers = sorted(setup.fake.tasks)
    setup.fake.tasks[numbers[5]]["total_annotations"] = 1
    renewal = setup.renewal()
    setup.settle(renewal)

    setup.promote("v2")
    setup.settle(renewal)

    assert setup.queued() == [(number, "v2") for number in numbers if number != numbers[5]]


def test_nothing_is_queued_where_a_project_was_connected_to_the_live_version(setup: Setup) -> None:
    project = setup.connected(num_tasks=3)

    setup.settle()

    assert setup.queued() == []
    assert setup.rows()[project].model_version == "v1"


def test_version_that_became_live_while_the_backend_was_stopped_is_announced(setup: Setup) -> None:
    setup.connected(title="v0", num_tasks=2)

    setup.settle()

    assert setup.titles() == ["v1"]
    assert len(setup.queued()) == 2


def test_roll_back_takes_the_same_path_and_keeps_predictions_that_are_there(setup: Setup) -> None:
    setup.connected(num_tasks=2)
    first, second = sorted(setup.fake.tasks)
    setup.fake.store([{"task": first, "model_version": "v1", "result": []}])
    renewal = setup.renewal()
    for version in ("v1", "v2", "v1"):
        setup.promote(version)
        setup.settle(renewal)

    assert setup.titles() == ["v1"]
    assert setup.queued() == [(first, "v2"), (second, "v1"), (second, "v2")]


def test_other_backends_and_projects_without_one_are_left_alone(setup: Setup) -> None:
    setup.connected(url="http://other.example:9090", title="theirs", num_tasks=2)
    bare = setup.fake.add_project()

    setup.settle()

    assert setup.titles() == ["theirs"]
    assert setup.queued() == []
    assert setup.rows()[bare].model_version == ""


def test_project_that_sent_events_is_ours_under_an_unknown_address_too(setup: Setup) -> None:
    project = setup.connected(url="http://proxy.example/weft", title="v0")
    store_event(setup.database, {"action": "PROJECT_UPDATED", "project": {"id": project}})

    setup.settle()

    assert setup.titles() == ["v1"]


def test_version_that_a_person_chose_for_the_project_stays(setup: Setup) -> None:
    project = setup.connected(title="v0")
    setup.fake.projects[project]["model_version"] = "by hand"

    setup.settle()

    assert setup.titles() == ["v1"]
    assert setup.fake.projects[project]["model_version"] == "by hand"


def test_queue_is_filled_only_as_far_as_it_has_room(setup: Setup) -> None:
    setup.connected(title="v0", num_tasks=20)

    setup.settle(limits=dataclasses.replace(QUICK, max_waiting=10))

    assert len(setup.queued()) == 8


def test_deleted_project_is_forgotten_and_the_others_go_on(setup: Setup) -> None:
    gone = setup.connected(title="v0")
    kept = setup.connected(title="v0", num_tasks=1)
    renewal = setup.renewal()
    renewal()
    del setup.fake.projects[gone]
    setup.fake.backends = {
        key: row for key, row in setup.fake.backends.items() if row["project"] == kept
    }

    setup.settle(renewal)
    setup.promote("v2")
    setup.settle(renewal)

    assert set(setup.rows()) == {kept}
    assert setup.rows()[kept].model_version == "v2"


def test_outage_of_label_studio_only_delays(setup: Setup) -> None:
    setup.connected(title="v0", num_tasks=5)
    renewal = setup.renewal()
    setup.fake.is_down = True
    setup.settle(renewal)
    assert setup.titles() == ["v0"]

    setup.fake.is_down = False
    setup.settle(renewal)

    assert setup.titles() == ["v1"]
    assert len(setup.queued()) == 5


@pytest.mark.parametrize("state", ["loading", "failed: damaged"])
def test_nothing_happens_before_the_version_answers(setup: Setup, state: str) -> None:
    setup.connected(title="v0")
    setup.predictor.state = state

    setup.settle()

    assert setup.titles() == ["v0"]


def test_predictions_older_than_the_previous_version_go_only_if_asked_for(setup: Setup) -> None:
    project = setup.connected()
    (task,) = setup.fake.add_tasks(project, 1)
    for version in ("theirs", "v0", "v1", "v2"):
        setup.fake.store([{"task": task, "model_version": version, "result": []}])
    versions = ("v0", "v1", "v2")
    setup.settle()
    setup.promote("v2")

    setup.settle()
    assert setup.fake.versions_of(task) == ["theirs", "v0", "v1", "v2"]
    for version in ("v1", "v2"):
        setup.promote(version)
        setup.settle(is_deleting=True, own_versions=lambda: versions)

    assert setup.fake.versions_of(task) == ["theirs", "v1", "v2"]
    assert setup.fake.projects[project]["model_version"] == "v2"


class Killed(BaseException):
    """Stands for kill -9: nobody handles it."""


def dying(client: LabelStudioClient, rng: random.Random) -> Any:
    """Give a client that ends the process before or after some request."""

    class Dying:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                if rng.random() < 0.15:
                    raise Killed
                answer = getattr(client, name)(*args, **kwargs)
                if rng.random() < 0.15:
                    raise Killed
                return answer

            return call

    return Dying()


@pytest.mark.parametrize("seed", range(4))
def test_kill_at_any_request_loses_and_doubles_nothing(setup: Setup, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - chooses where to stop
    for _ in range(3):
        setup.connected(num_tasks=9)
    setup.settle()
    numbers = sorted(setup.fake.tasks)

    setup.promote("v2")
    num_kills = 0
    for _ in range(100):
        renewal = setup.renewal(client=dying(setup.client, rng))
        try:
            setup.settle(renewal)
        except Killed:
            num_kills += 1
        else:
            break

    assert num_kills > 3
    assert setup.titles() == ["v2"] * 3
    assert setup.queued() == [(number, "v2") for number in numbers]
    assert {row.model_version for row in setup.rows().values()} == {"v2"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"port": 9000}, {"http://127.0.0.1:9000", "http://localhost:9000"}),
        ({"host": "0.0.0.0", "port": 9000}, {"http://127.0.0.1:9000", "http://localhost:9000"}),  # noqa: S104 - a case
        ({"host": "::2", "port": 9000}, {"http://[::2]:9000"}),
        (
            {"host": "weft", "port": 9000, "public_url": "https://x.example/"},
            {"http://weft:9000", "https://x.example"},
        ),
    ],
)
def test_own_addresses_are_the_public_one_and_the_bound_one(
    options: dict[str, Any], expected: set[str]
) -> None:
    assert own_addresses(Settings(**options)) == expected
