"""Start a training run in a process of its own, which outlives this one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from backend.retraining.runs import Run
    from backend.settings import Settings

__all__ = ["Child", "spawn_training"]

_PASSED = (
    "data_dir",
    "database_url",
    "model",
    "device",
    "label_studio_url",
    "label_studio_token",
    "fetch_workers",
    "fetch_timeout_s",
    "fetch_attempts",
    "max_image_bytes",
    "max_image_pixels",
    "accepted_weight",
    "retrain_threads",
    "retrain_picture_bytes",
)


class Child(Protocol):
    """What is asked of a started process."""

    def poll(self) -> int | None:
        """Give its exit status once it ended, else None."""


def spawn_training(run: Run, settings: Settings) -> Child:
    """Start `weft retrain --run ID` detached, with its output in a file of the data folder."""
    folder = settings.data_dir / "training"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"run-{run.id}.log").open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "backend.cli", "retrain", "--run", str(run.id)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **_environment(settings)},
        )


def _environment(settings: Settings) -> dict[str, str]:
    """Give the settings that a command line may have changed, as variables."""
    plain = {name: getattr(settings, name) for name in _PASSED}
    plain["label_studio_token"] = settings.label_studio_token.get_secret_value()
    several = {
        "local_roots": os.pathsep.join(map(str, settings.local_roots)),
        "base_data": os.pathsep.join(map(str, settings.base_data)),
        "allow_private_hosts": ",".join(settings.allow_private_hosts),
    }
    return {f"WEFT_{name.upper()}": str(value) for name, value in {**plain, **several}.items()}
