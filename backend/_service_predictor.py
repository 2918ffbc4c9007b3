"""Let the worker use the prediction service, at the lowest priority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from backend.predictor import PredictionService, TaskOutcome

__all__ = ["ServicePredictor"]

_DEADLINE_S = 300.0


class ServicePredictor:
    """A `backend.worker.TaskPredictor` made of the service that also answers `/predict`."""

    def __init__(
        self,
        service: PredictionService,
        *,
        deadline_s: float = _DEADLINE_S,
        noted: Callable[[str, Sequence[TaskOutcome]], None] | None = None,
    ) -> None:
        """Keep the service.

        Args:
            service: Started by its owner.
            deadline_s: Seconds that a chunk may take; what is not done by then is tried again.
            noted: As in `backend.answers.Answerer`.
        """
        self._noted = noted
        self._service = service
        self._deadline_s = deadline_s

    @property
    def model_version(self) -> str:
        """The version that answers now."""
        return self._service.model_version

    @property
    def state(self) -> str:
        """`ready`, `loading`, or `failed: why`."""
        return self._service.state

    def predict_tasks(
        self, tasks: Sequence[Mapping[str, Any]], *, label_config: str, project_uid: str
    ) -> Sequence[TaskOutcome]:
        """Predict tasks as the API lists them; one outcome a task, in order.

        Raises:
            LabelConfigError: If the project's config cannot be used.
        """
        from backend.model_thread import Priority
        from backend.requests import task_ref
        from ontology.config_map import ConfigMap

        tagger = self._service.model.wait_settled(self._deadline_s)
        outcomes = self._service.predict(
            [task_ref(task) for task in tasks],
            ConfigMap.parse(label_config, tagger.ontology),
            deadline_s=self._deadline_s,
            priority=Priority.BACKGROUND,
            tagger=tagger,
            project_uid=project_uid,
        )
        if self._noted is not None:
            self._noted(project_uid, outcomes)
        return outcomes
