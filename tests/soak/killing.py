"""The programs of the loop, and killing them."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from backend.demo.label_studio import (
    default_program,
    load_account,
    start_label_studio,
    wait_for_label_studio,
)
from backend.demo.processes import LOOPBACK, Program, free_port, start, stop_all, wait_until_up

ROOT = Path(__file__).parents[2]
KINDS = {"backend": 9, "trainer": 6, "label_studio": 5}
_UP_S = 240.0
_NO_TRAINER_S = 30.0


@dataclass(kw_only=True)
class Programs:
    """Label Studio, the backend and whatever trains, in one folder.

    Attributes:
        mail_port: Where Label Studio believes the backend to be.
        kills: How often each was killed.
    """

    folder: Path
    source: random.Random
    label_studio_port: int
    backend_port: int
    mail_port: int
    kills: Counter[str] = field(default_factory=Counter)
    running: dict[str, Program] = field(default_factory=dict)

    @classmethod
    def on_free_ports(cls, folder: Path, source: random.Random) -> Programs:
        ports: list[int] = []
        for _ in range(3):
            ports.append(free_port(0, taken=frozenset(ports)))
        one, two, three = ports
        return cls(
            folder=folder, source=source, label_studio_port=one, backend_port=two, mail_port=three
        )

    @property
    def label_studio_url(self) -> str:
        return f"http://{LOOPBACK}:{self.label_studio_port}"

    @property
    def data_dir(self) -> Path:
        return self.folder / "backend"

    def environment(self) -> dict[str, str]:
        account = load_account(self.folder)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WEFT_")}
        return kept | {
            "WEFT_PORT": str(self.backend_port),
            "WEFT_PUBLIC_URL": f"http://{LOOPBACK}:{self.mail_port}",
            "WEFT_DATA_DIR": str(self.data_dir),
            "WEFT_LABEL_STUDIO_URL": self.label_studio_url,
            "WEFT_LABEL_STUDIO_TOKEN": account.token,
            "WEFT_WEBHOOK_SECRET": account.webhook_secret,
            "WEFT_RECONCILE_MINUTES": "1",
            "WEFT_BLIND_SHARE": "0.2",
            "WEFT_RETRAIN_AFTER": "0",
        }

    def start(self, kind: str, *, is_waiting: bool = True) -> None:
        if kind == "label_studio":
            account = load_account(self.folder)
            port = self.label_studio_port
            program = start_label_studio(default_program(), account, port=port, folder=self.folder)
        else:
            command = [sys.executable, "-m", "backend.cli", "serve"]
            program = start("backend", command, environment=self.environment(), folder=self.folder)
        self.running[kind] = program
        if is_waiting:
            self.wait(kind)

    def wait(self, kind: str) -> None:
        if kind == "label_studio":
            wait_for_label_studio(self.running[kind], url=self.label_studio_url)
        else:
            url = f"http://{LOOPBACK}:{self.backend_port}/health"
            wait_until_up(self.running[kind], url, timeout_s=_UP_S)

    def kill_one(self) -> None:
        """Kill a program at random; servers are started again, and mostly waited for."""
        kind = self.source.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "trainer" and not kill_trainer(self.data_dir, self.source):
            kind = "backend"
        if kind != "trainer":
            kill_outright(self.running[kind])
            self._keep_log(kind)
            self.start(kind, is_waiting=self.source.random() < 0.7)
        self.kills[kind] += 1

    def _keep_log(self, kind: str) -> None:
        log = self.running[kind].log
        with (self.folder / f"{log.stem}-before.log").open("ab") as kept:
            kept.write(log.read_bytes())

    def stop(self, kind: str) -> None:
        stop_all([self.running[kind]], grace_s=20.0)
        self._keep_log(kind)

    def stop_everything(self) -> None:
        stop_all(list(self.running.values()))
        for number in working_trainers(self.data_dir):
            with suppress(ProcessLookupError):
                os.killpg(number, signal.SIGKILL)

    def weft(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "backend.cli", *arguments],
            capture_output=True,
            text=True,
            env=self.environment(),
            cwd=ROOT,
            timeout=900,
            check=False,
        )


@dataclass(kw_only=True)
class RestlessTrainer:
    """One thread that trains again and again, and now and then makes the candidate live.

    Attributes:
        ends: Exit statuses of `weft retrain`, counted; -9 for those that were killed.
    """

    programs: Programs
    source: random.Random
    ends: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Train until told to stop."""
        while not self.stop.wait(self.source.uniform(0.0, 5.0)):
            status, text = self._weft("retrain", "--fast")
            self.ends[f"retrain_{status}"] += 1
            words = [line.split() for line in text.splitlines() if line.startswith("candidate ")]
            if words and self.source.random() < 0.5:
                status, _ = self._weft("models", "promote", words[-1][1].rstrip(":"))
                self.ends[f"promote_{status}"] += 1

    def _weft(self, *arguments: str) -> tuple[int, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.programs.environment(),
            cwd=ROOT,
            start_new_session=True,
        )
        text, _ = process.communicate()
        with (self.programs.folder / "trainer.log").open("a", encoding="utf-8") as log:
            log.write(f"--- {' '.join(arguments)}: {process.returncode}\n{text}")
        return process.returncode, text


def kill_outright(program: Program) -> None:
    """Kill a program and its children with -9; they are not asked first."""
    with suppress(ProcessLookupError):
        os.killpg(program.process.pid, signal.SIGKILL)
    program.process.wait()
    program.pid_file.unlink(missing_ok=True)


def kill_trainer(data_dir: Path, source: random.Random) -> bool:
    """Wait until a run is worked on, and a bit more, and kill its process; False if none comes."""
    deadline = time.monotonic() + _NO_TRAINER_S
    while time.monotonic() < deadline:
        if working_trainers(data_dir):
            time.sleep(source.uniform(0.0, 6.0))
            if found := working_trainers(data_dir):
                with suppress(ProcessLookupError):
                    os.killpg(found[-1], signal.SIGKILL)
                    return True
        time.sleep(0.1)
    return False


def working_trainers(data_dir: Path) -> list[int]:
    """Return the processes that live and work on a run, as the table of runs tells them."""
    rows = runs(data_dir)
    return [pid for _, state, pid in rows if state in ("running", "gating") and is_trainer(pid)]


def runs(data_dir: Path) -> list[tuple[int, str, int | None]]:
    """Return id, state and process of every training run."""
    file = data_dir / "weft.sqlite3"
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(file, timeout=30)) as connection:
            return list(connection.execute("SELECT id, state, pid FROM training_runs ORDER BY id"))
    except sqlite3.OperationalError:
        return []  # the tables are not made yet


def is_trainer(pid: int | None) -> bool:
    """Whether a process lives and is one of `weft retrain`."""
    file = Path(f"/proc/{pid}/cmdline")
    try:
        return pid is not None and b"retrain" in file.read_bytes()
    except OSError:
        return False
