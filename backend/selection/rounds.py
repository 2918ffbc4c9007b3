"""Remember which tasks a round picked and which it drew, one file a round.

A file is written whole or not at all, and never changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from backend.selection.plan import PickedTask

__all__ = ["Round", "RoundTask", "read_rounds", "write_round"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTask:
    """One task of a round."""

    project_uid: str
    task_id: int
    is_random: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round that was given to annotators.

    Attributes:
        created_at: In UTC, ISO 8601.
        model_version: That made the predictions which the round was chosen from.
    """

    created_at: str
    model_version: str
    tasks: tuple[RoundTask, ...]


def write_round(
    folder: Path, picked: Sequence[PickedTask], *, model_version: str, now: datetime
) -> Path:
    """Store a round; returns its file.

    Args:
        folder: Of all rounds; made when missing.
        picked: What was chosen.
        model_version: From whose predictions.
        now: The present moment, aware.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"round-{now:%Y%m%dT%H%M%S%f}.json"
    body = {
        "created_at": now.isoformat(),
        "model_version": model_version,
        "tasks": [_entry(one) for one in picked],
    }
    partial = path.with_suffix(".partial")
    partial.write_text(f"{json.dumps(body, indent=1)}\n", encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 - atomic on one file system
    return path


def _entry(one: PickedTask) -> dict[str, Any]:
    return {
        "project_uid": one.task.project_uid,
        "task_id": one.task.task_id,
        "is_random": one.pick.is_random,
        "confidence": round(one.pick.confidence, 4),
        "uncertainty": round(one.pick.uncertainty, 4),
        "priority": round(one.pick.priority, 4),
        "reasons": list(one.pick.reasons),
    }


def read_rounds(folder: Path) -> list[Round]:
    """Return all rounds, oldest first; a file that cannot be read is reported and left out."""
    rounds = []
    for path in sorted(folder.glob("round-*.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            rounds.append(
                Round(
                    created_at=str(body["created_at"]),
                    model_version=str(body["model_version"]),
                    tasks=tuple(
                        RoundTask(
                            project_uid=str(task["project_uid"]),
                            task_id=int(task["task_id"]),
                            is_random=bool(task["is_random"]),
                        )
                        for task in body["tasks"]
                    ),
                )
            )
        except (ValueError, KeyError, TypeError, OSError) as error:
            log.warning("round_not_read", file=path.name, reason=repr(error)[:200])
    return rounds
