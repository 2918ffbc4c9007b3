"""Start programs in process groups of their own, and stop every one of them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "DemoError",
    "Program",
    "free_port",
    "start",
    "stop_all",
    "stop_left_over",
    "wait_until_up",
]

LOOPBACK = "127.0.0.1"
_SET_PARENT_DEATH_SIGNAL = 1
_TAIL_LINES = 15


class DemoError(CatalogError):
    """The demonstration cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A running program, leader of its own process group, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    pid_file: Path

    def tail(self) -> str:
        """Give the last lines that it wrote."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-_TAIL_LINES:])


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that keep calls to this machine away from a proxy, added to its own."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    hosts = ",".join([*filter(None, listed.split(",")), LOOPBACK, "localhost"])
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def free_port(wanted: int, *, taken: frozenset[int] = frozenset()) -> int:
    """Choose a TCP port on loopback: the wanted one, or any free one.

    Args:
        wanted: Tried first.
        taken: Ports already promised to somebody else.
    """
    for candidate in (wanted, 0):
        with socket.socket() as probe:
            # Without this a port whose last connections are still closing would count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((LOOPBACK, candidate))
                port = int(probe.getsockname()[1])
                if port not in taken and not _answers(port):
                    return port
    raise DemoError(f"no free TCP port on {LOOPBACK}; close something that listens and try again")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def start(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], folder: Path
) -> Program:
    """Start a program that outlives neither `stop_all` nor, on Linux, this process.

    Args:
        name: Names the log and the pid file in `folder`.
        command: Program and arguments.
        environment: All of its environment.
        folder: Where log and pid file go; it must exist.

    Raises:
        DemoError: If the program cannot be started at all.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own fixed commands
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            raise DemoError(f"cannot start {name}: {error}; command: {command[0]}") from error
    pid_file = folder / f"{name}.pid"
    pid_file.write_text(f"{process.pid}\n{command[0]}\n", encoding="utf-8")
    return Program(name=name, process=process, log=log, pid_file=pid_file)


def _die_with_parent() -> None:
    # The kernel then ends the child when the demonstration itself is killed outright.
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def stop_all(programs: Sequence[Program], *, grace_s: float = 8.0) -> None:
    """End the process groups of all programs: asked first, then killed.

    Args:
        programs: Those started with `start`; already ended ones are fine.
        grace_s: Seconds that all of them together get before they are killed.
    """
    for program in programs:
        _signal_group(program.process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    for program in programs:
        with suppress(subprocess.TimeoutExpired):
            program.process.wait(timeout=max(0.1, deadline - time.monotonic()))
    for program in programs:
        # Also where the leader has ended: others of its group may not have.
        _signal_group(program.process.pid, signal.SIGKILL)
        program.process.wait()
        program.pid_file.unlink(missing_ok=True)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def stop_left_over(folder: Path) -> list[str]:
    """End what an earlier run left behind because it was killed.

    A pid file counts only if that process still runs the command which the file names.

    Returns:
        The names of the programs that were ended.
    """
    ended = []
    for pid_file in sorted(folder.glob("*.pid")):
        pid_text, _, command = pid_file.read_text(encoding="utf-8").strip().partition("\n")
        if pid_text.isdigit() and command and command in _command_line(int(pid_text)):
            _signal_group(int(pid_text), signal.SIGKILL)
            ended.append(pid_file.stem)
        pid_file.unlink(missing_ok=True)
    return ended


def _command_line(pid: int) -> str:
    listing = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 - found on PATH everywhere
        capture_output=True,
        text=True,
        check=False,
    )
    return listing.stdout


def wait_until_up(
    program: Program,
    url: str,
    *,
    timeout_s: float,
    is_up: Callable[[requests.Response], bool] = lambda response: response.ok,
) -> None:
    """Wait until a program answers.

    Args:
        program: Watched meanwhile: if it ends, waiting ends.
        url: Asked several times a second.
        timeout_s: Longest wait in seconds.
        is_up: Judges an answer.

    Raises:
        DemoError: If the program ended or was not up in time; carries the end of its log.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if (status := program.process.poll()) is not None:
            raise DemoError(f"{program.name} ended with status {status}:\n{program.tail()}")
        with suppress(requests.RequestException):
            if is_up(requests.get(url, timeout=2)):
                return
        time.sleep(0.2)
    raise DemoError(
        f"{program.name} did not answer at {url} within {timeout_s:.0f} s:\n{program.tail()}"
    )
