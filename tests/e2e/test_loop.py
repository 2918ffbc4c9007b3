"""The loop: what annotators correct in a real Label Studio is learnt, gated and put to service."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from backend.demo.processes import LOOPBACK, free_port, start, stop_all, wait_until_up
from ontology.config_map import ConfigMap
from ontology.load import default_ontology_path, load_ontology
from tests.annotator import Annotator, draw_pictures, newest
from tests.live import ROOT, Live, clean_environment

pytestmark = pytest.mark.e2e

# In the ontology; the shipped version takes pictures of it for trousers.
TAUGHT = "lounge_pants"
NAMES, NUM_PICTURES = (TAUGHT, "shirt", "jeans"), 150
SETTINGS = {"WEFT_BLIND_SHARE": "0.5", "WEFT_RETRAIN_SETTLE_S": "0.5", "WEFT_RETRAIN_AFTER": "0"}
NUM_HELD_OUT = 3
NUM_EARLY_GOLD = 5
PATIENCE_S = 240

Task = dict[str, Any]


@dataclass(kw_only=True)
class Loop:
    """A project with a backend of its own, so that other tests' model stays as it is.

    Attributes:
        versions: The live version after each step: shipped, promoted, rolled back, gated.
        categories: What the held-out pictures were taken for at the same moments.
        runs: The training runs as they ended.
        shown: The project's own model version at the same moments.
        num_relabelled: Tasks whose category the annotator changed.
        num_corrected: Tasks that were submitted from a suggestion.
        stats: What `weft corrections stats` said then.
        pages: By path, as a browser gets them in the end.
    """

    live: Live
    url: str
    data: Path
    project_id: int
    annotator: Annotator
    held_out: list[int] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    categories: list[set[str | None]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    num_relabelled: int = 0
    num_corrected: int = 0
    stats: dict[str, Any] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)

    def connection(self) -> dict[str, Any]:
        return dict(self.live.call("GET", "/api/ml", params={"project": self.project_id})[0])

    def version(self) -> str:
        return str(requests.get(f"{self.url}/health", timeout=5).json()["model_version"])

    def press_start_training(self) -> dict[str, Any]:
        """Press Start Training and follow the run at `/jobs` to its end."""
        known = len(self.training())
        self.live.call("POST", f"/api/ml/{self.connection()['id']}/train", json={})
        wait_until(lambda: len(self.training()) > known, "no run after Start Training")
        ended = {"promoted", "rejected", "undecided", "failed"}
        wait_until(lambda: self.training()[0]["state"] in ended, "the run did not end")
        self.runs.append(self.training()[0])
        return self.runs[-1]

    def training(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.url}/jobs", timeout=5).json()["training"])

    def note_what_is_served(self, version: str) -> None:
        """Wait until a version answers for the pictures that nobody labelled, and note it."""
        wait_until(lambda: self.version() == version, f"{version} is not served")
        wait_until(
            lambda: all(by_version(task, version) for task in self.unlabelled()),
            f"no predictions of {version} for the tasks that nobody labelled",
        )
        title = f"the connection is not called {version}"
        wait_until(lambda: self.connection()["title"] == version, title)
        self.versions.append(version)
        project = self.live.call("GET", f"/api/projects/{self.project_id}")
        self.shown.append(project["model_version"])
        answers = [by_version(task, version) for task in self.unlabelled()]
        self.categories.append({self.annotator.predicted_category(a) for a in answers if a})

    def unlabelled(self) -> list[Task]:
        return [task for task in self.live.tasks(self.project_id) if task["id"] in self.held_out]

    def weft(self, *arguments: str) -> str:
        return run_weft(self.live, self.data, self.url, *arguments)


def by_version(task: Task, version: str) -> dict[str, Any] | None:
    found = [one for one in task["predictions"] if one["model_version"] == version]
    return found[-1] if found else None


def wait_until(is_done: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_done():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.3)


def environment_of(live: Live, data: Path, url: str) -> dict[str, str]:
    own = {
        "WEFT_PORT": url.rsplit(":", 1)[1],
        "WEFT_DATA_DIR": str(data),
        "WEFT_LABEL_STUDIO_URL": live.url,
        "WEFT_LABEL_STUDIO_TOKEN": live.account["token"],
        "WEFT_WEBHOOK_SECRET": live.account["webhook_secret"],
    }
    return clean_environment() | SETTINGS | own


def run_weft(live: Live, data: Path, url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "backend.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment_of(live, data, url),
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def loop(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    folder = tmp_path_factory.mktemp("loop")
    url = f"http://{LOOPBACK}:{free_port(0)}"
    environment = environment_of(live, folder / "data", url)
    command = [sys.executable, "-m", "backend.cli", "serve"]
    program = start("loop", command, environment=environment, folder=folder)
    try:
        truths = draw_pictures(folder / "drawn", count=NUM_PICTURES, names=NAMES)
        wait_until_up(
            program,
            f"{url}/health",
            timeout_s=PATIENCE_S,
            is_up=lambda response: response.json().get("model") == "ready",
        )
        made = run_weft(live, folder / "data", url, "connect", "--create", f"Loop {time.time()}")
        project_id = int(made.rsplit("/projects/", 1)[1].split("/")[0])
        xml = live.call("GET", f"/api/projects/{project_id}")["label_config"]
        config = ConfigMap.parse(xml, load_ontology(default_ontology_path()))
        upload(live, project_id, sorted((folder / "drawn").iterdir()))
        annotator = Annotator(live=live, config=config, truths=truths)
        turning = Loop(
            live=live, url=url, data=folder / "data", project_id=project_id, annotator=annotator
        )
        turn(turning)
        yield turning
    finally:
        stop_all([program])


def upload(live: Live, project_id: int, files: list[Path]) -> None:
    for first in range(0, len(files), 50):
        parts = [(file.name, (file.name, file.read_bytes())) for file in files[first : first + 50]]
        live.call("POST", f"/api/projects/{project_id}/import", files=parts)


def turn(loop: Loop) -> None:
    """Go through the loop twice: a person promotes and goes back, then the gate promotes."""
    wait_until(
        lambda: all(task["predictions"] for task in loop.live.tasks(loop.project_id)),
        "not all was pre-annotated",
    )
    tasks = loop.live.tasks(loop.project_id)
    shown = [task for task in tasks if newest(task)]
    taught = [task for task in shown if loop.annotator.truth(task).category == TAUGHT]
    loop.held_out = [task["id"] for task in taught[-NUM_HELD_OUT:]]
    loop.note_what_is_served(loop.version())
    annotate(loop, [task for task in shown if task["id"] not in loop.held_out])
    annotate_blind(loop, NUM_EARLY_GOLD)
    loop.press_start_training()
    let_a_person_decide(loop)
    annotate_blind(loop)
    loop.press_start_training()
    loop.note_what_is_served(loop.runs[-1]["candidate"])
    for path in ("/loop", "/jobs", f"/loop/reports/{loop.runs[-1]['id']}"):
        page = requests.get(f"{loop.url}{path}", headers={"Accept": "text/html"}, timeout=60)
        loop.pages[path] = page.text


def let_a_person_decide(loop: Loop) -> None:
    """Promote what the gate could not decide on, look at the figures, and take it back."""
    loop.weft("models", "promote", loop.runs[-1]["candidate"])
    loop.note_what_is_served(loop.runs[-1]["candidate"])
    loop.stats = json.loads(loop.weft("corrections", "stats", "--json"))
    loop.weft("models", "rollback")
    loop.note_what_is_served(loop.versions[0])


def annotate_blind(loop: Loop, limit: int | None = None) -> None:
    """Annotate tasks that came without a suggestion, and are open, from scratch."""
    blind = [
        task
        for task in loop.live.tasks(loop.project_id)
        if not newest(task) and not task["annotations"]
    ]
    for task in blind[:limit]:
        loop.annotator.submit(task, loop.annotator.from_scratch(task))


def annotate(loop: Loop, tasks: list[Task]) -> None:
    """Correct tasks, four of them in a way of their own."""
    annotator, rest = loop.annotator, list(tasks)
    skipped, bulk = rest.pop(), rest.pop()
    annotator.submit(skipped, newest(skipped), was_cancelled=True)
    loop.live.call(
        "POST",
        "/api/dm/actions",
        params={"id": "predictions_to_annotations", "project": loop.project_id},
        json={"selectedItems": {"all": False, "included": [bulk["id"]]}},
    )
    removed = next(task for task in rest if annotator.has(task, "base_colour"))
    unsure = next(task for task in rest if annotator.has(task, "pattern") and task is not removed)
    for task in rest:
        annotator.correct(
            task,
            leave_blank=["base_colour"] if task is removed else [],
            cannot_tell=["pattern"] if task is unsure else [],
        )
        said = annotator.predicted_category(task["predictions"][-1])
        loop.num_relabelled += said != annotator.truth(task).category
        loop.num_corrected += 1


def test_little_gold_is_left_to_a_person(loop: Loop) -> None:
    first = loop.runs[0]

    assert first["trigger"] == "start_training"
    assert first["state"] == "undecided", first
    assert first["live_version"] == loop.versions[0]
    assert f"weft models promote {first['candidate']}" in first["note"]


def test_what_was_corrected_is_predicted_after_a_person_promoted(loop: Loop) -> None:
    shipped, promoted = loop.categories[:2]

    assert TAUGHT not in shipped
    assert promoted == {TAUGHT}


def test_roll_back_puts_the_version_before_into_service(loop: Loop) -> None:
    assert loop.versions[1] != loop.versions[0]
    assert loop.versions[2] == loop.versions[0]


def test_gate_promotes_by_itself_with_enough_gold(loop: Loop) -> None:
    second = loop.runs[1]

    assert second["state"] == "promoted", second
    assert second["candidate"] == loop.versions[3]
    assert loop.categories[3] == {TAUGHT}


def test_project_shows_the_version_after_every_change(loop: Loop) -> None:
    assert loop.shown == loop.versions


def test_pictures_that_nobody_labelled_have_one_prediction_of_each_version(loop: Loop) -> None:
    for task in loop.unlabelled():
        stored = [prediction["model_version"] for prediction in task["predictions"]]
        assert sorted(stored) == sorted(set(loop.versions))


def test_corrections_are_counted(loop: Loop) -> None:
    stats = loop.stats
    rates = {row["attribute"]: row for row in stats["acceptance"]}

    assert stats["live"] == loop.versions[1]
    num_submitted = loop.num_corrected + NUM_EARLY_GOLD
    assert stats["annotations"] == {"submitted": num_submitted, "skipped": 1, "bulk": 1}
    assert stats["blind"]["num_tasks"] == NUM_EARLY_GOLD
    assert {row["model_version"] for row in stats["acceptance"]} == {loop.versions[0]}
    assert rates["(category)"]["changed"] == loop.num_relabelled
    assert rates["base_colour"]["removed"] == 1


@pytest.mark.parametrize("path", ["/loop", "/jobs", "/loop/reports/2"])
def test_pages_show_the_promoted_version(loop: Loop, path: str) -> None:
    page = loop.pages[path]

    assert page.startswith("<!doctype html>")
    assert loop.versions[3] in page
