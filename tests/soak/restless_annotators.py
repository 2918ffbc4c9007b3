"""Annotators who create, change, skip, delete and bless annotations without end."""

from __future__ import annotations

import copy
import random
import threading
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from backend.label_studio import LabelStudioClient, LabelStudioError

Json = dict[str, Any]

_REFRESH_EVERY = 8  # deeds
_TIMEOUT_S = 60.0
_PAUSE_S = 0.2
_FEWEST_TASKS = 20


@dataclass(kw_only=True)
class RestlessAnnotators:
    """One thread of random deeds through Label Studio's API; outages are waited out.

    What a deed came to is not remembered: an answer may get lost with Label Studio.

    Attributes:
        images: References of pictures, for new tasks.
        kept: Tasks that are never deleted, since their pictures go with them.
        counts: Deeds by kind.
    """

    client: LabelStudioClient
    project_id: int
    images: list[str]
    kept: frozenset[int]
    source: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)
    _tasks: list[Json] = field(default_factory=list)
    _choices: dict[str, list[str]] = field(default_factory=dict)

    def run(self) -> None:
        """Do one deed after another until told to stop."""
        self._choices = answers_of(self.client.project(self.project_id)["label_config"])
        number = 0
        while not self.stop.wait(_PAUSE_S):
            try:
                if number % _REFRESH_EVERY == 0 or not self._tasks:
                    self._tasks = list(self.client.tasks(self.project_id))
                self._one_deed()
                number += 1
            except (LabelStudioError, requests.RequestException):
                self.counts["interrupted"] += 1
                self.stop.wait(1.0)

    def _one_deed(self) -> None:
        deeds = {
            self._create: 30,
            self._skip: 7,
            self._update: 22,
            self._set_ground_truth: 8,
            self._delete: 12,
            self._clear_tasks: 3,
            self._accept_unseen: 3,
            self._delete_tasks: 5,
            self._add_tasks: 6,
        }
        if len(self._tasks) < _FEWEST_TASKS:
            self._add_tasks()
            return
        deed = self.source.choices(list(deeds), list(deeds.values()))[0]
        deed()

    def _create(self) -> None:
        self._submit("created")

    def _skip(self) -> None:
        self._submit("skipped", was_cancelled=True)

    def _submit(self, deed: str, **more: Any) -> None:
        task = self.source.choice(self._tasks)
        shown = max(task.get("predictions") or [], key=lambda item: item["id"], default=None)
        body = {"lead_time": self._seconds(), **more}
        if shown is not None:
            body["parent_prediction"] = shown["id"]
        body["result"] = self._changed(shown["result"] if shown is not None else [])
        self._call("POST", f"/api/tasks/{task['id']}/annotations/", body, deed=deed)

    def _update(self) -> None:
        if (annotation := self._any_annotation()) is not None:
            body = {
                "result": self._changed(annotation["result"]),
                "lead_time": self._seconds(),
                "was_cancelled": self.source.random() < 0.1,
            }
            self._call("PATCH", f"/api/annotations/{annotation['id']}/", body, deed="updated")

    def _set_ground_truth(self) -> None:
        if (annotation := self._any_annotation()) is not None:
            body = {"ground_truth": not annotation.get("ground_truth")}
            path = f"/api/annotations/{annotation['id']}/"
            self._call("PATCH", path, body, deed="ground_truth_set_or_unset")

    def _delete(self) -> None:
        if (annotation := self._any_annotation()) is not None:
            self._call("DELETE", f"/api/annotations/{annotation['id']}/", deed="deleted")

    def _clear_tasks(self) -> None:
        self._act("delete_tasks_annotations", self._some_tasks(), deed="tasks_cleared")

    def _accept_unseen(self) -> None:
        self._act("predictions_to_annotations", self._some_tasks(), deed="accepted_unseen")

    def _delete_tasks(self) -> None:
        chosen = [number for number in self._some_tasks() if number not in self.kept]
        if len(chosen) == 1:
            self._call("DELETE", f"/api/tasks/{chosen[0]}/", deed="task_deleted")
        elif chosen:
            self._act("delete_tasks", chosen, deed="tasks_deleted")

    def _add_tasks(self) -> None:
        tasks = [
            {"data": {"image": self.source.choice(self.images)}}
            for _ in range(self.source.randint(1, 5))
        ]
        self.client.import_tasks(self.project_id, tasks)
        self.counts["tasks_added"] += len(tasks)
        self._tasks = []

    def _any_annotation(self) -> Json | None:
        known = [item for task in self._tasks for item in task.get("annotations") or ()]
        return self.source.choice(known) if known else None

    def _some_tasks(self) -> list[int]:
        chosen = self.source.sample(self._tasks, self.source.randint(1, 3))
        return [int(task["id"]) for task in chosen]

    def _act(self, action: str, tasks: list[int], *, deed: str) -> None:
        path = f"/api/dm/actions?id={action}&project={self.project_id}"
        body = {"selectedItems": {"all": False, "included": tasks}}
        self._call("POST", path, body, deed=deed)

    def _call(self, method: str, path: str, body: Json | None = None, *, deed: str) -> None:
        answer = requests.request(
            method,
            f"{self.client.url}{path}",
            json=body,
            headers=dict(self.client.auth_headers()),
            timeout=_TIMEOUT_S,
        )
        # What was chosen may be gone since it was listed.
        self.counts[deed if answer.ok else f"refused_{answer.status_code}"] += 1

    def _seconds(self) -> float:
        return round(self.source.uniform(1, 90), 3)

    def _changed(self, result: list[Json]) -> list[Json]:
        """Change about a third of the answers, move some boxes and remove some regions."""
        gone = {item["id"] for item in result if self.source.random() < 0.03}
        made = []
        for item in copy.deepcopy(result):
            if item["id"] in gone:
                continue
            options = self._choices.get(item["from_name"], [])
            key = item["type"]
            if options and key in item["value"] and self.source.random() < 0.35:
                item["value"][key] = [self.source.choice(options)]
                item["origin"] = "prediction-changed"
            elif key == "rectanglelabels" and self.source.random() < 0.2:
                item["value"]["x"] = self.source.uniform(0, 40)
            elif key == "choices" and self.source.random() < 0.1:
                continue
            item.setdefault("origin", "prediction")
            made.append(item)
        return made


def answers_of(config: str) -> dict[str, list[str]]:
    """Return the answers of each control of a labeling config."""
    found = {}
    for tag in ET.fromstring(config).iter():  # noqa: S314 - our own config
        values = [child.get("value") or "" for child in tag if child.tag in ("Choice", "Label")]
        if values and tag.get("name"):
            found[str(tag.get("name"))] = values
    return found
