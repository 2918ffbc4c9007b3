"""The demonstration's project in Label Studio: import pictures, follow their predictions."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backend._label_studio_http import LabelStudioHttp
    from backend.demo.pictures import Picture
    from backend.label_studio import LabelStudioClient

__all__ = ["DemoProject", "forget_other_backends"]

_TIMEOUT_S = 300.0
_BATCH = 25
_NO_PREDICTION = {
    "filters": {
        "conjunction": "and",
        "items": [
            {
                "filter": "filter:tasks:total_predictions",
                "operator": "equal",
                "type": "Number",
                "value": 0,
            }
        ],
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProject:
    """One project, seen through Label Studio's API; failures are `LabelStudioError`s."""

    http: LabelStudioHttp
    id: int

    def upload(self, pictures: Sequence[Picture]) -> None:
        """Import pictures, a task each; more than 100 at once are refused."""
        with tempfile.TemporaryDirectory(prefix="weft-demo-") as folder:
            links = [Path(folder) / str(number) for number in range(len(pictures))]
            for link, picture in zip(links, pictures, strict=True):
                link.mkdir()
                # Label Studio keeps the file's name, and takes neither all names nor long ones.
                (link / picture.upload_name).symlink_to(picture.path.resolve())
            files = [
                link / picture.upload_name for link, picture in zip(links, pictures, strict=True)
            ]
            self.http.upload(f"/api/projects/{self.id}/import", files, timeout_s=_TIMEOUT_S)

    def num_tasks(self) -> int:
        """Count the tasks."""
        return int(self._tasks(page_size=1)["total"])

    def first_tasks(self, limit: int = _BATCH) -> list[dict[str, Any]]:
        """List the first tasks with their predictions, in the order of their ids."""
        listing: list[dict[str, Any]] = self._tasks(page_size=limit, fields="all")["tasks"]
        return listing

    def without_prediction(self, limit: int = _BATCH) -> tuple[int, list[int]]:
        """Count the tasks that have no prediction, and give the ids of the first of them."""
        listing = self._tasks(page_size=limit, query=json.dumps(_NO_PREDICTION))
        return int(listing["total"]), [int(task["id"]) for task in listing["tasks"]]

    def _tasks(self, **params: Any) -> Any:
        return self.http.get("/api/tasks", params={"project": self.id, "page": 1, **params})

    def retrieve_predictions(self, task_ids: Iterable[int]) -> None:
        """Let Label Studio ask the backend for these tasks; it answers when they are stored."""
        self.http.send(
            "POST",
            f"/api/dm/actions?id=retrieve_tasks_predictions&project={self.id}",
            {"selectedItems": {"all": False, "included": list(task_ids)}},
            timeout_s=_TIMEOUT_S,
        )


def forget_other_backends(client: LabelStudioClient, project_id: int, backend_url: str) -> None:
    """Remove connections and webhooks to other addresses, left by a run on other ports."""
    for backend in client.ml_backends(project_id):
        if backend["url"].rstrip("/") != backend_url:
            client.delete_ml_backend(int(backend["id"]))
    for webhook in client.webhooks(project_id):
        if not webhook["url"].startswith(f"{backend_url}/"):
            client.delete_webhook(int(webhook["id"]))
