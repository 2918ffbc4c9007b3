"""Blind tasks are answered with nothing, whoever asks, and what is sent elsewhere is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backend.images import ImageFetcher
from backend.metrics import Metrics
from backend.model_thread import ModelThread
from backend.predictor import Outcome, PredictionService
from backend.requests import TaskRef
from backend.settings import Settings
from ontology.config_map import ConfigMap
from tests.backend.ledger.support import CONFIG, recorded_ontology
from tests.backend.support import FakeTagger, PictureServer, png

CONFIG_MAP = ConfigMap.parse(CONFIG, recorded_ontology())


@pytest.fixture
def make(server: PictureServer) -> Iterator[Callable[..., PredictionService]]:
    made: list[PredictionService] = []

    def build(**options: Any) -> PredictionService:
        metrics = Metrics()
        service = PredictionService(
            model=ModelThread(lambda: FakeTagger(recorded_ontology()), metrics=metrics),
            images=ImageFetcher(Settings(allow_private_hosts=(server.host,), fetch_attempts=1)),
            metrics=metrics,
            model_version="fake-1",
            **options,
        )
        service.start()
        made.append(service)
        return service

    yield build
    for service in made:
        service.close()


def _predict(service: PredictionService, url: str, *, project_uid: str) -> Any:
    task = TaskRef(id=1, data={"image": url})
    (outcome,) = service.predict([task], CONFIG_MAP, deadline_s=30, project_uid=project_uid)
    return outcome


def test_blind_task_gets_an_empty_prediction_of_the_present_version(
    server: PictureServer, make: Callable[..., PredictionService]
) -> None:
    outcome = _predict(make(blind_share=1.0), server.add("/a.png", png()), project_uid="4.1")

    assert outcome.outcome is Outcome.READY
    assert outcome.prediction == {"model_version": "fake-1", "score": 0.5, "result": []}
    assert server.asked == []


@pytest.mark.parametrize(("share", "project_uid"), [(0.0, "4.1"), (1.0, "")])
def test_other_tasks_and_requests_without_a_project_are_predicted(
    server: PictureServer,
    make: Callable[..., PredictionService],
    share: float,
    project_uid: str,
) -> None:
    url = server.add("/a.png", png())

    outcome = _predict(make(blind_share=share), url, project_uid=project_uid)

    assert outcome.prediction["result"]


def test_computed_pictures_are_told_once_with_scores_and_boxes_of_full_size(
    server: PictureServer, make: Callable[..., PredictionService]
) -> None:
    told: list[Any] = []
    service = make(keep=lambda *what: told.append(what))
    url = server.add("/a.png", png(size=(40, 50)))

    for _ in range(2):
        _predict(service, url, project_uid="4.1")

    ((digest, found, tagger),) = told
    assert len(digest) == 64
    assert found.garments[0].scores
    assert found.garments[0].box.x1 == pytest.approx(36)
    assert tagger.version == "fake-1"
