"""Nothing is lost or doubled when the backend is killed again and again in the middle of work."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.connect import connect
from backend.demo.label_studio import (
    default_program,
    load_account,
    start_label_studio,
    wait_for_label_studio,
)
from backend.demo.processes import LOOPBACK, Program, free_port, start, stop_all, wait_until_up
from backend.label_studio import LabelStudioClient
from backend.served_ontology import served_ontology
from backend.settings import Settings
from bench.run import RESULTS, machine
from ontology.load import default_ontology_path, load_ontology
from tagger.render import render_catalog
from tests.soak.killing import kill_outright

pytestmark = pytest.mark.soak

NUM_KILLS = 8
NUM_PICTURES = 12
NUM_TASKS = 300
DEADLINE_S = 600


@pytest.fixture
def label_studio(tmp_path: Path) -> Iterator[LabelStudioClient]:
    account, port = load_account(tmp_path), free_port(0)
    program = start_label_studio(default_program(), account, port=port, folder=tmp_path)
    try:
        wait_for_label_studio(program, url=f"http://{LOOPBACK}:{port}")
        yield LabelStudioClient(f"http://{LOOPBACK}:{port}", account.token, timeout_s=120)
    finally:
        stop_all([program])


def start_backend(folder: Path, label_studio: LabelStudioClient, port: int) -> Program:
    account = load_account(folder)
    environment = {
        **os.environ,
        "WEFT_PORT": str(port),
        "WEFT_DATA_DIR": str(folder / "backend"),
        "WEFT_LABEL_STUDIO_URL": label_studio.url,
        "WEFT_LABEL_STUDIO_TOKEN": account.token,
        "WEFT_WEBHOOK_SECRET": account.webhook_secret,
    }
    command = [sys.executable, "-m", "backend.cli", "serve"]
    program = start("backend", command, environment=environment, folder=folder)
    wait_until_up(program, f"http://{LOOPBACK}:{port}/health", timeout_s=60)
    return program


def num_without_prediction(client: LabelStudioClient, project_id: int) -> int:
    return sum(1 for task in client.tasks(project_id) if not task["predictions"])


def test_every_task_gets_exactly_one_prediction_however_often_the_backend_is_killed(
    label_studio: LabelStudioClient, tmp_path: Path
) -> None:
    drawn = tmp_path / "drawn"
    ontology = load_ontology(default_ontology_path())
    render_catalog(drawn, count=NUM_PICTURES, seed=11, ontology=ontology)
    port = free_port(0)
    backend = start_backend(tmp_path, label_studio, port)
    project_id = int(label_studio.create_project("Killed often")["id"])
    connect(
        label_studio,
        backend_url=f"http://{LOOPBACK}:{port}",
        ontology=served_ontology(Settings(data_dir=tmp_path / "backend")),
        project_id=project_id,
        webhook_secret=load_account(tmp_path).webhook_secret,
    )
    label_studio.import_files(project_id, sorted((drawn / "images").iterdir()))
    images = [task["data"]["image"] for task in label_studio.tasks(project_id)]
    tasks = [{"data": {"image": images[n % len(images)]}} for n in range(NUM_TASKS)]
    label_studio.import_tasks(project_id, tasks)
    try:
        for number in range(NUM_KILLS):
            time.sleep(0.5 + 0.5 * number)
            kill_outright(backend)
            backend = start_backend(tmp_path, label_studio, port)
        began = time.monotonic()
        while num_without_prediction(label_studio, project_id):
            assert time.monotonic() - began < DEADLINE_S
            time.sleep(2)
    finally:
        stop_all([backend])

    counts = [len(task["predictions"]) for task in label_studio.tasks(project_id)]
    RESULTS.mkdir(exist_ok=True)
    figures = {"machine": machine(), "kills": NUM_KILLS, "tasks": len(counts), "lost": 0}
    figures["doubled"] = sum(1 for count in counts if count > 1)
    (RESULTS / "kills.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    assert set(counts) == {1}
