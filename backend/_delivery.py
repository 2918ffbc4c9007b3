"""Bring one chunk of queued tasks to their predictions, exactly one each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from backend.jobs import ClaimedTask, JobState, ProjectRef
from backend.label_studio import (
    LabelStudioAuthError,
    LabelStudioNotFoundError,
    LabelStudioRefusedError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from backend.worker import TaskPredictor, WorkerLimits

__all__ = ["Delivery"]

log = structlog.get_logger(__name__)

_THERE_ALREADY = "a prediction of this version is there already"


class Delivery:
    """One chunk on its way; all tasks are of one project and one model version."""

    def __init__(
        self,
        *,
        client: LabelStudioClient,
        jobs: JobQueue,
        predictor: TaskPredictor,
        limits: WorkerLimits,
    ) -> None:
        """Put the parts together."""
        self._client = client
        self._jobs = jobs
        self._predictor = predictor
        self._limits = limits
        self._open: dict[int, ClaimedTask] = {}

    def open_tasks(self) -> list[ClaimedTask]:
        """Return the tasks whose end has not been recorded; the caller puts them somewhere."""
        return list(self._open.values())

    def run(self, claimed: Sequence[ClaimedTask]) -> None:
        """Predict and store; a task leaves `open_tasks` with a final state or a new turn.

        Raises:
            LabelStudioError: If the whole chunk is held up; see `open_tasks` for what is left.
        """
        self._open = {task.row_id: task for task in claimed}
        project = claimed[0].project
        version = self._predictor.model_version
        if claimed[0].model_version != version:
            self._jobs.reassign(claimed, model_version=version)
            self._open = {}
            return
        described = self._client.project(project.id)
        if not _is_same(project, described):
            gone = "the project was deleted and its id given to another"
            self._close(self.open_tasks(), JobState.SKIPPED, gone)
            return
        asked = self._jobs.asked
        for task in self.open_tasks():
            self._leave(task, asked.held_s(project.uid, task.task_id))
        wanted = self._look(project, self.open_tasks(), version)
        if wanted:
            self._predict(project, wanted, str(described.get("label_config") or ""))

    def _look(
        self, project: ProjectRef, tasks: Sequence[ClaimedTask], version: str
    ) -> dict[ClaimedTask, Mapping[str, Any]]:
        """Close tasks that are gone or have their prediction; return the others as listed."""
        listed = self._client.tasks_by_id(project.id, [task.task_id for task in tasks])
        wanted: dict[ClaimedTask, Mapping[str, Any]] = {}
        taken: set[int] = set()
        for task in tasks:
            found = listed.get(task.task_id)
            if found is None and task.attempts == 1:
                # The event may be quicker than Label Studio's own transaction.
                self._put_back(task, "the task is not in Label Studio yet")
            elif found is None:
                self._close([task], JobState.SKIPPED, "the task is not in the project any more")
            elif doubles := _of_version(found, version):
                self._settle(task, doubles)
            elif task.task_id in taken:
                # Two rows, because its picture was changed: both would get the present one's.
                self._close([task], JobState.SKIPPED, "the task is queued twice")
            else:
                taken.add(task.task_id)
                wanted[task] = found
        return wanted

    def _settle(self, task: ClaimedTask, prediction_ids: Sequence[int]) -> None:
        """Close a task that has its prediction, and remove what a cut-off sending stored twice."""
        if task.maybe_sent:
            self._remove(prediction_ids[1:])
            self._close([task], JobState.DONE, "stored by an earlier attempt")
        else:
            self._close([task], JobState.SKIPPED, _THERE_ALREADY)

    def _predict(
        self, project: ProjectRef, wanted: Mapping[ClaimedTask, Mapping[str, Any]], config: str
    ) -> None:
        outcomes = self._predictor.predict_tasks(
            list(wanted.values()), label_config=config, project_uid=project.uid
        )
        ready: dict[ClaimedTask, Mapping[str, Any]] = {}
        for task, outcome in zip(wanted, outcomes, strict=True):
            prediction = outcome.prediction
            if prediction is not None and prediction.get("model_version") != task.model_version:
                self._put_back(task, "the model was changed meanwhile")
            elif outcome.outcome == "ready" and prediction is not None:
                ready[task] = {**prediction, "task": task.task_id}
            elif outcome.outcome == "failed":
                self._close([task], JobState.FAILED, outcome.reason)
            else:
                self._put_back(task, outcome.reason)
        if ready:
            self._store(project, ready)

    def _store(self, project: ProjectRef, ready: Mapping[ClaimedTask, Mapping[str, Any]]) -> None:
        # Predicting took time in which Label Studio may have asked `/predict` itself.
        missing = self._look(project, list(ready), next(iter(ready)).model_version)
        held = self._jobs.asked.take(project.uid, [task.task_id for task in missing])
        for task in missing:
            self._leave(task, held.get(task.task_id, 0.0))
        ready = {task: ready[task] for task in missing if task.task_id not in held}
        if not ready:
            return
        self._jobs.mark_sent(ready)
        try:
            num_stored = self._client.import_predictions(project.id, list(ready.values()))
        except LabelStudioUnavailableError as error:
            self._wait_for_outcome(list(ready), str(error))
            raise
        except (LabelStudioRefusedError, LabelStudioAuthError, LabelStudioNotFoundError):
            self._store_singly(ready)
            return
        if num_stored == len(ready):
            self._close([task for task in ready if not task.maybe_sent], JobState.DONE, "")
            self._watch([task for task in ready if task.maybe_sent])
            log.info("predictions_delivered", project=project.id, num_tasks=num_stored)
        else:
            self._store_rest(project, ready)

    def _store_rest(
        self, project: ProjectRef, ready: Mapping[ClaimedTask, Mapping[str, Any]]
    ) -> None:
        """Find out which ones Label Studio left out without a word, and ask for its reason."""
        listed = self._client.tasks_by_id(project.id, [task.task_id for task in ready])
        version = next(iter(ready)).model_version
        stored = [task for task in ready if _of_version(listed.get(task.task_id, {}), version)]
        self._close(stored, JobState.DONE, "")
        left_out = [task for task in ready if task not in stored]
        reason = "Label Studio left the prediction out: it does not fit the labeling config"
        self._close(left_out, JobState.FAILED, reason)

    def _store_singly(self, ready: Mapping[ClaimedTask, Mapping[str, Any]]) -> None:
        """Store one by one, so that one refused prediction does not take the others with it."""
        for task, prediction in ready.items():
            try:
                self._client.create_prediction(prediction)
            except LabelStudioRefusedError as error:
                self._close([task], JobState.FAILED, str(error))
            except LabelStudioNotFoundError:
                self._close([task], JobState.SKIPPED, "the task is not in the project any more")
            except LabelStudioUnavailableError as error:
                self._wait_for_outcome([task], str(error))
                raise
            else:
                self._close([task], JobState.DONE, "")

    def _watch(self, tasks: Sequence[ClaimedTask]) -> None:
        """Look once more, later, at tasks that were sent again: the first may still arrive."""
        reason = "sent again after a cut-off sending; looking for a double"
        self._jobs.release(tasks, reason, delay_s=self._limits.settle_s)
        for task in tasks:
            self._open.pop(task.row_id, None)

    def _remove(self, prediction_ids: Iterable[int]) -> None:
        for prediction_id in prediction_ids:
            self._client.delete_prediction(prediction_id)
            log.info("double_prediction_removed", prediction=prediction_id)

    def _wait_for_outcome(self, tasks: Sequence[ClaimedTask], reason: str) -> None:
        """Put tasks back whose predictions may or may not be stored, and give them time."""
        for task in tasks:
            doubled = self._limits.settle_s * 2.0 ** (task.attempts - 1)
            self._jobs.retry([task], reason, delay_s=min(doubled, self._limits.settle_longest_s))
            self._open.pop(task.row_id, None)

    def _leave(self, task: ClaimedTask, held_s: float) -> None:
        """Put a task back that Label Studio is asking for itself; it stays open if it is not."""
        if held_s > 0.0:
            reason = "Label Studio asks for it itself; looking again when that is over"
            self._jobs.release([task], reason, delay_s=held_s)
            self._open.pop(task.row_id, None)

    def _put_back(self, task: ClaimedTask, reason: str) -> None:
        doubled = self._limits.retry_s * 2.0 ** (task.attempts - 1)
        self._jobs.retry([task], reason, delay_s=min(doubled, self._limits.retry_longest_s))
        self._open.pop(task.row_id, None)

    def _close(self, tasks: Iterable[ClaimedTask], state: JobState, reason: str) -> None:
        tasks = list(tasks)
        if tasks:
            self._jobs.finish(tasks, state, reason)
            for task in tasks:
                self._open.pop(task.row_id, None)


def _is_same(project: ProjectRef, described: Mapping[str, Any]) -> bool:
    """Whether an id still means the project it meant; a bare id cannot tell."""
    return "." not in project.uid or ProjectRef.from_api(described).uid == project.uid


def _of_version(task: Mapping[str, Any], version: str) -> list[int]:
    """Return the ids of a listed task's predictions of a version, oldest first."""
    predictions = task.get("predictions") or ()
    return sorted(item["id"] for item in predictions if item.get("model_version") == version)
