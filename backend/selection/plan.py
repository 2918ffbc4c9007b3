"""Choose tasks, and bring their order to annotators.

Legend: B picked tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from backend.label_studio import LabelStudioNotFoundError
from backend.selection.priority import picked_priority, queue_score
from tagger.select.batch import BatchRule
from tagger.select.pick import Pick, pick_next

if TYPE_CHECKING:
    import numpy as np

    from backend.label_studio import LabelStudioClient
    from backend.selection.candidates import OpenTask
    from ontology.model import Ontology

__all__ = ["VIEW_TITLE", "Applied", "PickedTask", "apply_order", "choose", "ensure_view"]

log = structlog.get_logger(__name__)

VIEW_TITLE = "weft: label next"
_VIEW = {
    "title": VIEW_TITLE,
    "type": "list",
    "target": "tasks",
    "ordering": ["tasks:predictions_score"],
    "filters": {
        "conjunction": "and",
        "items": [
            {
                "filter": "filter:tasks:total_annotations",
                "operator": "equal",
                "type": "Number",
                "value": 0,
            }
        ],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedTask:
    """A task and why it is next."""

    task: OpenTask
    pick: Pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was changed in Label Studio.

    Attributes:
        num_changed: Predictions that were given another score.
        num_gone: Predictions that were deleted meanwhile.
        views: Projects whose view was made or changed.
    """

    num_changed: int
    num_gone: int
    views: tuple[int, ...]


def choose(
    tasks: Sequence[OpenTask],
    *,
    budget: int,
    ontology: Ontology,
    rng: np.random.Generator,
    rule: BatchRule,
    weights: Mapping[str, float] | None = None,
) -> list[PickedTask]:
    """Choose the tasks to label next, in their order.

    Args:
        tasks: Candidates.
        budget: How many.
        ontology: Gives the words.
        rng: Draws.
        rule: How the batch is composed.
        weights: Factor of each attribute.

    Raises:
        SelectionError: If the budget is not positive.
    """
    # Two tasks can show the same picture: their garments have one id, and one of them will do.
    by_id = {task.candidate.id: task for task in reversed(tasks)}
    candidates = [by_id[key].candidate for key in sorted(by_id)]
    picks = pick_next(
        candidates, budget=budget, ontology=ontology, rng=rng, weights=weights, rule=rule
    )
    return [PickedTask(task=by_id[pick.id], pick=pick) for pick in picks]


def apply_order(
    client: LabelStudioClient, tasks: Sequence[OpenTask], picked: Sequence[PickedTask]
) -> Applied:
    """Give every candidate's prediction its place, and each project a view ordered by it.

    A task that is not picked (any more) gets the place that its prediction has by itself. What is
    right already is not sent again.

    Raises:
        LabelStudioError: If Label Studio cannot be asked or refuses; running it again goes on.
    """
    wanted = {id(one.task): picked_priority(one.pick.priority) for one in picked}
    num_changed = num_gone = 0
    for task in tasks:
        score = queue_score(wanted.get(id(task), task.own_priority))
        for prediction, old in zip(task.prediction_ids, task.queue_scores, strict=True):
            if old == score:
                continue
            try:
                client.update_prediction(prediction, score=score)
                num_changed += 1
            except LabelStudioNotFoundError:
                num_gone += 1
    projects = sorted({task.project_id for task in tasks})
    views = tuple(project for project in projects if ensure_view(client, project))
    log.info("order_applied", num_changed=num_changed, num_gone=num_gone, num_views=len(views))
    return Applied(num_changed=num_changed, num_gone=num_gone, views=views)


def ensure_view(client: LabelStudioClient, project_id: int) -> bool:
    """Make the view of unlabelled tasks in their order, or mend it; returns whether it changed.

    Columns and the like that somebody set in it stay.
    """
    own = [
        view
        for view in client.views(project_id)
        if (view.get("data") or {}).get("title") == VIEW_TITLE
    ]
    if not own:
        client.create_view(project_id, data=_VIEW)
        return True
    data = own[0]["data"]
    if all(data.get(key) == _VIEW[key] for key in ("ordering", "filters")):
        return False
    client.update_view(int(own[0]["id"]), project_id=project_id, data={**data, **_VIEW})
    return True
