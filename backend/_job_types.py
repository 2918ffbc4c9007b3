"""The plain values that the job queue takes and gives."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ClaimedTask",
    "EnqueueReport",
    "JobState",
    "JobTask",
    "ProjectRef",
    "image_reference",
]

_IMAGE_TAG = re.compile(r"<Image\b[^>]*?\bvalue\s*=\s*[\"']\$([\w.\[\]-]+)[\"']", re.IGNORECASE)


class JobState(StrEnum):
    """Where a task of a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRef:
    """A Label Studio project.

    Attributes:
        uid: `id.epoch of creation`, as Label Studio sends it; ids alone are given out again.
    """

    id: int
    uid: str

    @classmethod
    def parse(cls, uid: str) -> ProjectRef:
        """Read the `project` field of a request, such as `4.1795227357` or `4`.

        Raises:
            ValueError: If it does not start with a number.
        """
        return cls(id=int(uid.split(".")[0]), uid=uid)

    @classmethod
    def from_api(cls, project: Mapping[str, Any]) -> ProjectRef:
        """Read a project as the API and the webhooks describe it."""
        created = str(project.get("created_at") or "")
        if not created:
            return cls(id=int(project["id"]), uid=str(project["id"]))
        epoch = int(datetime.fromisoformat(created).timestamp())
        return cls(id=int(project["id"]), uid=f"{project['id']}.{epoch}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask:
    """A task to work on.

    Attributes:
        image: Address of its picture, as in the task's data.
        reason: Why it waits or failed, if that is not the reason of all tasks that come with it.
    """

    id: int
    image: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTask:
    """A task that the worker has taken.

    Attributes:
        attempts: How often it was taken, this time included.
        maybe_sent: A prediction may already be on its way to Label Studio from an earlier attempt.
    """

    row_id: int
    project: ProjectRef
    task_id: int
    model_version: str
    attempts: int
    maybe_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueReport:
    """What became of the tasks that were handed in.

    Attributes:
        added: Newly queued, or queued again.
        known: Already waiting, or recently given up on.
        refused: Did not fit into the queue.
    """

    added: int
    known: int
    refused: int


def image_reference(task: Mapping[str, Any], label_config: str) -> str:
    """Return the address of a task's picture, or all its data as text if the config names none."""
    data = task.get("data")
    found = _IMAGE_TAG.search(label_config)
    if found and isinstance(data, dict) and isinstance(data.get(found[1]), str):
        return str(data[found[1]])
    return json.dumps(data, sort_keys=True, default=str)
