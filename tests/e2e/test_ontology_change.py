"""An ontology changes while annotations exist: a real Label Studio loses none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ontology.config_map import ConfigMap
from ontology.label_config import build_label_config
from ontology.load import default_ontology_path, load_ontology
from tests.live import ROOT, Live, clean_environment

pytestmark = pytest.mark.e2e

CHANGES = (
    # One value is added, one renamed, and one split.
    (
        "{id: solid, label: Solid",
        "{id: stippled, label: Stippled}\n      - {id: solid, label: Solid",
    ),
    ("{id: checked, label: Checked", "{id: chequered, label: Chequered, was: checked"),
    (
        "{id: striped, label: Striped",
        "{id: pinstriped, label: Pinstriped, was: striped}\n      - {id: striped, label: Striped",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A project before and after the change."""

    project_id: int
    new_file: Path
    before: dict[int, Any]
    after: dict[int, Any]
    config: str
    outputs: list[subprocess.CompletedProcess[str]]


def changed_file(folder: Path) -> Path:
    text = default_ontology_path().read_text("utf-8")
    for old, new in CHANGES:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = folder / "new.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def answers(tag: str, value: str, label: str) -> list[dict[str, Any]]:
    box = {"x": 10, "y": 10, "width": 50, "height": 60, "rotation": 0}
    shared = {
        "id": "region",
        "to_name": "image",
        "original_width": 100,
        "original_height": 100,
        "image_rotation": 0,
    }
    return [
        shared
        | {
            "from_name": "label",
            "type": "rectanglelabels",
            "value": box | {"rectanglelabels": [label]},
        },
        shared | {"from_name": tag, "type": "choices", "value": box | {"choices": [value]}},
    ]


def annotations(live: Live, project_id: int) -> dict[int, Any]:
    return {
        annotation["id"]: annotation["result"]
        for task in live.tasks(project_id)
        for annotation in task["annotations"]
    }


def weft(live: Live, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `weft` with models and a database of its own, so that others' tests see no change."""
    environment = clean_environment() | {
        "WEFT_DATA_DIR": str(data),
        "WEFT_LABEL_STUDIO_URL": live.url,
        "WEFT_LABEL_STUDIO_TOKEN": live.account["token"],
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
    }
    return subprocess.run(
        [sys.executable, "-m", "backend.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def changed(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Changed:
    folder = tmp_path_factory.mktemp("change")
    ontology = load_ontology(default_ontology_path())
    xml = build_label_config(ontology)
    config = ConfigMap.parse(xml, ontology)
    tag = config.choices["pattern", "tshirt"]
    label = config.label_by_category["tshirt"]
    project = live.call(
        "POST", "/api/projects/", json={"title": "Changing ontology", "label_config": xml}
    )
    tasks = live.call(
        "POST",
        f"/api/projects/{project['id']}/import?return_task_ids=1",
        json=[{"image": f"http://pictures.example/{name}.jpg"} for name in "abcd"],
    )["task_ids"]
    for task, value in zip(tasks, ("solid", "checked", "striped"), strict=False):
        live.call(
            "POST",
            f"/api/tasks/{task}/annotations/",
            json={"result": answers(tag.name, tag.label_by_value[value], label), "lead_time": 4},
        )
    before = annotations(live, project["id"])
    file = changed_file(folder)
    command = ("ontology", "migrate", str(default_ontology_path()), str(file))
    options = ("--project", str(project["id"]))
    outputs = [
        weft(live, folder / "data", *command, *options, *more) for more in (("--dry-run",), (), ())
    ]
    state = live.call("GET", f"/api/projects/{project['id']}")
    return Changed(
        project_id=project["id"],
        new_file=file,
        before=before,
        after=annotations(live, project["id"]),
        config=str(state["label_config"]),
        outputs=outputs,
    )


def test_every_annotation_is_as_it_was(changed: Changed) -> None:
    assert [done.returncode for done in changed.outputs] == [0, 0, 0], changed.outputs
    assert len(changed.before) == 3
    assert changed.after == changed.before


def test_every_stored_answer_has_its_meaning_in_the_new_ontology(changed: Changed) -> None:
    config = ConfigMap.parse(changed.config, load_ontology(changed.new_file))
    tag = config.choices["pattern", "tshirt"]
    stored = [result[1]["value"]["choices"][0] for _, result in sorted(changed.after.items())]

    meanings = [
        {tag.value_by_label[text]} if text in tag.value_by_label else tag.legacy[text]
        for text in stored
    ]

    assert meanings == [{"solid"}, {"chequered"}, {"striped", "pinstriped"}]
    assert config.unmapped == ()
    assert "stippled" in tag.label_by_value


def test_new_values_can_be_answered_in_the_changed_project(live: Live, changed: Changed) -> None:
    ontology = load_ontology(changed.new_file)
    config = ConfigMap.parse(changed.config, ontology)
    tag = config.choices["pattern", "tshirt"]
    label = config.label_by_category["tshirt"]
    task = live.tasks(changed.project_id)[-1]["id"]

    made = live.call(
        "POST",
        f"/api/tasks/{task}/annotations/",
        json={"result": answers(tag.name, tag.label_by_value["stippled"], label)},
    )

    found = live.call("GET", f"/api/annotations/{made['id']}/")["result"][1]["value"]["choices"]
    assert tag.value_by_label[found[0]] == "stippled"
    live.call("DELETE", f"/api/annotations/{made['id']}/")


def test_dry_run_names_the_answer_that_became_a_set_and_writes_nothing(changed: Changed) -> None:
    dry, real, again = (done.stdout for done in changed.outputs)

    assert "'Striped' is one of pinstriped, striped now" in dry
    assert "would write the labeling config" in dry
    assert "wrote the labeling config" in real
    assert "queued 2 tasks" in real  # the one without an annotation, and the one that is a set now
    assert "answers in the new ontology already" in again
    assert "the labeling config was right already" in again
    assert "queued 0 tasks" in again
    assert "'Striped' is one of pinstriped, striped now" in again
