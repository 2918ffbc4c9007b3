"""Corrections survive whatever is killed, and whatever becomes of the webhooks.

Annotators work without end while the backend, the training process and Label Studio are killed at
random, and events get lost, doubled, delayed and reordered. In the end the ledger says what Label
Studio says, and the model store is whole. `WEFT_SOAK_KILLS` sets how often something is killed; the
figures of 50 or more go to `bench/results/loop-kills.json`. Where `WEFT_SOAK_SEED_FOLDER` names a
folder with an `account.json` and a `label-studio` of an earlier run, a copy of them is used, which
saves making Label Studio's database.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.connect import connect
from backend.database import open_database
from backend.demo.label_studio import load_account
from backend.demo.processes import LOOPBACK
from backend.label_studio import LabelStudioClient
from backend.ledger.tables import LedgerAnnotationRow, LedgerCellRow, LedgerRegionRow
from backend.served_ontology import served_ontology
from backend.settings import Settings
from bench.run import RESULTS, machine
from ontology.load import default_ontology_path, load_ontology
from tagger.registry import ModelStore, verify
from tagger.render import render_catalog
from tests.soak.killing import Programs, RestlessTrainer, is_trainer, runs
from tests.soak.restless_annotators import RestlessAnnotators
from tests.soak.unreliable_mail import UnreliableMail, listening, wait_for

pytestmark = pytest.mark.soak

NUM_KILLS = int(os.environ.get("WEFT_SOAK_KILLS", "50"))
PUBLISHED_FROM = 50
SEED = int(os.environ.get("WEFT_SOAK_SEED", "1"))
NUM_PICTURES, NUM_TASKS = 12, 40
LONGEST_PAUSE_S = 6.0
NUM_BEFORE = 15  # annotations that are there before the first kill
SETTLE_S = 900.0

Said = dict[int, tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was found when everything had come to rest."""

    figures: dict[str, Any]
    label_studio: Said
    ledger: Said
    num_rows: int
    tables: list[Any]
    tables_again: list[Any]
    listing: str
    live: str
    broken_versions: list[str]
    stuck_runs: list[Any]
    reports: list[str]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("loop")
    if prepared := os.environ.get("WEFT_SOAK_SEED_FOLDER"):
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
    programs = Programs.on_free_ports(folder, seeded(0))
    mail = UnreliableMail(target=f"http://{LOOPBACK}:{programs.backend_port}", source=seeded(1))
    try:
        with listening(mail, programs.mail_port):
            yield live_through(programs, mail)
    finally:
        programs.stop_everything()


def live_through(programs: Programs, mail: UnreliableMail) -> Outcome:
    programs.start("label_studio")
    programs.start("backend")
    token = load_account(programs.folder).token
    client = LabelStudioClient(programs.label_studio_url, token, timeout_s=120)
    annotators = prepare(programs, client)
    trainer = RestlessTrainer(programs=programs, source=seeded(3))
    threads = [threading.Thread(target=work.run, daemon=True) for work in (annotators, trainer)]
    for thread in threads:
        thread.start()
    wait_for(
        lambda: annotators.counts["created"] >= NUM_BEFORE, timeout_s=SETTLE_S, what="annotations"
    )
    began = time.monotonic()
    for _ in range(NUM_KILLS):
        time.sleep(programs.source.uniform(0.0, LONGEST_PAUSE_S))
        programs.kill_one()
    seconds = time.monotonic() - began
    for work in (annotators, trainer):
        work.stop.set()
    for kind in ("label_studio", "backend"):
        programs.wait(kind)
    for thread in threads:
        thread.join(SETTLE_S)
    mail.settle()
    wait_for(lambda: not open_runs(programs), timeout_s=SETTLE_S, what="every training run ends")
    reports = [programs.weft("corrections", "reconcile").stdout]
    mail.deliver_held()
    reports.append(programs.weft("corrections", "reconcile").stdout)
    programs.stop("backend")
    figures = {
        "machine": machine(),
        "kills": {"all": sum(programs.kills.values()), **sorted_counts(programs.kills)},
        "seconds": round(seconds),
        "events": sorted_counts(mail.counts),
        "deeds": sorted_counts(annotators.counts),
        "training": sorted_counts(trainer.ends),
    }
    return look(programs, client, annotators.project_id, figures, reports)


def prepare(programs: Programs, client: LabelStudioClient) -> RestlessAnnotators:
    """Make a connected project with pictures and tasks."""
    ontology = load_ontology(default_ontology_path())
    render_catalog(programs.folder / "drawn", count=NUM_PICTURES, seed=11, ontology=ontology)
    project_id = int(client.create_project("Killed often")["id"])
    connect(
        client,
        backend_url=f"http://{LOOPBACK}:{programs.mail_port}",
        ontology=served_ontology(Settings(data_dir=programs.data_dir)),
        project_id=project_id,
        webhook_secret=load_account(programs.folder).webhook_secret,
    )
    pictures = sorted((programs.folder / "drawn" / "images").iterdir())
    client.import_files(project_id, pictures)
    first = list(client.tasks(project_id))
    images = [task["data"]["image"] for task in first]
    more = [{"data": {"image": images[number % len(images)]}} for number in range(NUM_TASKS)]
    client.import_tasks(project_id, more)
    wait_for(
        lambda: sum(bool(task["predictions"]) for task in client.tasks(project_id)) >= NUM_PICTURES,
        timeout_s=SETTLE_S,
        what="the first tasks are predicted",
        every_s=2.0,
    )
    return RestlessAnnotators(
        client=client,
        project_id=project_id,
        images=images,
        kept=frozenset(task["id"] for task in first),
        source=seeded(2),
    )


