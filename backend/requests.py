"""Read Label Studio's request bodies, which come in more shapes than its own front end sends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ontology.errors import CatalogError

__all__ = [
    "PredictRequest",
    "RequestError",
    "TaskRef",
    "parse_predict",
    "task_ref",
]


_PROJECT_UID = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")


class RequestError(CatalogError):
    """A request body is not what the route expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRef:
    """One task of a request.

    Attributes:
        id: The task's id, if it has one.
        data: Its data; holds the picture's reference under the key that the config names.
    """

    id: int | None
    data: Mapping[str, Any] = field(default_factory=dict)

    def image(self, image_key: str) -> str | None:
        """Return the picture's reference, or None if the task has none."""
        value = self.data.get(image_key)
        if value is None and "." in image_key:
            value = _at_path(self.data, image_key.split("."))
        return value.strip() if isinstance(value, str) and value.strip() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """What `/predict` is asked.

    Attributes:
        project_uid: `id.epoch of creation` as Label Studio sends it; empty where the caller
            names no project.
        label_config: XML; may be empty.
        drawn: The results around a rectangle drawn by hand, the drawn one last; empty for
            ordinary requests.
    """

    tasks: tuple[TaskRef, ...]
    project_uid: str
    label_config: str
    drawn: tuple[Mapping[str, Any], ...] = ()


def parse_predict(body: object) -> PredictRequest:
    """Read a `/predict` body.

    `tasks` may be one task instead of a list; `project`, `params` and `label_config` may be absent.

    Raises:
        RequestError: If the body is not an object or has no tasks.
    """
    if not isinstance(body, Mapping):
        raise RequestError(f"body is {_kind(body)}; expected a JSON object with `tasks`")
    tasks = body.get("tasks")
    if isinstance(tasks, Mapping):
        tasks = [tasks]
    if not isinstance(tasks, list):
        raise RequestError(f"`tasks` is {_kind(tasks)}; expected a list of tasks")
    label_config = body.get("label_config")
    return PredictRequest(
        tasks=tuple(task_ref(task) for task in tasks),
        project_uid=_project_uid(body.get("project")),
        label_config=label_config if isinstance(label_config, str) else "",
        drawn=_drawn(body.get("params")),
    )


def task_ref(task: object) -> TaskRef:
    """Read one task; anything that is no task becomes one without a picture."""
    if not isinstance(task, Mapping):
        return TaskRef(id=None)
    data = task.get("data")
    return TaskRef(id=_as_id(task.get("id")), data=dict(data) if isinstance(data, Mapping) else {})


def _project_uid(project: object) -> str:
    """Read a project from `"5.1795227887"`, `5`, `{"id": 5}`, or nothing."""
    if isinstance(project, Mapping):
        project = project.get("id")
    text = str(project) if isinstance(project, str | int) else ""
    return text if _PROJECT_UID.fullmatch(text) else ""


def _as_id(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**63 else None
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19
    return int(str(value)) if is_number else None


def _at_path(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _drawn(params: object) -> tuple[Mapping[str, Any], ...]:
    context = params.get("context") if isinstance(params, Mapping) else None
    results = context.get("result") if isinstance(context, Mapping) else None
    if not isinstance(results, Sequence) or isinstance(results, str):
        return ()
    return tuple(result for result in results if isinstance(result, Mapping))


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "missing"}
    return names.get(type(value), f"a {type(value).__name__}")
