"""Annotators at work in a fake Label Studio, and the webhooks that tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.backend.fake_label_studio import FakeLabelStudio
from tests.backend.ledger.support import CONFIG, CREATED_AT, annotation, box, choice, text


@dataclass
class Annotators:
    """Change a fake's annotations and keep the bodies that it would have sent.

    Ids of deleted annotations and tasks are given out again, as Label Studio on SQLite does.
    """

    fake: FakeLabelStudio
    project: int = 0
    sent: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    seconds: Iterator[int] = field(default_factory=lambda: count(100, 10))
    uniques: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        if not self.project:
            self.project = self.fake.add_project(label_config=CONFIG, title="looks")

    def add_task(self, *, number: int | None = None) -> int:
        now = next(self.seconds)
        task = number or max(self.fake.tasks, default=0) + 1
        self.fake.tasks[task] = {
            "id": task,
            "project": self.project,
            "data": {"image": f"/data/upload/{self.project}/{task}-{now}.jpg"},
            "created_at": text(now),
            "updated_at": text(now),
        }
        return task

    def predict(self, task: int, *results: dict[str, Any]) -> int:
        number = next(self.fake.ids) + 1000
        self.fake.predictions[number] = {
            "id": number,
            "task": task,
            "model_version": "v1",
            "result": list(results),
            "created_at": text(next(self.seconds)),
        }
        return number

    def submit(self, task: int, value: str = "long", **more: Any) -> int:
        now = next(self.seconds)
        number = max(self.fake.annotations, default=0) + 1
        results = more.pop("results", [box("x"), choice("x", "sleeve", value)])
        said = annotation(
            number, task, *results, unique=f"u{next(self.uniques)}", created=now, **more
        )
        self.fake.annotations[number] = said
        self._tell(now, "ANNOTATION_CREATED", said)
        return number

    def change(self, number: int, value: str, **more: Any) -> None:
        now = next(self.seconds)
        results = [box("x"), choice("x", "sleeve", value)]
        said = self.fake.annotations[number] | {"result": results, "updated_at": text(now)} | more
        self.fake.annotations[number] = said
        self._tell(now, "ANNOTATION_UPDATED", said)

    def delete(self, number: int) -> None:
        now = next(self.seconds)
        task = self.fake.annotations.pop(number)["task"]
        self.fake.tasks[task]["updated_at"] = text(now)
        body = {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": number}]}
        self.sent.append((now, body | {"project": self._project()}))

    def delete_task(self, task: int) -> None:
        now = next(self.seconds)
        del self.fake.tasks[task]
        for row in self.fake.annotations_of(task):
            del self.fake.annotations[row["id"]]
        body = {"action": "TASKS_DELETED", "tasks": [{"id": task}]}
        self.sent.append((now, body | {"project": self._project()}))

    def truth(self) -> dict[str, tuple[int, str, str]]:
        """Return task, state and moment of change of every annotation, by id and creation."""
        return {
            f"{row['id']} {row['created_at']}": (
                row["task"],
                "skipped" if row["was_cancelled"] else "submitted",
                row["updated_at"],
            )
            for row in self.fake.annotations.values()
        }

    def _project(self) -> dict[str, Any]:
        return {"id": self.project, "created_at": CREATED_AT, "label_config": CONFIG}

    def _tell(self, now: float, action: str, said: dict[str, Any]) -> None:
        task = self.fake.tasks[said["task"]]
        task["updated_at"] = text(now)
        body = {"action": action, "annotation": dict(said), "task": dict(task)}
        self.sent.append((now, body | {"project": self._project()}))
