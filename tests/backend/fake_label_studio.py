"""As much of Label Studio's API as the backend uses, behaving as release 1.23.2 was seen to.

The recorded behaviour that matters is kept: the silent omission of predictions that do not fit,
the webhook made on connecting, the title that becomes the project's model version.
"""

from __future__ import annotations

import base64
import itertools
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

LEGACY = "a" * 40
PERSONAL = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXBlIjoicmVmcmVzaCJ9.signature"
CREATED_AT = "2026-11-21T02:17:16.934259Z"
CREATED_EPOCH = 1795227436


@dataclass
class FakeLabelStudio:
    """The state behind the API; tests set it and look at it."""

    url: str = ""
    projects: dict[int, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    predictions: dict[int, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[int, dict[str, Any]] = field(default_factory=dict)
    backends: dict[int, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[int, dict[str, Any]] = field(default_factory=dict)
    views: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    served_version: str = "v1"
    backend_state: str = "Connected"
    unfit_tasks: set[int] = field(default_factory=set)
    refuses_private: bool = False
    makes_webhooks: bool = True
    store_delay_s: float = 0.0
    store_status: int = 0
    is_down: bool = False
    num_exchanges: int = 0
    access_lifetime_s: float = 300.0
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_project(self, **fields: Any) -> int:
        number = next(self.ids)
        self.projects[number] = {
            "id": number,
            "title": f"project {number}",
            "created_at": CREATED_AT,
            "label_config": "<View></View>",
            "sampling": "Sequential sampling",
            "show_collab_predictions": False,
            "model_version": "",
        } | fields
        return number

    def add_tasks(self, project_id: int, count: int) -> list[int]:
        numbers = [next(self.ids) for _ in range(count)]
        for number in numbers:
            data = {"image": f"http://pictures.example/{number}.jpg"}
            self.tasks[number] = {"id": number, "project": project_id, "data": data}
        return numbers

    def versions_of(self, task_id: int) -> list[str]:
        return [row["model_version"] for row in self.predictions_of(task_id)]

    def predictions_of(self, task_id: int) -> list[dict[str, Any]]:
        return [row for row in self.predictions.values() if row["task"] == task_id]

    def annotations_of(self, task_id: int) -> list[dict[str, Any]]:
        """Return a task's annotations as the API lists them: without the unique id."""
        return [
            {key: value for key, value in row.items() if key != "unique_id"}
            for row in self.annotations.values()
            if row["task"] == task_id
        ]

    def counts_of(self, project_id: int) -> dict[str, int]:
        tasks = {task["id"] for task in self.tasks.values() if task["project"] == project_id}
        rows = [row for row in self.annotations.values() if row["task"] in tasks]
        num_skipped = sum(bool(row.get("was_cancelled")) for row in rows)
        return {
            "task_number": len(tasks),
            "total_annotations_number": len(rows) - num_skipped,
            "skipped_annotations_number": num_skipped,
        }

    def store(self, rows: list[dict[str, Any]]) -> int:
        with self.lock:
            kept = [row for row in rows if row["task"] not in self.unfit_tasks]
            for row in kept:
                number = next(self.ids)
                self.predictions[number] = {"id": number, **row}
            return len(kept)


@contextmanager
def running(fake: FakeLabelStudio, *, port: int = 0) -> Iterator[FakeLabelStudio]:
    """Serve a fake on loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", port, _app(fake), threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _refuse(status: int, detail: str, **errors: Any) -> Response:
    body: dict[str, Any] = {"status_code": status, "detail": detail}
    if errors:
        body["validation_errors"] = errors
    response = jsonify(body)
    response.status_code = status
    return response


def _app(fake: FakeLabelStudio) -> Flask:
    app = Flask("fake-label-studio")
    _add_access(app, fake)
    _add_projects(app, fake)
    _add_connections(app, fake)
    _add_tasks(app, fake)
    return app


def _add_access(app: Flask, fake: FakeLabelStudio) -> None:
    access = {"token": ""}

    @app.before_request
    def check() -> Response | None:
        fake.calls.append(f"{request.method} {request.path}")
        if fake.is_down:
            return _refuse(502, "down")
        if request.path in {"/health", "/api/version", "/api/token/refresh"}:
            return None
        given = request.headers.get("Authorization", "")
        if given == f"Token {LEGACY}" or (access["token"] and given == f"Bearer {access['token']}"):
            return None
        return _refuse(401, "Invalid token.")

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "UP"}

    @app.get("/api/version")
    def version() -> dict[str, str]:
        return {"release": "1.23.2"}

    @app.post("/api/token/refresh")
    def refresh() -> Any:
        if request.get_json()["refresh"] != PERSONAL:
            return _refuse(401, "Token is invalid")
        fake.num_exchanges += 1
        claims = {"exp": time.time() + fake.access_lifetime_s, "n": fake.num_exchanges}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        access["token"] = f"head.{payload}.sign"
        return {"access": access["token"]}

    @app.get("/api/current-user/whoami")
    def whoami() -> dict[str, str]:
        return {"email": "someone@example.com"}


def _add_projects(app: Flask, fake: FakeLabelStudio) -> None:
    @app.route("/api/projects/", methods=["GET", "POST"])
    def projects() -> Any:
        if request.method == "POST":
            fields = request.get_json()
            if len(fields["title"]) < 3:
                return _refuse(400, "Validation error", title=["too short"])
            return fake.projects[fake.add_project(**fields)], 201
        return {"count": len(fake.projects), "results": list(fake.projects.values())}

    @app.route("/api/projects/<int:number>/", methods=["GET", "PATCH", "DELETE"])
    def project(number: int) -> Any:
        if number not in fake.projects:
            return _refuse(404, "No Project matches the given query.")
        if request.method == "DELETE":
            del fake.projects[number]
            return "", 204
        if request.method == "PATCH":
            fake.projects[number] |= request.get_json()
        return fake.projects[number] | fake.counts_of(number)

    @app.route("/api/projects/<int:number>/model-versions/", methods=["GET", "DELETE"])
    def versions(number: int) -> Any:
        own = {key: row for key, row in fake.predictions.items() if _is_in(fake, row, number)}
        if request.method == "DELETE":
            gone = request.get_json()["model_version"]
            titles = [row["title"] for row in fake.backends.values() if row["project"] == number]
            if fake.projects[number]["model_version"] in {gone, *titles}:
                fake.projects[number]["model_version"] = None
            for key, row in own.items():
                if row["model_version"] == gone:
                    del fake.predictions[key]
            return {}
        return dict(Counter(row["model_version"] for row in own.values()))


def _is_in(fake: FakeLabelStudio, prediction: dict[str, Any], project_id: int) -> bool:
    return bool(fake.tasks[prediction["task"]]["project"] == project_id)


def _add_connections(app: Flask, fake: FakeLabelStudio) -> None:
    @app.route("/api/ml", methods=["GET", "POST"])
    def backends() -> Any:
        if request.method == "GET":
            number = int(request.args["project"])
            found = [row for row in fake.backends.values() if row["project"] == number]
            for row in found:
                row |= {"readable_state": fake.backend_state, "model_version": fake.served_version}
            return jsonify(found)
        row = request.get_json()
        if fake.refuses_private:
            return _refuse(403, "URL resolves to a reserved network address (block: 127.0.0.0/8)")
        number = next(fake.ids)
        fake.backends[number] = {"id": number, "error_message": None, **row}
        hook_url = row["url"] + "/webhook"
        known = [hook["url"] for hook in fake.webhooks.values()]
        if fake.makes_webhooks and hook_url not in known:
            _add_webhook(fake, {"project": row["project"], "url": hook_url})
        fake.projects[row["project"]]["model_version"] = row.get("title")
        return fake.backends[number], 201

    @app.route("/api/ml/<int:number>", methods=["PATCH", "DELETE"])
    def backend(number: int) -> Any:
        if request.method == "DELETE":
            del fake.backends[number]
            return "", 204
        row, change = fake.backends[number], request.get_json()
        if "url" not in change or "project" not in change:
            return _refuse(500, "KeyError")
        project = fake.projects[row["project"]]
        if project["model_version"] == row["title"]:
            project["model_version"] = change.get("title", row["title"])
        row |= change
        return row

    @app.route("/api/webhooks/", methods=["GET", "POST"])
    def webhooks() -> Any:
        if request.method == "GET":
            number = int(request.args["project"])
            return jsonify([row for row in fake.webhooks.values() if row["project"] == number])
        row = request.get_json()
        if "." not in row["url"].split("/")[2] and "localhost" not in row["url"]:
            return _refuse(400, "Validation error", url=["Enter a valid URL."])
        return _add_webhook(fake, row), 201

    @app.route("/api/webhooks/<int:number>/", methods=["PATCH", "DELETE"])
    def webhook(number: int) -> Any:
        if request.method == "DELETE":
            del fake.webhooks[number]
            return "", 204
        fake.webhooks[number] |= request.get_json()
        return fake.webhooks[number]


def _add_webhook(fake: FakeLabelStudio, row: dict[str, Any]) -> dict[str, Any]:
    number = next(fake.ids)
    usual = {"headers": {}, "is_active": True, "send_payload": True, "send_for_all_actions": True}
    fake.webhooks[number] = {"id": number, **usual, **row}
    return fake.webhooks[number]


def _fits(task: dict[str, Any], item: dict[str, Any]) -> bool:
    if item["type"] == "Datetime":
        return str(task.get("updated_at") or "9") > str(item["value"])
    if item["type"] != "Number":
        return True
    value = task.get(item["filter"].removeprefix("filter:tasks:"), 0)
    return bool(value > item["value"] if item["operator"] == "greater" else value == item["value"])


def _add_tasks(app: Flask, fake: FakeLabelStudio) -> None:
    @app.get("/api/tasks")
    def tasks() -> Any:
        number, page = int(request.args["project"]), int(request.args["page"])
        size = int(request.args["page_size"])
        found = [task for task in fake.tasks.values() if task["project"] == number]
        query = json.loads(request.args.get("query", "{}"))
        if "selectedItems" in query:
            wanted = set(query["selectedItems"]["included"])
            found = [task for task in found if task["id"] in wanted]
        for item in query.get("filters", {}).get("items", ()):
            found = [task for task in found if _fits(task, item)]
        if query.get("ordering") == ["tasks:id"]:
            found = sorted(found, key=lambda task: int(task["id"]))
        shown = found[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return _refuse(404, "Invalid page.")
        listed = [
            task
            | {
                "predictions": fake.predictions_of(task["id"]),
                "annotations": fake.annotations_of(task["id"]),
            }
            for task in shown
        ]
        return {"total": len(found), "tasks": listed}

    @app.post("/api/projects/<int:number>/import")
    def import_tasks(number: int) -> Any:
        if request.files:
            return {"task_count": len(fake.add_tasks(number, len(request.files)))}, 201
        return {"task_ids": fake.add_tasks(number, len(request.get_json()))}, 201

    @app.post("/api/projects/<int:number>/import/predictions")
    def import_predictions(number: int) -> Any:
        rows = request.get_json()
        if fake.store_status:
            return _refuse(fake.store_status, "asked for by the test")
        if any(row["task"] not in fake.tasks for row in rows):
            return _refuse(400, "Validation error", non_field_errors=["invalid task field"])
        time.sleep(fake.store_delay_s)
        return {"created": fake.store(rows)}, 201

    @app.route("/api/predictions/", methods=["GET", "POST"])
    def predictions() -> Any:
        if request.method == "GET":
            return jsonify(fake.predictions_of(int(request.args["task"])))
        row = request.get_json()
        if row["task"] not in fake.tasks:
            return _refuse(400, "Validation error", task=["object does not exist"])
        fake.store([row])
        return row, 201

    @app.route("/api/predictions/<int:number>/", methods=["PATCH", "DELETE"])
    def prediction(number: int) -> Any:
        if number not in fake.predictions:
            return _refuse(404, "No Prediction matches the given query.")
        if request.method == "PATCH":
            fake.predictions[number] |= request.get_json()
            return fake.predictions[number]
        del fake.predictions[number]
        return "", 204

    @app.route("/api/dm/views/", methods=["GET", "POST"])
    def views() -> Any:
        if request.method == "POST":
            number = next(fake.ids)
            fake.views[number] = {"id": number, **request.get_json()}
            return fake.views[number], 201
        project = int(request.args["project"])
        return jsonify([view for view in fake.views.values() if view["project"] == project])

    @app.patch("/api/dm/views/<int:number>/")
    def view(number: int) -> Any:
        fake.views[number] |= request.get_json()
        return fake.views[number]
