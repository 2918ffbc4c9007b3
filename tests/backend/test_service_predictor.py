"""The worker's view of the prediction service."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backend._service_predictor import ServicePredictor
from backend.model_thread import Priority
from ontology.errors import LabelConfigError
from ontology.label_config import build_label_config
from ontology.load import load_ontology

ONTOLOGY = load_ontology(Path(__file__).parents[1] / "fixtures" / "furniture.yaml")


class Service:
    def __init__(self) -> None:
        self.model_version = "v7"
        self.state = "ready"
        self.calls: list[dict[str, Any]] = []
        self.model = SimpleNamespace(
            wait_settled=lambda timeout_s: SimpleNamespace(ontology=ONTOLOGY)
        )

    def predict(self, tasks: list[Any], config_map: Any, **options: Any) -> list[str]:
        self.calls.append({"tasks": tasks, "config_map": config_map, **options})
        return [f"outcome of {task.id}" for task in tasks]


def test_tasks_are_predicted_with_the_projects_config_behind_everybody_else() -> None:
    service = Service()
    predictor = ServicePredictor(service, deadline_s=5.0)  # type: ignore[arg-type]
    listed = {"id": 3, "data": {"cover": "a.jpg"}, "predictions": [], "annotations": []}

    outcomes = predictor.predict_tasks(
        [listed],
        label_config=build_label_config(ONTOLOGY, image_key="cover"),
        project_uid="4.17",
    )

    (call,) = service.calls
    assert outcomes == ["outcome of 3"]
    assert call["tasks"][0].image(call["config_map"].image_key) == "a.jpg"
    assert call["priority"] is Priority.BACKGROUND
    assert call["deadline_s"] == 5.0
    assert call["project_uid"] == "4.17"


def test_state_and_version_are_those_of_the_service() -> None:
    service = Service()
    predictor = ServicePredictor(service)  # type: ignore[arg-type]
    service.state = "loading"

    assert (predictor.model_version, predictor.state) == ("v7", "loading")


def test_unusable_config_is_an_error_of_its_own() -> None:
    predictor = ServicePredictor(Service())  # type: ignore[arg-type]

    with pytest.raises(LabelConfigError):
        predictor.predict_tasks([{"id": 1}], label_config="<View/>", project_uid="4.17")
