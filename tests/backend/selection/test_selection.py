from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.blind import is_blind
from backend.database import Database, open_database
from backend.jobs import ProjectRef
from backend.label_studio import LabelStudioClient
from backend.ledger.tables import SentRegionRow
from backend.selection.candidates import ProjectTasks, gather
from backend.selection.plan import VIEW_TITLE, apply_order, choose, ensure_view
from backend.selection.rounds import read_rounds, write_round
from ontology.load import load_ontology
from ontology.model import AttributeId, ValueId
from tagger.known import Taught
from tagger.select.batch import BatchRule
from tests.backend.fake_label_studio import LEGACY, FakeLabelStudio, running

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONFIG = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text("utf-8")
ONTOLOGY = load_ontology(FIXTURES / "recorded.yaml")
NO_RANDOM = BatchRule(random_share=0.0, max_similarity=2.0)
LABELS = {"shirt": "Shirt", "bag": "Bag", "dress": "Dress"}


def taught() -> Taught:
    values = {
        AttributeId(name): frozenset(map(ValueId, ids))
        for name, ids in {"sleeve": ["long", "short"], "pattern": ["plain", "striped"]}.items()
    }
    leaves = frozenset(ONTOLOGY.leaves)
    return Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )


@dataclass
class Shop:
    """A project of the fake, with the database of the backend that predicted it."""

    fake: FakeLabelStudio
    client: LabelStudioClient
    database: Database
    project: int
    num_regions: int = 0

    def reader(self, *, blind_share: float = 0.0) -> ProjectTasks:
        return ProjectTasks(
            ontology=ONTOLOGY, taught=taught(), version="v1", blind_share=blind_share
        )

    def task(self, *leads: float, category: str = "shirt", version: str = "v1") -> int:
        """Add a task with one garment for each lead of its best sleeve over the next."""
        (task,) = self.fake.add_tasks(self.project, 1)
        result = [self._region(lead, category) for lead in leads]
        self.fake.store([{"task": task, "model_version": version, "score": 0.5, "result": result}])
        return task

    def _region(self, lead: float, category: str) -> dict[str, Any]:
        self.num_regions += 1
        region = f"w_{self.num_regions}"
        share = (1 + lead) / 2
        embedding = np.random.default_rng(self.num_regions).normal(size=8).astype("<f2")
        with self.database.transaction() as session:
            session.add(
                SentRegionRow(
                    region_id=region,
                    encoder="e",
                    model_version="v1",
                    image_digest=region,
                    box={"x": 0, "y": 0, "width": 10, "height": 10},
                    embedding=embedding.tobytes(),
                    scores={"sleeve": {"long": share, "short": 1 - share}, "pattern": {"plain": 1}},
                    created_at=datetime.now(UTC),
                )
            )
        value = {"x": 0, "y": 0, "width": 10, "height": 10, "rectanglelabels": [LABELS[category]]}
        return {"id": region, "from_name": "label", "score": 0.9, "value": value}

    def scores(self) -> dict[int, float]:
        return {row["task"]: row["score"] for row in self.fake.predictions.values()}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    fake = FakeLabelStudio()
    database = open_database(tmp_path)
    with running(fake):
        project = fake.add_project(label_config=CONFIG)
        client = LabelStudioClient(fake.url, LEGACY)
        yield Shop(fake=fake, client=client, database=database, project=project)
        client.close()
    database.close()


def choose_from(shop: Shop, budget: int = 2, rule: BatchRule = NO_RANDOM) -> Any:
    tasks = gather(shop.client, shop.database, shop.project, reader=shop.reader()).tasks
    rng = np.random.default_rng(0)
    return tasks, choose(tasks, budget=budget, ontology=ONTOLOGY, rng=rng, rule=rule)


def test_a_task_stands_for_its_most_uncertain_garment(shop: Shop) -> None:
    number = shop.task(0.9, 0.1)
    (task,) = gather(shop.client, shop.database, shop.project, reader=shop.reader()).tasks
    assert (task.task_id, task.candidate.id) == (number, "w_2")
    doubts = {doubt.attribute: doubt.uncertainty for doubt in task.candidate.doubts}
    assert doubts == pytest.approx({"category": 0.2, "sleeve": 0.9})


def test_what_cannot_be_chosen_from_is_counted_by_reason(shop: Shop) -> None:
    shop.task(0.5)
    shop.task()
    shop.task(0.5, version="v0")
    skipped = shop.task(0.5)
    shop.fake.annotations[1] = {"id": 1, "task": skipped, "was_cancelled": True}
    found = gather(shop.client, shop.database, shop.project, reader=shop.reader())
    assert len(found.tasks) == 1
    assert found.left_out == {
        "no garment found, or its embedding is not kept any more": 1,
        "without a prediction of v1": 1,
        "skipped by an annotator": 1,
    }


def test_the_blind_slice_is_not_picked_from(shop: Shop) -> None:
    numbers = [shop.task(0.5) for _ in range(30)]
    found = gather(shop.client, shop.database, shop.project, reader=shop.reader(blind_share=0.4))
    uid = ProjectRef.from_api(shop.client.project(shop.project)).uid
    blind = {n for n in numbers if is_blind(uid, shop.fake.tasks[n]["data"]["image"], 0.4)}
    assert 0 < len(blind) < 30
    assert {task.task_id for task in found.tasks} == set(numbers) - blind


