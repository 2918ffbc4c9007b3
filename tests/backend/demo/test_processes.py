from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from backend.demo.processes import (
    LOOPBACK,
    DemoError,
    Program,
    free_port,
    start,
    stop_all,
    stop_left_over,
    wait_until_up,
)

SERVE = (
    "import http.server, sys\n"
    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])),"
    " http.server.SimpleHTTPRequestHandler).serve_forever()"
)
WITH_CHILD = (
    "import subprocess, sys, time, signal\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "time.sleep(60)"
)


def python(name: str, script: str, folder: Path, *arguments: str) -> Program:
    command = [sys.executable, "-c", script, *arguments]
    return start(name, command, environment=os.environ, folder=folder)


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_wanted_port_is_taken_when_it_is_free() -> None:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = int(probe.getsockname()[1])

    assert free_port(port) == port


def test_another_port_is_chosen_when_somebody_listens() -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        port = int(listener.getsockname()[1])

        assert free_port(port) not in {0, port}


def test_promised_port_is_not_given_twice() -> None:
    first = free_port(0)

    assert free_port(first, taken=frozenset({first})) != first


def test_program_and_its_children_are_ended_even_if_it_ignores_the_request(tmp_path: Path) -> None:
    program = python("stubborn", WITH_CHILD, tmp_path)
    while not program.tail():
        time.sleep(0.05)
    child = int(program.tail())
    assert is_alive(child)

    stop_all([program], grace_s=0.5)

    assert program.process.poll() is not None
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)
    assert not program.pid_file.exists()


def test_waiting_ends_when_the_program_answers(tmp_path: Path) -> None:
    port = free_port(0)
    program = python("server", SERVE, tmp_path, str(port))
    try:
        wait_until_up(program, f"http://{LOOPBACK}:{port}/", timeout_s=20)

        assert program.process.poll() is None
    finally:
        stop_all([program])


def test_waiting_ends_with_the_log_when_the_program_ends(tmp_path: Path) -> None:
    program = python("broken", "raise SystemExit('no such setting')", tmp_path)

    with pytest.raises(DemoError, match="no such setting"):
        wait_until_up(program, f"http://{LOOPBACK}:9/", timeout_s=20)
    stop_all([program])


def test_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="cannot start ghost"):
        start("ghost", [str(tmp_path / "none")], environment={}, folder=tmp_path)


def test_what_a_killed_run_left_behind_is_ended(tmp_path: Path) -> None:
    program = python("left", "import time; time.sleep(60)", tmp_path)

    assert stop_left_over(tmp_path) == ["left"]
    assert program.process.wait(timeout=5) != 0
    assert not program.pid_file.exists()


def test_process_that_now_has_the_old_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "old.pid").write_text(f"{os.getpid()}\n/somewhere/else/label-studio\n")

    assert stop_left_over(tmp_path) == []