def open_runs(programs: Programs) -> list[Any]:
    ended = ("promoted", "rejected", "undecided", "failed")
    return [row for row in runs(programs.data_dir) if row[1] not in ended]


def look(
    programs: Programs,
    client: LabelStudioClient,
    project_id: int,
    figures: dict[str, Any],
    reports: list[str],
) -> Outcome:
    """Compare, and make everything again."""
    theirs = said_in_label_studio(client, project_id)
    rows, ours = said_in_ledger(programs.data_dir, project_id)
    tables = derived_tables(programs.data_dir)
    again = programs.weft("corrections", "rederive")
    assert again.returncode == 0, again.stderr
    store = ModelStore(programs.data_dir / "models")
    stuck = [
        row
        for row in runs(programs.data_dir)
        if row[1] in ("running", "gating") and not is_trainer(row[2])
    ]
    different = {number for number in {*theirs, *ours} if theirs.get(number) != ours.get(number)}
    states = Counter(state for _, state, _ in runs(programs.data_dir))
    figures |= {
        "annotations": {
            "compared": len(theirs),
            **sorted_counts(Counter(said[1] for said in theirs.values())),
            "different": len(different),
            "doubled": rows - len(ours),
            "deleted_rows": sum(row["state"] == "deleted" for row in tables[0]),
        },
        "training_runs": sorted_counts(states),
        "versions": len(store.versions()),
        "drafts_left_behind": len(list(store.root.glob(".draft-*"))),
    }
    if sum(programs.kills.values()) >= PUBLISHED_FROM:
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(figures, indent=1) + "\n"
        (RESULTS / "loop-kills.json").write_text(text, "utf-8")
    (programs.folder / "figures.json").write_text(json.dumps(figures, indent=1), "utf-8")
    listing = programs.weft("models", "list")
    assert listing.returncode == 0, listing.stderr
    return Outcome(
        figures=figures,
        label_studio=theirs,
        ledger=ours,
        num_rows=rows,
        tables=tables,
        tables_again=derived_tables(programs.data_dir),
        listing=listing.stdout,
        live=verify(store.live()).version,
        broken_versions=[name for name in store.versions() if not is_whole(store, name)],
        stuck_runs=stuck,
        reports=reports,
    )


def said_in_label_studio(client: LabelStudioClient, project_id: int) -> Said:
    found: Said = {}
    for task in client.tasks(project_id):
        for item in task["annotations"]:
            # Only the action that nobody looks at leaves the time out.
            is_bulk = item["lead_time"] is None
            state = "skipped" if item["was_cancelled"] else "bulk" if is_bulk else "submitted"
            rest = (item["lead_time"], item["ground_truth"], item["completed_by"])
            found[item["id"]] = (task["id"], state, item["result"], *rest)
    return found


def said_in_ledger(data_dir: Path, project_id: int) -> tuple[int, Said]:
    """Return the number of living rows, and what they say."""
    living = (
        LedgerAnnotationRow.project_id == project_id,
        LedgerAnnotationRow.state != "deleted",
    )
    database = open_database(data_dir)
    try:
        with database.reading() as session:
            rows = list(session.scalars(select(LedgerAnnotationRow).where(*living)))
            return len(rows), {
                row.annotation_id: (
                    *(row.task_id, row.state, row.result),
                    *(row.lead_time_s, row.ground_truth, row.completed_by),
                )
                for row in rows
            }
    finally:
        database.close()


def derived_tables(data_dir: Path) -> list[Any]:
    database = open_database(data_dir)
    try:
        with database.reading() as session:
            return [
                [
                    dict(row)
                    for row in session.execute(
                        select(table.__table__).order_by(*table.__table__.primary_key)
                    ).mappings()
                ]
                for table in (LedgerAnnotationRow, LedgerRegionRow, LedgerCellRow)
            ]
    finally:
        database.close()


def is_whole(store: ModelStore, name: str) -> bool:
    try:
        return verify(store.path(name)).version == name
    except Exception:
        return False


def seeded(number: int) -> random.Random:
    return random.Random(f"{SEED}/{number}")  # noqa: S311 - not a secret


def sorted_counts(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def test_the_ledger_says_of_every_annotation_what_label_studio_says(outcome: Outcome) -> None:
    assert len(outcome.label_studio) > 0
    assert outcome.ledger == outcome.label_studio


def test_no_annotation_is_there_twice(outcome: Outcome) -> None:
    assert outcome.num_rows == len(outcome.ledger)


def test_making_the_ledger_again_changes_nothing(outcome: Outcome) -> None:
    assert outcome.tables_again == outcome.tables


def test_the_model_store_is_whole(outcome: Outcome) -> None:
    assert outcome.broken_versions == []
    assert f"* {outcome.live}" in outcome.listing


def test_no_training_run_waits_for_a_dead_process(outcome: Outcome) -> None:
    assert outcome.stuck_runs == []


def test_everything_was_killed_as_often_as_asked(outcome: Outcome) -> None:
    kills = outcome.figures["kills"]

    assert kills["all"] == NUM_KILLS
    if NUM_KILLS >= PUBLISHED_FROM:
        assert min(kills[kind] for kind in ("backend", "trainer", "label_studio")) >= 5