def test_a_garment_whose_category_has_no_such_attribute_does_not_doubt_it(shop: Shop) -> None:
    shop.task(0.1, category="bag")
    (task,) = gather(shop.client, shop.database, shop.project, reader=shop.reader()).tasks
    assert {doubt.attribute for doubt in task.candidate.doubts} == {"category"}


def test_picks_come_first_in_their_order_and_the_rest_by_their_own_uncertainty(
    shop: Shop,
) -> None:
    for lead in (0.02, 0.05, 0.9, 0.95, 0.5, 0.6):
        shop.task(lead)
    tasks, picked = choose_from(shop)
    applied = apply_order(shop.client, tasks, picked)
    scores = shop.scores()
    order = sorted(scores, key=lambda task: scores[task])
    assert order[:2] == [one.task.task_id for one in picked]
    rest = [task for task in tasks if task.task_id not in order[:2]]
    assert order[2:] == [task.task_id for task in sorted(rest, key=lambda task: -task.own_priority)]
    assert applied.num_changed == 6


def test_applying_twice_sends_nothing_the_second_time(shop: Shop) -> None:
    for lead in (0.1, 0.5, 0.9):
        shop.task(lead)
    tasks, picked = choose_from(shop)
    assert apply_order(shop.client, tasks, picked).views == (shop.project,)
    shop.fake.calls.clear()
    tasks, picked = choose_from(shop)
    again = apply_order(shop.client, tasks, picked)
    assert (again.num_changed, again.views) == (0, ())
    assert not [call for call in shop.fake.calls if call.split()[0] != "GET"]


def test_a_task_that_is_not_picked_any_more_returns_to_its_own_place(shop: Shop) -> None:
    for lead in (0.1, 0.5, 0.9):
        shop.task(lead)
    tasks, picked = choose_from(shop, budget=3)
    apply_order(shop.client, tasks, picked)
    assert max(shop.scores().values()) < 0.1
    tasks, _ = choose_from(shop)
    apply_order(shop.client, tasks, [])
    assert shop.scores() == {
        task.task_id: pytest.approx(1 - task.own_priority, abs=1e-4) for task in tasks
    }


def test_a_prediction_that_is_gone_does_not_stop_the_others(shop: Shop) -> None:
    for lead in (0.1, 0.5, 0.9):
        shop.task(lead)
    tasks, picked = choose_from(shop)
    shop.client.delete_prediction(tasks[0].prediction_ids[0])
    applied = apply_order(shop.client, tasks, picked)
    assert (applied.num_changed, applied.num_gone) == (2, 1)


def test_doubled_predictions_are_given_the_same_place(shop: Shop) -> None:
    number = shop.task(0.1)
    double = shop.fake.predictions_of(number)[0]
    shop.fake.store([{key: value for key, value in double.items() if key != "id"}])
    tasks, picked = choose_from(shop, budget=1)
    assert apply_order(shop.client, tasks, picked).num_changed == 2
    assert {row["score"] for row in shop.fake.predictions_of(number)} == {0.0}


def test_a_view_that_somebody_reordered_is_mended_and_keeps_its_columns(shop: Shop) -> None:
    assert ensure_view(shop.client, shop.project)
    (view,) = shop.fake.views.values()
    assert view["data"]["title"] == VIEW_TITLE
    view["data"] = view["data"] | {"ordering": ["-tasks:id"], "hiddenColumns": {"explore": ["x"]}}
    assert ensure_view(shop.client, shop.project)
    assert not ensure_view(shop.client, shop.project)
    (view,) = shop.fake.views.values()
    assert view["data"]["ordering"] == ["tasks:predictions_score"]
    assert view["data"]["hiddenColumns"] == {"explore": ["x"]}


def test_two_tasks_with_the_same_picture_are_one_candidate(shop: Shop) -> None:
    first = shop.task(0.1)
    result = shop.fake.predictions_of(first)[0]["result"]
    (second,) = shop.fake.add_tasks(shop.project, 1)
    shop.fake.store([{"task": second, "model_version": "v1", "score": 0.5, "result": result}])
    tasks, picked = choose_from(shop, budget=2)
    assert len(tasks) == 2
    assert [one.task.task_id for one in picked] == [first]


def test_rounds_are_read_as_they_were_written(shop: Shop, tmp_path: Path) -> None:
    for lead in (0.1, 0.5, 0.9):
        shop.task(lead)
    _, picked = choose_from(shop, budget=3, rule=BatchRule(random_share=0.34))
    folder = tmp_path / "selection"
    path = write_round(folder, picked, model_version="v1", now=datetime(2026, 1, 1, tzinfo=UTC))
    (folder / "round-damaged.json").write_text("{", encoding="utf-8")
    (read,) = read_rounds(folder)
    assert [task.task_id for task in read.tasks] == [one.task.task_id for one in picked]
    assert sorted(task.is_random for task in read.tasks) == [False, False, True]
    assert json.loads(path.read_text("utf-8"))["tasks"][0]["reasons"]
