"""The demonstration's project in Label Studio: import pictures, follow their predictions."""

from __future__ import annotations

import json
import mimetypes
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from backend.demo.processes import DemoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from backend.demo.pictures import Picture

__all__ = ["DemoProject"]

_TIMEOUT_S = 120.0
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
    """One project, seen through Label Studio's API."""

    url: str
    token: str
    id: int

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = requests.request(
                method,
                f"{self.url}{path}",
                headers={"Authorization": f"Token {self.token}"},
                timeout=_TIMEOUT_S,
                **arguments,
            )
        except requests.RequestException as error:
            raise DemoError(f"Label Studio did not answer {method} {path}: {error}") from error
        if not response.ok:
            raise DemoError(
                f"Label Studio answered {response.status_code} to {method} {path}: "
                f"{' '.join(response.text.split())[:300]}"
            )
        return response.json() if response.content else None

    def exists(self) -> bool:
        """Tell whether the project is still there."""
        response = requests.get(
            f"{self.url}/api/projects/{self.id}",
            headers={"Authorization": f"Token {self.token}"},
            timeout=_TIMEOUT_S,
        )
        return response.ok

    def upload(self, pictures: Sequence[Picture]) -> None:
        """Import pictures, a task each; more than 100 at once are refused.

        Raises:
            DemoError: If Label Studio refuses them.
        """
        with ExitStack() as stack:
            files = {
                # The keys must differ: Label Studio takes the last file of each.
                f"file{index}": (
                    picture.upload_name,
                    stack.enter_context(picture.path.open("rb")),
                    mimetypes.guess_type(picture.upload_name)[0] or "application/octet-stream",
                )
                for index, picture in enumerate(pictures)
            }
            self._call("POST", f"/api/projects/{self.id}/import", files=files)

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
        return self._call("GET", "/api/tasks", params={"project": self.id, "page": 1, **params})

    def retrieve_predictions(self, task_ids: Iterable[int]) -> None:
        """Let Label Studio ask the backend for these tasks; it answers when they are stored."""
        self._call(
            "POST",
            "/api/dm/actions",
            params={"id": "retrieve_tasks_predictions", "project": self.id},
            json={"selectedItems": {"all": False, "included": list(task_ids)}},
        )

    def backends(self) -> list[dict[str, Any]]:
        """List the ML backends that are connected."""
        listing: list[dict[str, Any]] = self._call("GET", "/api/ml", params={"project": self.id})
        return listing

    def forget_backends_except(self, url: str) -> None:
        """Remove backends and webhooks of other addresses, left by runs on other ports."""
        for backend in self.backends():
            if backend["url"].rstrip("/") != url:
                self._call("DELETE", f"/api/ml/{backend['id']}")
        for webhook in self._call("GET", "/api/webhooks/", params={"project": self.id}):
            if not webhook["url"].startswith(f"{url}/"):
                self._call("DELETE", f"/api/webhooks/{webhook['id']}/")
