"""Run a private Label Studio on loopback."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.demo.processes import LOOPBACK, DemoError, Program, start, wait_until_up

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Account",
    "default_program",
    "load_account",
    "start_label_studio",
    "wait_for_label_studio",
]

_START_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who logs in, and the secrets between the programs."""

    email: str
    password: str
    token: str
    webhook_secret: str


def load_account(folder: Path) -> Account:
    """Read the account kept in a folder, or make one up and keep it, readable by its owner only."""
    file = folder / "account.json"
    if not file.is_file():
        made = {
            "email": "annotator@weft.example",
            "password": secrets.token_urlsafe(9),
            "token": secrets.token_hex(20),
            "webhook_secret": secrets.token_hex(20),
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(made), encoding="utf-8")
    return Account(**json.loads(file.read_text(encoding="utf-8")))


def default_program() -> Path:
    """Give the path of the program that `make setup` installs.

    Raises:
        DemoError: If it is not there.
    """
    program = Path(__file__).parents[2] / ".venv-label-studio" / "bin" / "label-studio"
    if not program.exists():
        raise DemoError(f"Label Studio is not installed at {program}; run: make setup")
    return program


def environment_for(
    account: Account, *, port: int, data: Path, base: Mapping[str, str]
) -> dict[str, str]:
    """Compose Label Studio's environment: private, silent, allowed to call a loopback backend.

    Args:
        account: Created at the first start.
        port: Where it will listen.
        data: Its data directory.
        base: The environment to start from; settings of another Label Studio in it are dropped.
    """
    ours = ("LABEL_STUDIO_", "HEARTEX_", "DJANGO_", "POSTGRE", "WEFT_", "DEBUG")
    kept = {name: value for name, value in base.items() if not name.startswith(ours)}
    return kept | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_USERNAME": account.email,
        "LABEL_STUDIO_PASSWORD": account.password,
        "LABEL_STUDIO_USER_TOKEN": account.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_HOST": f"http://{LOOPBACK}:{port}",
        "USE_DEFAULT_BANNED_SUBNETS": "false",  # else it refuses a backend on loopback
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }


def start_label_studio(program: Path, account: Account, *, port: int, folder: Path) -> Program:
    """Start Label Studio on loopback; `wait_for_label_studio` says when it is ready.

    Args:
        program: The executable `label-studio`.
        account: Created at the first start.
        port: Must be free: otherwise Label Studio moves to another one silently.
        folder: Holds its data, its log and its pid file.
    """
    data = folder / "label-studio"
    data.mkdir(parents=True, exist_ok=True)
    return start(
        "label-studio",
        [
            *(str(program), "start", "--no-browser", "--log-level", "WARNING"),
            *("--internal-host", LOOPBACK, "--port", str(port)),
        ],
        environment=environment_for(account, port=port, data=data, base=os.environ),
        folder=folder,
    )


def wait_for_label_studio(program: Program, *, url: str) -> None:
    """Wait until Label Studio answers; its first start makes the database and takes a minute.

    Raises:
        DemoError: If it ended or did not come up within five minutes.
    """
    wait_until_up(program, f"{url}/health", timeout_s=_START_TIMEOUT_S)
