"""`/loop`, its figures in the metrics and in the terminal, and the gate's reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, generate_latest

from backend._served_rows import ServedVersionRow
from backend.database import utc_now
from backend.live_watch import Withdrawal
from backend.retraining.tables import TrainingRunRow
from backend.stats.drift import DriftLimits
from backend.stats.page import LoopParts, loop_blueprint
from backend.stats.prometheus import register
from backend.stats.sent import DriftWatch
from backend.stats.snapshot import Snapshot
from backend.stats.summary import LoopStats, compute_stats, report_of
from backend.stats.text import lines_of
from tests.backend.stats.support import LedgerRows, ledger_rows

HTML = {"Accept": "text/html"}
HOSTILE = "<script>alert(1)</script>"


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root

    def live(self) -> Path:
        return Path("v2")

    def previous(self) -> Path:
        return Path("v1")


def run_row(rows: LedgerRows, state: str, report: str = "") -> int:
    row = TrainingRunRow(
        kind="fast",
        trigger="count",
        state=state,
        pid=None,
        progress=0.5,
        note=HOSTILE,
        candidate="v3",
        live_version="v2",
        counts={},
        verdict={"report": report} if report else {},
        created_at=utc_now(),
        started_at=None,
        updated_at=utc_now(),
        finished_at=None,
        attempts=1,
    )
    with rows.database.transaction() as session:
        session.add(row)
    return row.id


def fill(rows: LedgerRows) -> None:
    for at in range(40):
        version = "v1" if at < 25 else "v2"
        rows.judged(6, at % 3, version=version, completed_by=at % 2, lead_time_s=20.0 + at)
    rows.annotation([("added", [("a0", "added", [], ["x"])])], is_blind=True, lead_time_s=90.0)
    rows.judged(1, 0, version="v2", state="skipped")
    rng = np.random.default_rng(0)
    for at in range(40):
        scores = {"neck": {"v" if at < 20 else "w": 0.9, "x": float(rng.random() / 2)}}
        rows.sent(f"i{at}", version="v2", scores=scores, embedding=rng.normal(size=4).tolist())
    faulty = {"version": "v2", "fault": "Label Studio refused the title"}
    with rows.database.transaction() as session:
        session.add(
            ServedVersionRow(
                project_uid="1.1",
                project_id=1,
                model_version="v1",
                announced_at=None,
                pending=faulty,
            )
        )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerRows]:
    with ledger_rows(tmp_path_factory.mktemp("loop")) as rows:
        fill(rows)
        yield rows


def stats_of(rows: LedgerRows) -> LoopStats:
    limits = DriftLimits(reference=20, newest=20, num_permutations=99, min_present=5)
    drift = DriftWatch(rows.database, limits=limits)
    return compute_stats(rows.database, store=Store(rows.folder), drift=drift)  # type: ignore[arg-type]  # a stand-in


def client_of(rows: LedgerRows, compute: Any = None) -> FlaskClient:
    app = Flask("backend")
    snapshot = Snapshot(compute or (lambda: stats_of(rows)))
    parts = LoopParts(
        snapshot=snapshot,
        data_dir=rows.folder,
        report_of=lambda run: report_of(rows.database, run),
    )
    app.register_blueprint(loop_blueprint(parts))
    return app.test_client()


def test_figures_hold_everything_that_the_ledger_says(filled: LedgerRows) -> None:
    stats = stats_of(filled)

    assert (stats.live, stats.before) == ("v2", "v1")
    assert stats.annotations == {"skipped": 1, "submitted": 41}
    assert stats.num_tasks == 41
    assert {row.model_version for row in stats.acceptance} == {"v1", "v2"}
    assert stats.blind.num_tasks == 1
    assert [row.model_version for row in stats.clicks] == ["v1", "v2"]
    assert stats.watch is not None
    assert (stats.watch.num_before, stats.watch.num) == (25, 15)
    assert stats.drift is not None
    assert stats.drift.is_alarm
    assert (stats.renewed.num_projects, stats.renewed.num_pending) == (1, 1)
    json.dumps(stats.to_dict())


def test_programs_get_the_figures_as_json(filled: LedgerRows) -> None:
    answer = client_of(filled).get("/loop").get_json()

    assert answer["fault"] == ""
    assert answer["stats"]["live"] == "v2"
    assert answer["stats"]["acceptance"][0]["rate"]["low"] > 0


def test_browsers_get_a_page_with_plots_and_no_outside_host(filled: LedgerRows) -> None:
    response = client_of(filled).get("/loop", headers=HTML)
    page = response.get_data(as_text=True)

    assert response.mimetype == "text/html"
    for title in ("What annotators accept", "Clicks", "Time", "Watch over", "Drift", "Training"):
        assert title in page
    assert page.count('<svg role="img" aria-label=') == 4
    loaded = re.findall(r'(?:src|href|action)="([^"#]+)"', page)
    linked = [link for link in loaded if link != "data:,"]  # no icon is asked for
    assert {link.split("/")[1] for link in linked} <= {"loop", "jobs", "metrics"}
    assert "<script" not in page
    assert "Label Studio refused the title" in page
    assert "answers to neck" in page


def test_ids_of_the_plots_do_not_clash(filled: LedgerRows) -> None:
    page = client_of(filled).get("/loop", headers=HTML).get_data(as_text=True)
    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', page)) - {"main"}
    assert used <= set(ids)


def test_page_can_be_used_by_keyboard_and_screen_reader(filled: LedgerRows) -> None:
    page = client_of(filled).get("/loop", headers=HTML).get_data(as_text=True)

    assert '<html lang="en">' in page
    assert 'class="skip" href="#main"' in page
    assert page.count("<h1>") == 1
    assert all("scope=" in tag for tag in re.findall(r"<th\b[^>]*>", page))
    scrolled = re.findall(r'<div class="scroll"[^>]*>', page)
    assert all('tabindex="0"' in tag and "aria-label" in tag for tag in scrolled)


def test_empty_ledger_gives_a_page_that_says_so(rows: LedgerRows) -> None:
    page = client_of(rows).get("/loop", headers=HTML).get_data(as_text=True)

    assert "Nothing needs attention." in page
    assert "nothing was judged yet" in page
    assert "0 of 40 predicted regions" in page
    assert "<svg" not in page


def test_failure_is_shown_in_place_of_figures(rows: LedgerRows) -> None:
    def compute() -> Any:
        raise RuntimeError("/secret")

    client = client_of(rows, compute)

    assert "log explains" in client.get("/loop").get_json()["fault"]
    page = client.get("/loop", headers=HTML).get_data(as_text=True)
    assert "being computed" in page
    assert "secret" not in page


def test_without_a_database_the_page_says_so(tmp_path: Path) -> None:
    app = Flask("backend")
    app.register_blueprint(
        loop_blueprint(LoopParts(snapshot=None, data_dir=tmp_path, report_of=lambda _: ""))
    )
    client = app.test_client()

    assert client.get("/loop").get_json() == {"fault": "there is no database", "stats": None}
    assert client.get("/loop/reports/1").status_code == 404


def test_text_from_outside_is_escaped(rows: LedgerRows) -> None:
    rows.judged(3, 1, version=HOSTILE)
    run_row(rows, "running")

    page = client_of(rows).get("/loop", headers=HTML).get_data(as_text=True)

    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_withdrawn_version_is_announced(rows: LedgerRows) -> None:
    gone = Withdrawal(
        version="v3",
        returned_to="v2",
        at="2026-03-01T00:00:00+00:00",
        mean=0.5,
        mean_before=0.9,
        num=40,
        num_before=60,
        is_done=True,
    )
    plain = {name: getattr(gone, name) for name in Withdrawal.__dataclass_fields__}
    (rows.folder / "withdrawn.json").write_text(json.dumps([plain]))

    page = client_of(rows).get("/loop", headers=HTML).get_data(as_text=True)

    assert "Version v3 was withdrawn" in page
    assert "weft_automatic_rollbacks_total 1.0" in metrics_of(rows)
    assert any("withdrawn at" in line for line in lines_of(stats_of(rows)))


def test_gate_report_is_served_as_page_and_json(rows: LedgerRows) -> None:
    folder = rows.folder / "reports" / "r1"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<h1>verdict</h1>")
    (folder / "report.json").write_text('{"verdict": 1}')
    for named in (str(folder), "reports/r1/report.json"):
        run = run_row(rows, "rejected", named)
        client = client_of(rows)

        shown = client.get(f"/loop/reports/{run}", headers=HTML)

        assert shown.get_data(as_text=True) == "<h1>verdict</h1>"
        assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
        assert client.get(f"/loop/reports/{run}").get_json() == {"verdict": 1}
        page = client.get("/loop", headers=HTML).get_data(as_text=True)
        assert f'href="/loop/reports/{run}"' in page


def test_report_is_served_before_the_figures_are_computed_anew(rows: LedgerRows) -> None:
    folder = rows.folder / "reports" / "r1"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<h1>verdict</h1>")
    client = client_of(rows)
    client.get("/loop", headers=HTML)

    run = run_row(rows, "promoted", str(folder))

    assert client.get(f"/loop/reports/{run}", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    ("state", "said"), [("undecided", "waits for a person&#39;s decision"), ("failed", "failed: ")]
)
def test_run_that_did_not_decide_asks_for_a_person(rows: LedgerRows, state: str, said: str) -> None:
    run = run_row(rows, state)
    page = client_of(rows).get("/loop", headers=HTML).get_data(as_text=True)
    run_row(rows, "promoted")
    later = client_of(rows).get("/loop", headers=HTML).get_data(as_text=True)

    assert f"Training run {run} {said}" in page
    assert f"Training run {run} {said}" not in later


@pytest.mark.parametrize("outside", ["..", "../elsewhere", "/etc", "reports/link"])
def test_nothing_outside_the_data_folder_is_served(tmp_path: Path, outside: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder in (tmp_path, elsewhere):
        (folder / "report.html").write_text("secret")
    with ledger_rows(tmp_path / "data") as rows:
        (rows.folder / "reports").mkdir()
        (rows.folder / "reports" / "link").symlink_to(elsewhere)
        run = run_row(rows, "rejected", outside)

        response = client_of(rows).get(f"/loop/reports/{run}", headers=HTML)

    assert response.status_code == 404
    assert "secret" not in response.get_data(as_text=True)


def test_run_without_a_report_is_not_found(rows: LedgerRows) -> None:
    run = run_row(rows, "queued")

    assert client_of(rows).get(f"/loop/reports/{run}").status_code == 404


def metrics_of(rows: LedgerRows) -> str:
    registry = CollectorRegistry()
    snapshot = Snapshot(lambda: stats_of(rows))
    register(registry, snapshot)
    snapshot.current(wait_s=60)
    return generate_latest(registry).decode()


def test_metrics_carry_the_last_figures(filled: LedgerRows) -> None:
    text = metrics_of(filled)

    assert 'weft_annotations{state="submitted"} 41.0' in text
    assert 'weft_acceptance_rate{attribute="(all attributes)",model_version="v2"}' in text
    assert 'weft_task_seconds_median{kind="blind",model_version="all"} 90.0' in text
    assert "weft_drift_alarm 1.0" in text
    assert "weft_renewal_pending_projects 1.0" in text


def test_every_metric_is_named_before_anything_is_computed() -> None:
    registry = CollectorRegistry()
    register(registry, Snapshot(lambda: None, every_s=60))  # type: ignore[arg-type, return-value]  # computes nothing

    assert generate_latest(registry).decode().count("# TYPE weft_") == 11


def test_terminal_shows_the_same_figures(filled: LedgerRows) -> None:
    text = "\n".join(lines_of(stats_of(filled)))

    for part in ("live version v2, before it v1", "41 submitted", "(category)", "clicks a task"):
        assert part in text
    assert re.search(r"drift: ALARM; .* the answers to neck", text)
