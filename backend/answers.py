"""Answer a `/predict` request: one entry a task, and a note of whatever is not in it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from backend._asked import AskedTasks
from backend.model_thread import ModelError, Priority
from backend.predictor import Outcome, TaskOutcome
from ontology.config_map import ConfigMap
from ontology.errors import CatalogError, LabelConfigError

if TYPE_CHECKING:
    from backend.jobs import JobQueue
    from backend.predictor import PredictionService
    from backend.requests import PredictRequest
    from tagger.pipeline import GarmentTagger

__all__ = ["Answerer", "Entry"]

log = structlog.get_logger(__name__)

# What Label Studio skips for now and asks for again.
_LATER: Mapping[str, Any] = {}
_MAX_CONFIGS = 32
_MAX_FAULTS = 100

Entry = Mapping[str, Any]


class Answerer:
    """Turns requests into entries for Label Studio and queues what is missing from them."""

    def __init__(
        self,
        service: PredictionService,
        *,
        jobs: JobQueue | None,
        request_deadline_s: float,
        open_deadline_s: float,
        noted: Callable[[str, Sequence[TaskOutcome]], None] | None = None,
    ) -> None:
        """Keep the parts.

        Args:
            service: Predicts.
            jobs: Takes what was not ready and notes what never will be; None keeps no note.
            request_deadline_s: Time for a request with several tasks, in seconds.
            open_deadline_s: Time for one with a single task, where a person waits.
            noted: Told a project's uid and what became of its tasks; quick, and never fails.
        """
        self._noted = noted
        self._service = service
        self._jobs = jobs
        self._asked = jobs.asked if jobs is not None else AskedTasks()
        self._request_deadline_s = request_deadline_s
        self._open_deadline_s = open_deadline_s
        self._configs: OrderedDict[tuple[str, str], ConfigMap] = OrderedDict()
        self._config_faults: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def config_faults(self) -> Mapping[str, str]:
        """Why the configs of projects cannot be used, by project, newest last."""
        with self._lock:
            return dict(self._config_faults)

    def answer(self, wanted: PredictRequest) -> list[Entry]:
        """Predict what a request asks for; always as many entries as tasks, in order."""
        if not wanted.tasks:
            return []
        is_single = len(wanted.tasks) == 1
        deadline_s = self._open_deadline_s if is_single else self._request_deadline_s
        ends_at = time.monotonic() + deadline_s
        try:
            config, tagger = self._config(wanted, deadline_s=deadline_s)
        except LabelConfigError as error:
            self._note_config_fault(wanted, str(error))
            return [_LATER] * len(wanted.tasks)
        except ModelError as error:
            return self.postpone(wanted, str(error))
        deadline_s = ends_at - time.monotonic()
        if wanted.drawn:
            return self._suggest(wanted, config, tagger, deadline_s=deadline_s)
        task_ids = [task.id for task in wanted.tasks if task.id is not None]
        with self._asked.asking(wanted.project_uid, task_ids, longest_s=deadline_s) as asking:
            outcomes = self._service.predict(
                wanted.tasks,
                config,
                deadline_s=deadline_s,
                priority=Priority.PERSON if is_single else Priority.REQUEST,
                tagger=tagger,
                project_uid=wanted.project_uid,
            )
            self._keep_notes(wanted, outcomes)
            if self._noted is not None:
                self._noted(wanted.project_uid, outcomes)
            # A person's page is better filled twice than not at all.
            done = frozenset() if is_single else asking.sent_meanwhile()
            ready = [o for o in outcomes if o.prediction is not None and o.task.id not in done]
            asking.answered.update(o.task.id for o in ready if o.task.id is not None)
            return [
                outcome.prediction or _LATER if outcome.task.id not in done else _LATER
                for outcome in outcomes
            ]

    def postpone(self, wanted: PredictRequest, reason: str) -> list[Entry]:
        """Queue all tasks of a request and answer nothing for now."""
        if not wanted.drawn and self._jobs is not None:
            from backend.jobs import image_reference

            images = [image_reference({"data": t.data}, wanted.label_config) for t in wanted.tasks]
            outcomes = [
                TaskOutcome(task=task, outcome=Outcome.LATE, image=image, reason=reason)
                for task, image in zip(wanted.tasks, images, strict=True)
            ]
            self._keep_notes(wanted, outcomes)
        return [_LATER] * len(wanted.tasks)

    def _suggest(
        self,
        wanted: PredictRequest,
        config: ConfigMap,
        tagger: GarmentTagger,
        *,
        deadline_s: float,
    ) -> list[Entry]:
        """Answer for the rectangle that was drawn; nothing is queued, the person has moved on."""
        outcome = self._service.suggest(
            wanted.tasks[0], wanted.drawn, config, deadline_s=deadline_s, tagger=tagger
        )
        rest = [_LATER] * (len(wanted.tasks) - 1)
        return [outcome.prediction or _LATER, *rest]

    def _config(
        self, wanted: PredictRequest, *, deadline_s: float
    ) -> tuple[ConfigMap, GarmentTagger]:
        """Read the project's config; the last ones are remembered by model version and text.

        Returns:
            The config, and the model with whose ontology it was read.

        Raises:
            LabelConfigError: If it cannot be used.
            ModelError: If the model is not loaded in time.
        """
        if not wanted.label_config.strip():
            raise LabelConfigError("the request carries no label_config")
        tagger = self._service.model.wait_settled(deadline_s)
        text = wanted.label_config.encode("utf-8", "surrogatepass")
        key = (tagger.version, hashlib.sha256(text).hexdigest())
        with self._lock:
            config = self._configs.get(key)
            if config is not None:
                self._configs.move_to_end(key)
        if config is None:
            config = ConfigMap.parse(wanted.label_config, tagger.ontology)
            if config.unmapped:
                log.warning(
                    "config_partly_unknown",
                    project=wanted.project_uid,
                    num_unmapped=len(config.unmapped),
                    first=[str(fault) for fault in config.unmapped[:5]],
                )
        with self._lock:
            self._configs[key] = config
            self._config_faults.pop(wanted.project_uid, None)
            while len(self._configs) > _MAX_CONFIGS:
                self._configs.popitem(last=False)
        return config, tagger

    def _note_config_fault(self, wanted: PredictRequest, reason: str) -> None:
        reason = reason.encode("utf-8", "replace").decode()  # the text may be any JSON string
        log.warning("config_unusable", project=wanted.project_uid, reason=reason)
        with self._lock:
            self._config_faults[wanted.project_uid] = reason
            while len(self._config_faults) > _MAX_FAULTS:
                self._config_faults.popitem(last=False)

    def _keep_notes(self, wanted: PredictRequest, outcomes: Sequence[TaskOutcome]) -> None:
        """Queue what is late, note what failed; a database in trouble costs no predictions."""
        late = [outcome for outcome in outcomes if outcome.outcome is Outcome.LATE]
        failed = [outcome for outcome in outcomes if outcome.outcome is Outcome.FAILED]
        if self._jobs is None or not wanted.project_uid or not (late or failed):
            return
        try:
            _keep(self._jobs.enqueue, wanted.project_uid, late, self._service.model_version)
            _keep(
                self._jobs.record_failures, wanted.project_uid, failed, self._service.model_version
            )
        except CatalogError as error:
            log.error("jobs_not_kept", num_late=len(late), reason=str(error))


def _keep(
    keep: Callable[..., object],
    project_uid: str,
    outcomes: Sequence[TaskOutcome],
    model_version: str,
) -> None:
    """Write all outcomes at once, each with its reason: one transaction a task takes minutes."""
    from backend.jobs import JobTask, ProjectRef

    tasks = [
        JobTask(id=outcome.task.id, image=outcome.image, reason=outcome.reason)
        for outcome in outcomes
        if outcome.task.id is not None
    ]
    if not tasks:
        return
    reasons = {task.reason for task in tasks}
    reason = reasons.pop() if len(reasons) == 1 else "several reasons; see the tasks"
    keep(ProjectRef.parse(project_uid), tasks, model_version=model_version, reason=reason)
