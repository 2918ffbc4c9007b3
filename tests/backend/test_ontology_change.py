"""A project on its way to a changed ontology, step by step and again after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.database import Database, open_database
from backend.jobs import JobQueue
from backend.ledger.migrate_labels import read_history
from backend.ontology_change import change_project
from ontology import parse_ontology
from ontology.compare import compare
from ontology.config_map import ConfigMap
from ontology.label_config import build_label_config

OLD = """
format: 1
id: lamps
version: "1"
label: Lamps
categories: [{id: desk, label: Desk}, {id: floor, label: Floor}]
attributes:
  - id: shade
    label: Shade
    kind: exclusive
    applies_to: [desk, floor]
    values:
      - {id: cone, label: Cone}
      - {id: drum, label: Drum}
      - {id: globe, label: Globe}
"""
NEW = (
    OLD.replace("{id: cone, label: Cone}", "{id: tip, label: Tip, was: cone}")
    .replace("      - {id: globe, label: Globe}\n", "")
    .replace(
        "{id: drum, label: Drum}",
        "{id: low, label: Low, was: drum}\n      - {id: high, label: High, was: drum}",
    )
)
MIGRATION = compare(parse_ontology(OLD, file="old.yaml"), parse_ontology(NEW, file="new.yaml"))
CREATED_AT = "2026-11-21T02:17:16.934259Z"


class KilledError(Exception):
    """Stands for the end of the process."""


class Client:
    """As much of Label Studio as is asked for."""

    def __init__(self, answers: dict[int, str]) -> None:
        self.label_config = build_label_config(MIGRATION.old)
        self.num_writes = 0
        self.answers = answers
        self.dies_at = ""

    def project(self, project_id: int) -> dict[str, Any]:
        return {"id": project_id, "created_at": CREATED_AT, "label_config": self.label_config}

    def update_project(self, project_id: int, *, label_config: str) -> None:
        if self.dies_at == "before writing":
            raise KilledError
        self.label_config, self.num_writes = label_config, self.num_writes + 1
        if self.dies_at == "after writing":
            raise KilledError

    def tasks(self, project_id: int) -> Iterator[dict[str, Any]]:
        for number, text in self.answers.items():
            yield {
                "id": number,
                "data": {"image": f"http://pictures.example/{number}.jpg"},
                "annotations": [{"id": number * 10, "result": self._result(text)}] if text else [],
            }

    def _result(self, text: str) -> list[dict[str, Any]]:
        return [
            {
                "id": "r",
                "from_name": "label",
                "type": "rectanglelabels",
                "value": {"rectanglelabels": ["Desk"]},
            },
            {"id": "r", "from_name": "shade", "type": "choices", "value": {"choices": [text]}},
        ]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = open_database(tmp_path)
    yield found
    found.close()


@pytest.fixture
def client() -> Client:
    return Client({1: "Cone", 2: "Drum", 3: "Globe", 4: "", 5: "Cannot tell"})


def change(client: Client, database: Database, **options: Any):
    return change_project(
        client,  # type: ignore[arg-type]  # stands in for the real one
        7,
        MIGRATION,
        database=database,
        queue=JobQueue(database),
        model_version="v2",
        **options,
    )


def test_config_is_replaced_and_what_became_unknown_is_named(client, database):
    done = change(client, database)

    assert done.is_written
    assert ConfigMap.parse(client.label_config, MIGRATION.new).unmapped == ()
    assert [(label.task_id, label.text, label.meant) for label in done.unknown] == [
        (2, "Drum", ("high", "low")),
        (3, "Globe", ()),
    ]


def test_unlabelled_tasks_and_those_with_unknown_labels_are_queued_once(client, database):
    assert change(client, database).num_queued == 3
    assert change(client, database).num_queued == 0


def test_second_run_writes_nothing_and_says_the_same(client, database):
    first, second = change(client, database), change(client, database)

    assert (client.num_writes, second.is_written) == (1, False)
    assert second.unknown == first.unknown


@pytest.mark.parametrize("moment", ["before writing", "after writing"])
def test_a_stopped_run_is_continued(client, database, moment):
    client.dies_at = moment
    with pytest.raises(KilledError):
        change(client, database)
    client.dies_at = ""

    done = change(client, database)

    assert client.num_writes == 1
    assert [label.task_id for label in done.unknown] == [2, 3]
    assert done.num_queued == 3
    assert read_history(database).ontology_of(client.label_config) == MIGRATION.new


def test_dry_run_says_what_would_be_and_changes_nothing(client, database):
    before = client.label_config

    done = change(client, database, is_dry=True)

    assert (client.label_config, done.is_written, done.num_queued) == (before, False, 0)
    assert len(done.unknown) == 2
    assert not read_history(database).steps


def test_config_that_connecting_wrote_for_the_new_ontology_is_kept(client, database):
    client.label_config = build_label_config(MIGRATION.new)

    assert not change(client, database).is_written
