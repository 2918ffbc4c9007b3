"""Run the demonstration from start to Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.demo.fill import Filling, fill
from backend.demo.pictures import find_pictures, render_pictures
from backend.demo.ports import Ports
from backend.demo.processes import (
    DemoError,
    Program,
    stop_all,
    stop_left_over,
    without_proxy,
)
from backend.demo.programs import REVIEWER, Running, start_programs, wait_for_programs
from backend.demo.project import DemoProject, forget_other_backends
from backend.demo.state import Source, load_source, save_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["DemoOptions", "run"]

_CALL_TIMEOUT_S = 60.0
_MAX_TITLE = 50
_RENDERED = "drawn pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What to show and where to keep it.

    `images` is the reader's folder, or None for drawn pictures; `count` is how many are drawn.
    """

    images: Path | None
    folder: Path
    count: int = 24
    follow_parent: bool = False


def run(options: DemoOptions) -> None:
    """Start everything, fill a project, wait for Ctrl-C, stop everything.

    Raises:
        DemoError: If something cannot be started or ends early.
    """
    from filelock import FileLock, Timeout

    options.folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(options.folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DemoError(
            f"a demonstration that uses {options.folder} is running; stop it with Ctrl-C first"
        ) from None
    programs: list[Program] = []
    # Inherited by both programs, and read by our own calls to them.
    os.environ.update(without_proxy(os.environ))
    with lock, Ports() as ports, _signals_interrupt():
        for name in stop_left_over(options.folder):
            say(f"ended {name}, left over from a run that was killed")
        try:
            _show(options, programs, ports)
        except KeyboardInterrupt:
            say("stopping")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half behind
            stop_all(programs)


def say(line: str) -> None:
    """Write a line to the terminal at once."""
    # A file's name need not be text that the terminal can show.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(f"{line.encode(encoding, 'backslashreplace').decode(encoding)}\n")
    sys.stdout.flush()


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # Set even where they are ignored: a shell starts background jobs with SIGINT ignored.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _show(options: DemoOptions, programs: list[Program], ports: Ports) -> None:
    pictures = find_pictures(options.images) if options.images else None
    running = start_programs(
        options.folder, programs, ports=ports, show_rendered=options.images is None, say=say
    )
    if pictures is None:
        say(f"drawing {options.count} pictures")
        drawn = render_pictures(options.folder, count=options.count)
        pictures = find_pictures(drawn)
    wait_for_programs(running)
    check = _watch(options, running.programs)
    source = load_source(options.folder, str((options.images or Path(_RENDERED)).resolve()))
    project = _connect(options, running, source)
    save_source(options.folder, source)
    filling = Filling(
        project=project,
        source=source,
        folder=options.folder,
        say=say,
        check=check,
        introduce=lambda task_id: _introduce(options, running, project, task_id),
    )
    fill(filling, pictures)
    _wait_for_ctrl_c(check)


def _connect(options: DemoOptions, running: Running, source: Source) -> DemoProject:
    """Take the source's project or make one, and connect the backend to it alone."""
    from backend._label_studio_http import LabelStudioHttp
    from backend.connect import connect
    from backend.label_studio import LabelStudioClient
    from backend.overlays_secret import OverlaySecrets
    from backend.served_ontology import served_ontology
    from backend.settings import load_settings

    url, token = running.label_studio_url, running.account.token
    client = LabelStudioClient(url, token)
    known = {int(project["id"]) for project in client.projects()}
    if source.project_id not in known:
        name = options.images.resolve().name if options.images else _RENDERED
        made = client.create_project(f"weft demo: {name}"[:_MAX_TITLE])
        source.project_id, source.imported, source.faulty = int(made["id"]), set(), set()
    forget_other_backends(client, source.project_id, running.backend_url)
    connect(
        client,
        backend_url=running.backend_url,
        ontology=served_ontology(load_settings(data_dir=options.folder / "backend")),
        project_id=source.project_id,
        webhook_secret=running.webhook_secret,
        evidence=OverlaySecrets(running.webhook_secret.encode()),
    )
    http = LabelStudioHttp(url, token, timeout_s=_CALL_TIMEOUT_S)
    return DemoProject(http=http, id=source.project_id)


def _introduce(options: DemoOptions, running: Running, project: DemoProject, task_id: int) -> None:
    task_url = f"{running.label_studio_url}/projects/{project.id}/data?task={task_id}"
    say(
        "\n".join(
            [
                "",
                f"  Label Studio   {running.label_studio_url}",
                f"  log in as      {running.account.email}",
                f"  password       {running.account.password}",
                "",
                f"  open first     {task_url}",
                "                 The boxes are there. Click one: its category and its attributes",
                "                 are ticked on the right. Change what is wrong, then Submit.",
                "                 With Auto-Annotation on, a box that you draw is filled as well.",
                f"  all tasks      {running.label_studio_url}/projects/{project.id}/data",
                f"  review page    {running.backend_url}/review (sign in as {REVIEWER})",
                f"  what happened  {running.backend_url}/jobs",
                "",
                "  Ctrl-C stops everything; the next start is quick and keeps your work.",
                "",
            ]
        )
    )
    facts = {
        "label_studio_url": running.label_studio_url,
        "backend_url": running.backend_url,
        "project_id": project.id,
        "first_task_id": task_id,
        "pids": [program.process.pid for program in running.programs],
    }
    (options.folder / "demo.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def _watch(options: DemoOptions, programs: tuple[Program, ...]) -> Callable[[], None]:
    parent = os.getppid()

    def check() -> None:
        if options.follow_parent and os.getppid() != parent:
            raise KeyboardInterrupt  # who started this was killed; nobody is there to press Ctrl-C
        for program in programs:
            if (status := program.process.poll()) is not None:
                raise DemoError(f"{program.name} ended with status {status}:\n{program.tail()}")

    return check


def _wait_for_ctrl_c(check: Callable[[], None]) -> None:
    while True:
        check()
        time.sleep(0.5)
