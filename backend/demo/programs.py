"""The demonstration's two programs: which ports, with which settings, and when they are up."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.demo.label_studio import (
    Account,
    default_program,
    load_account,
    start_label_studio,
    wait_for_label_studio,
)
from backend.demo.processes import (
    LOOPBACK,
    DemoError,
    Program,
    start,
    wait_until_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

    from backend.demo.ports import Ports

__all__ = ["REVIEWER", "Running", "backend_environment", "start_programs", "wait_for_programs"]

REVIEWER = "Demo"
"""Who may review; on this machine no secret is needed."""

_LABEL_STUDIO_PORT = 8090
_BACKEND_PORT = 9090
_MODEL_TIMEOUT_S = 180.0
# The reader's other settings belong to another server.
_PASSED_ON = frozenset({"WEFT_MODEL", "WEFT_DEVICE", "WEFT_TORCH_THREADS", "WEFT_LOG_LEVEL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The two programs, up and ready."""

    programs: tuple[Program, ...]
    account: Account
    label_studio_url: str
    backend_url: str
    webhook_secret: str


def start_programs(
    folder: Path,
    programs: list[Program],
    *,
    ports: Ports,
    show_rendered: bool,
    say: Callable[[str], None],
) -> Running:
    """Start Label Studio and the backend, without waiting for them.

    Args:
        folder: Where the demonstration's state is kept.
        programs: Takes each program once it is started, for whoever stops them.
        ports: Promises ports to this demonstration until both programs are stopped.
        show_rendered: Also show values that only drawn pictures taught.
        say: Tells the reader.

    Raises:
        DemoError: If one of them cannot be started.
    """
    account = load_account(folder)
    executable = default_program()
    label_studio_port = ports.choose(_LABEL_STUDIO_PORT)
    backend_port = ports.choose(_BACKEND_PORT)
    for wanted, port in ((_LABEL_STUDIO_PORT, label_studio_port), (_BACKEND_PORT, backend_port)):
        if port != wanted:
            say(f"port {wanted} is taken; using {port}")
    first = not (folder / "label-studio").exists()
    say(f"starting Label Studio{' (the first time takes a minute)' if first else ''}")
    programs.append(start_label_studio(executable, account, port=label_studio_port, folder=folder))
    say("starting the backend")
    label_studio_url = f"http://{LOOPBACK}:{label_studio_port}"
    environment = backend_environment(
        account,
        label_studio_url=label_studio_url,
        port=backend_port,
        data_dir=(folder / "backend").resolve(),
        show_rendered=show_rendered,
    )
    command = [sys.executable, "-m", "backend.cli", "serve"]
    programs.append(start("backend", command, environment=environment, folder=folder))
    return Running(
        programs=tuple(programs),
        account=account,
        label_studio_url=label_studio_url,
        backend_url=f"http://{LOOPBACK}:{backend_port}",
        webhook_secret=account.webhook_secret,
    )


def backend_environment(
    account: Account, *, label_studio_url: str, port: int, data_dir: Path, show_rendered: bool
) -> dict[str, str]:
    """Give the variables of the backend: this process's own, with its settings replaced."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WEFT_") or name in _PASSED_ON
    }
    return kept | {
        "WEFT_HOST": LOOPBACK,
        "WEFT_PORT": str(port),
        "WEFT_DATA_DIR": str(data_dir),
        "WEFT_LABEL_STUDIO_URL": label_studio_url,
        "WEFT_LABEL_STUDIO_TOKEN": account.token,
        "WEFT_WEBHOOK_SECRET": account.webhook_secret,
        "WEFT_REVIEWERS": f"{REVIEWER}:lead",
        "WEFT_BLIND_SHARE": "0",  # a blank task would look like a failure
        # Values that only drawn pictures taught are shown for drawn pictures.
        "WEFT_SHOW_RENDERED": "true" if show_rendered else "false",
    }


def wait_for_programs(running: Running) -> None:
    """Wait until both answer and the model is loaded.

    Raises:
        DemoError: If one ends or takes too long, or the model cannot be loaded.
    """
    label_studio, backend = running.programs
    wait_for_label_studio(label_studio, url=running.label_studio_url)
    wait_until_up(
        backend, f"{running.backend_url}/health", timeout_s=_MODEL_TIMEOUT_S, is_up=_model_is_ready
    )


def _model_is_ready(response: requests.Response) -> bool:
    state = str(response.json().get("model", ""))
    if state.startswith("failed"):
        raise DemoError(f"the backend cannot load its model: {state}; run: .venv/bin/weft doctor")
    return state == "ready"
