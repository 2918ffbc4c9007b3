"""From tasks to predictions: fetch, batch, remember, and know what became of each task."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import structlog

from backend.addresses import ImageFetchError, public_name
from backend.blind import is_blind
from backend.model_thread import ModelError, ModelThread, Priority
from backend.pictures import FoundPicture, PictureFinder
from backend.regions import (
    NEUTRAL_SCORE,
    Composed,
    compose,
    compose_suggestion,
    drawn_rectangle,
)
from ontology.errors import CatalogError
from tagger.boxes import BoxError

if TYPE_CHECKING:
    from backend.images import ImageFetcher
    from backend.metrics import Metrics
    from backend.pictures import KeepPrediction
    from backend.requests import TaskRef
    from ontology.config_map import ConfigMap
    from tagger.pipeline import GarmentTagger

__all__ = ["Outcome", "PredictionService", "TaskOutcome"]

log = structlog.get_logger(__name__)

_NOTHING = Composed(results=(), dropped=(), score=NEUTRAL_SCORE)


class Outcome(StrEnum):
    """What became of a task.

    Attributes:
        READY: There is a prediction, perhaps without regions.
        LATE: Not done in time, or a failure that may pass: ask again.
        FAILED: Asking again cannot help.
    """

    READY = "ready"
    LATE = "late"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """What became of one task.

    Attributes:
        prediction: `model_version`, `score` and `result` as Label Studio wants them; only
            for `READY`.
        image: The picture's reference; empty if the task has none.
        reason: Why there is no prediction, in one line without secrets.
    """

    task: TaskRef
    outcome: Outcome
    prediction: Mapping[str, Any] | None = None
    image: str = ""
    reason: str = ""


class PredictionService:
    """Predicts tasks; each picture is fetched and computed once however many ask for it."""

    def __init__(
        self,
        *,
        model: ModelThread,
        images: ImageFetcher,
        metrics: Metrics,
        model_version: str,
        batch_size: int = 16,
        cache_bytes: int = 64 * 1024 * 1024,
        blind_share: float = 0.0,
        keep: KeepPrediction | None = None,
        mark_doubtful: bool = True,
    ) -> None:
        """Put the parts together; `start` starts loading the model.

        Args:
            model: Owns the tagger.
            images: Fetches pictures.
            metrics: Where to count.
            model_version: What the first model's manifest says, known before it is loaded.
            batch_size: Pictures a model call.
            cache_bytes: Memory for remembered answers.
            blind_share: Part of the tasks that gets an empty prediction, 0..1.
            keep: As in `PictureFinder`.
            mark_doubtful: As in `backend.regions.compose`.
        """
        self.model = model
        self.images = images
        self._first_version = model_version
        self._metrics = metrics
        self._blind_share = blind_share
        self._mark_doubtful = mark_doubtful
        self._pictures = PictureFinder(
            model=model,
            images=images,
            metrics=metrics,
            batch_size=batch_size,
            cache_bytes=cache_bytes,
            keep=keep,
        )

    def start(self) -> None:
        """Load the model in the background; returns at once."""
        self.model.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop fetching and predicting; what is under way fails as `LATE`.

        Args:
            timeout_s: Seconds that the batch under way may still take.
        """
        self.images.close()
        self.model.close(timeout_s)

    @property
    def model_version(self) -> str:
        """The version that answers new requests, or is being loaded for them."""
        return self.model.version or self._first_version

    @property
    def state(self) -> str:
        """`loading`, `ready`, or `failed: why`."""
        return self.model.state

    def predict(
        self,
        tasks: Sequence[TaskRef],
        config_map: ConfigMap,
        *,
        deadline_s: float,
        priority: Priority = Priority.REQUEST,
        tagger: GarmentTagger | None = None,
        project_uid: str = "",
    ) -> list[TaskOutcome]:
        """Predict tasks, as far as that is possible in the given time.

        Args:
            tasks: Any number; a few are fetched ahead of the model, never all at once.
            config_map: The project's own config.
            deadline_s: Seconds from now after which what is not ready is `LATE`.
            priority: Who waits for the answer.
            tagger: The model with whose ontology the config was read; else the present one. It
                answers all tasks, even if another version becomes live meanwhile.
            project_uid: Whose tasks they are; without it none is answered blind.

        Returns:
            One outcome a task, in order. Never raises for a task's sake.
        """
        ends_at = time.monotonic() + deadline_s
        references = [task.image(config_map.image_key) for task in tasks]
        blind = {item for item in references if item and self._is_blind(project_uid, item)}
        wanted = [item for item in dict.fromkeys(references) if item and item not in blind]
        found: Mapping[str, FoundPicture | CatalogError]
        try:
            tagger = tagger or self.model.wait_settled(deadline_s)
        except ModelError as error:
            found = dict.fromkeys(wanted, error)
        else:
            found = self._pictures.find_all(
                wanted, tagger=tagger, ends_at=ends_at, priority=priority
            )
        outcomes = [
            self._ready(task, reference, _NOTHING, tagger.version)
            if tagger is not None and reference in blind
            else self._outcome(task, reference, found=found, config=config_map)
            for task, reference in zip(tasks, references, strict=True)
        ]
        for outcome in outcomes:
            self._metrics.tasks.labels(outcome=outcome.outcome.value).inc()
        return outcomes

    def suggest(
        self,
        task: TaskRef,
        results: Sequence[Mapping[str, Any]],
        config_map: ConfigMap,
        *,
        deadline_s: float,
        tagger: GarmentTagger | None = None,
    ) -> TaskOutcome:
        """Fill the rectangle that was drawn by hand in an interactive request.

        Args:
            task: The task on the screen.
            results: `params.context.result`; the drawn rectangle is the last one.
            config_map: The project's own config.
            deadline_s: Seconds from now after which the answer is `LATE`.
            tagger: The model with whose ontology the config was read; else the present one.
        """
        ends_at = time.monotonic() + deadline_s
        reference = task.image(config_map.image_key) or ""
        drawn = drawn_rectangle(results)
        try:
            if drawn is None or not reference:
                raise ImageFetchError("no drawn rectangle, or no picture", is_permanent=True)
            tagger = tagger or self.model.wait_settled(deadline_s)
            garment, image_wh = self._pictures.tag_drawn(
                reference, drawn, tagger=tagger, ends_at=ends_at
            )
            composed = compose_suggestion(
                garment,
                drawn=drawn,
                image_wh=image_wh,
                config=config_map,
                ontology=tagger.ontology,
                model_version=tagger.version,
            )
        except (CatalogError, TimeoutError) as error:
            outcome = self._missing(task, reference, error)
        else:
            outcome = self._ready(task, reference, composed, tagger.version)
        self._metrics.tasks.labels(outcome=outcome.outcome.value).inc()
        return outcome

    def _is_blind(self, project_uid: str, reference: str) -> bool:
        return bool(project_uid) and is_blind(project_uid, reference, self._blind_share)

    def _outcome(
        self,
        task: TaskRef,
        reference: str | None,
        *,
        found: Mapping[str, FoundPicture | CatalogError],
        config: ConfigMap,
    ) -> TaskOutcome:
        if not reference:
            fault = (
                f"task has no picture under {config.image_key!r}, the key of the project's config"
            )
            return TaskOutcome(task=task, outcome=Outcome.FAILED, reason=fault)
        answer = found.get(reference) or TimeoutError()
        if not isinstance(answer, FoundPicture):
            return self._missing(task, reference, answer)
        try:
            composed = compose(
                answer.prediction,
                digest=answer.digest,
                config=config,
                ontology=answer.tagger.ontology,
                model_version=answer.tagger.version,
                mark_doubtful=self._mark_doubtful,
            )
        except CatalogError as error:
            return self._missing(task, reference, error)
        return self._ready(task, reference, composed, answer.tagger.version)

    def _ready(
        self, task: TaskRef, reference: str, composed: Composed, model_version: str
    ) -> TaskOutcome:
        if composed.dropped:
            self._metrics.dropped_cells.inc(len(composed.dropped))
            log.info(
                "cells_dropped",
                task_id=task.id,
                image=public_name(reference),
                num_dropped=len(composed.dropped),
                reasons=composed.dropped[:5],
            )
        self._metrics.regions.inc(len({result["id"] for result in composed.results}))
        return TaskOutcome(
            task=task,
            outcome=Outcome.READY,
            image=reference,
            prediction={
                "model_version": model_version,
                "score": composed.score,
                "result": list(composed.results),
            },
        )

    def _missing(self, task: TaskRef, reference: str, error: Exception) -> TaskOutcome:
        is_final = isinstance(error, BoxError) or getattr(error, "is_permanent", False)
        reason = str(error) or "not ready before the deadline; it follows in the background"
        outcome = Outcome.FAILED if is_final else Outcome.LATE
        log.warning(
            "task_without_prediction",
            task_id=task.id,
            image=public_name(reference),
            outcome=outcome.value,
            reason=reason,
        )
        return TaskOutcome(task=task, outcome=outcome, image=reference, reason=reason)
