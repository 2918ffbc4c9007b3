"""An adapter for people who already run `label-studio-ml start`; nothing else needs it.

`WeftModel` is a `LabelStudioMLBase` of whichever `label-studio-ml` is installed, 1.0.9 or the newer
line that was never released to the package registry. In the `model.py` of a `label-studio-ml`
backend write

    from backend.label_studio_ml import WeftModel

It holds no model itself, because one line makes an object for each request and the other a process
for each event: requests go to the application of `backend.app`, made once a process.
"""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from flask import Flask

    WeftModel: type[Any]

__all__ = ["AdapterError", "WeftModel", "use_application"]

_lock = threading.RLock()
_application: Flask | None = None


class AdapterError(CatalogError):
    """A request could not be answered; the message is the application's own."""


def use_application(application: Flask) -> None:
    """Answer with this application instead of one made from the environment's settings."""
    global _application
    with _lock:
        _application = application


def _get_application() -> Flask:
    global _application
    with _lock:
        if _application is None:
            from backend.app import create_app
            from backend.settings import load_settings

            _application = create_app(load_settings())
            _application.extensions["weft"].start()
        return _application


def _post(path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
    response = _get_application().test_client().post(path, json=body, headers=headers)
    answer = response.get_json()
    if response.status_code >= 400:
        error = answer.get("error", {}) if isinstance(answer, dict) else {}
        raise AdapterError(error.get("message", f"{path} failed with {response.status_code}"))
    return answer


def predict_tasks(
    tasks: Sequence[Mapping[str, Any]],
    *,
    label_config: str,
    project: str = "",
    context: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Predict tasks as `POST /predict` does.

    Args:
        tasks: Label Studio's tasks.
        label_config: The project's labeling config.
        project: `id.created`, if it is known.
        context: What was drawn, in interactive requests.

    Returns:
        One prediction a task, in order; empty where there is none yet.

    Raises:
        AdapterError: If the application refuses the request.
    """
    body = {
        "tasks": list(tasks),
        "label_config": label_config,
        "project": project or None,
        "params": {"context": context},
    }
    results: list[dict[str, Any]] = _post("/predict", body)["results"]
    return results


def record_event(event: str, data: Mapping[str, Any] | None) -> None:
    """Store a webhook's event, and nothing more: this may run in a process made for it alone."""
    from backend.database import open_database
    from backend.events import store_event
    from backend.settings import load_settings

    settings = load_settings()
    database = open_database(settings.data_dir, url=settings.database_url)
    try:
        store_event(database, {**(data or {}), "action": event})
    finally:
        database.close()


def _make_model() -> type[Any]:
    base: type[Any] = importlib.import_module("label_studio_ml.model").LabelStudioMLBase
    accepted = inspect.signature(base.__init__).parameters

    class WeftModel(base):  # type: ignore[misc]  # known only at run time
        """Predicts with weft, inside a `label-studio-ml` backend."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            """Pass on what this line's base class knows; each line gives other arguments."""
            takes_any = any(
                parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values()
            )
            known = {name: kwargs[name] for name in kwargs if takes_any or name in accepted}
            super().__init__(*args, **known)

        def setup(self) -> None:
            """Tell the newer line which version answers."""
            version = _post("/setup", {"project": "", "schema": ""})["model_version"]
            self.set("model_version", version)

        def predict(
            self, tasks: Any, context: Mapping[str, Any] | None = None, **_: Any
        ) -> list[dict[str, Any]]:
            """Predict tasks; both lines call this."""
            return predict_tasks(
                [tasks] if isinstance(tasks, Mapping) else tasks,
                label_config=str(self.label_config or ""),
                project=str(getattr(self, "project_id", "") or ""),
                context=context,
            )

        def process_event(
            self, event: str, data: Any, job_id: str, additional_params: Any
        ) -> dict[str, Any]:
            """Store an event; line 1.0 calls this in a process of its own."""
            record_event(event, data)
            return {"event": event, "stored": True}

        def fit(self, event: Any, data: Any = None, **_: Any) -> dict[str, Any]:
            """Store an event; line 2 calls this inside the request."""
            record_event(str(event), data)
            return {"event": str(event), "stored": True}

    WeftModel.__module__, WeftModel.__qualname__ = __name__, "WeftModel"
    return WeftModel


def __getattr__(name: str) -> Any:
    # Made at first use, and kept: line 1.0 pickles the class by its name for its processes.
    if name != "WeftModel":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _lock:
        if name not in globals():
            globals()[name] = _make_model()
        return globals()[name]
