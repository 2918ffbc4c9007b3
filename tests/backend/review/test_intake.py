"""Items from tasks: what the claims contradict, and what the model is not sure of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.promises import PromiseReader
from backend.review.intake import TaskIntake, claims_in
from backend.review.items import items_of
from tagger.pipeline import ImagePrediction
from tests.backend.review.support import Backend, ontology, running_backend
from tests.backend.support import FakeTagger
from tests.backend.test_overlays import UID, asked
from tests.tagger.promised import promised

ATTRIBUTES = ("pattern", "sleeve", "color")


class SureTagger(FakeTagger):
    """Is sure of the values that it answers, or of none."""

    def __init__(self, *, score: float = 0.95) -> None:
        super().__init__(ontology())
        self.score = score

    def predict(self, images: Any, **options: Any) -> list[ImagePrediction]:
        found = super().predict(images, **options)
        return [replace(one, garments=tuple(map(self._surer, one.garments))) for one in found]

    def _surer(self, garment: Any) -> Any:
        answers = {
            attribute: tuple(replace(answer, score=self.score) for answer in found)
            for attribute, found in garment.attributes.items()
        }
        scores = {
            attribute: {
                value: self.score if any(value == a.value for a in answers[attribute]) else 0.02
                for value in known
            }
            for attribute, known in garment.scores.items()
        }
        return replace(garment, attributes=answers, scores=scores)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Backend]:
    with running_backend(tmp_path, tagger=SureTagger(), blind_share=0.0) as made:
        yield made


def take_in(backend: Backend, *, blind_share: float = 0.0) -> None:
    while backend.reviewing.asked():
        pass
    intake = TaskIntake(
        database=backend.database,
        service=backend.service,
        asked=backend.reviewing.asked,
        seen=backend.reviewing.seen,
        blind_share=blind_share,
        promises=PromiseReader(backend.settings.data_dir),
    )
    assert intake()
    assert not intake(), "each picture is looked at once"


def test_a_claim_that_the_picture_contradicts_is_queued(backend: Backend) -> None:
    asked(backend, data={"Pattern": "Floral", "sleeve": "sleeveless"})

    take_in(backend)

    (item,) = items_of(backend.database)
    assert (item.source, item.project_uid, item.task_id) == ("task", UID, 7)
    found = {finding["attribute"]: finding for finding in item.findings}
    assert set(found) == {"pattern"}, "the other claim is what the picture shows"
    assert (found["pattern"]["claim"], found["pattern"]["seen"]) == ("Floral", "plain")
    assert item.risk == pytest.approx(0.98)
    assert item.regions[0]["id"].startswith("w_")


def test_a_task_that_the_model_is_sure_of_and_claims_nothing_is_not(backend: Backend) -> None:
    asked(backend)

    take_in(backend)

    assert items_of(backend.database) == ()


def test_doubtful_answers_are_queued_behind_contradictions(tmp_path: Path) -> None:
    with running_backend(tmp_path, tagger=SureTagger(score=0.55), blind_share=0.0) as backend:
        asked(backend)
        take_in(backend)

        (item,) = items_of(backend.database)

    assert {finding["kind"] for finding in item.findings} == {"low_confidence"}
    assert item.risk < 0.5


def test_blind_tasks_are_left_alone(tmp_path: Path) -> None:
    with running_backend(tmp_path, tagger=SureTagger(), blind_share=1.0) as backend:
        asked(backend, data={"pattern": "floral"})
        take_in(backend, blind_share=1.0)

        assert items_of(backend.database) == ()


def test_a_picture_that_cannot_be_read_holds_up_nobody(backend: Backend) -> None:
    Path(asked(backend, "gone", data={"pattern": "floral"})).unlink()
    asked(backend, "there", data={"pattern": "floral"})

    take_in(backend)

    assert len(items_of(backend.database)) == 1


def test_claims_are_read_by_id_and_label_and_what_is_unknown_is_none() -> None:
    data = {"Color": ["red", "mauve"], "pattern": "STRIPED", "category": "Shoe", "title": "x"}

    claims, words = claims_in(data, ontology())

    assert claims == {"color": ["red"], "pattern": ["striped"], "category": ["boot", "sandal"]}
    assert words["pattern"] == "STRIPED"


@pytest.mark.parametrize(
    ("thresholds", "left"),
    [
        ({}, {"pattern", "sleeve", "color"}),
        ({"pattern": 0.5, "sleeve": 0.6, "color": None}, {"sleeve", "color"}),
        ({"pattern": 0.5, "sleeve": 0.5, "color": 0.5}, set()),
    ],
    ids=["none", "some", "all"],
)
def test_what_the_versions_promise_accepts_is_not_queued(
    tmp_path: Path, thresholds: dict[str, float | None], left: set[str]
) -> None:
    promised(tmp_path, **thresholds)
    with running_backend(tmp_path, tagger=SureTagger(score=0.55), blind_share=0.0) as backend:
        asked(backend)
        take_in(backend)
        items = items_of(backend.database)

    assert {f["attribute"] for item in items for f in item.findings} & set(ATTRIBUTES) == left


def test_a_contradicted_claim_is_queued_whatever_is_promised(backend: Backend) -> None:
    promised(backend.settings.data_dir, pattern=0.5)
    asked(backend, data={"pattern": "floral"})

    take_in(backend)

    (item,) = items_of(backend.database)
    assert [finding["attribute"] for finding in item.findings] == ["pattern"]
