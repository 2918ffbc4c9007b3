"""Gather what could be labelled next: tasks without annotations, with what was remembered of them.

The category and the order come from the prediction in Label Studio, probabilities and embeddings
from the table of sent regions. A task stands for its most uncertain garment: labelling it labels
the others as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import select

from backend.blind import is_blind
from backend.jobs import ProjectRef, image_reference
from backend.ledger.tables import SentRegionRow
from backend.selection.priority import own_priority
from ontology.config_map import ConfigMap
from tagger.select.pick import Candidate
from tagger.select.uncertainty import cell_doubts, informativeness
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.database import Database
    from backend.label_studio import LabelStudioClient
    from ontology.model import AttributeId, CategoryId, Ontology, ValueId
    from tagger.known import Taught

__all__ = ["Gathered", "OpenTask", "ProjectTasks", "gather"]

_BATCH = 500
_OTHER = "~"
_UNLABELLED = {
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
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A task that could be labelled next.

    Attributes:
        project_uid: Project id and creation time.
        image: Reference of the picture.
        prediction_ids: Of the served version, oldest first; doubles have the same regions.
        queue_scores: What Label Studio holds for each of them.
        candidate: Its most uncertain garment.
        own_priority: As the prediction by itself has it, 0..0.9.
    """

    project_id: int
    project_uid: str
    task_id: int
    image: str
    prediction_ids: tuple[int, ...]
    queue_scores: tuple[float | None, ...]
    candidate: Candidate
    own_priority: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Candidates, and why other unlabelled tasks are none.

    Attributes:
        left_out: Number of tasks by reason.
    """

    tasks: tuple[OpenTask, ...]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTasks:
    """What a project's tasks are read with.

    Attributes:
        ontology: Of the served version.
        taught: What that version knows.
        version: Its name.
        blind_share: Part of the tasks that is answered with nothing, 0..1.
    """

    ontology: Ontology
    taught: Taught
    version: str
    blind_share: float


def gather(
    client: LabelStudioClient, database: Database, project_id: int, *, reader: ProjectTasks
) -> Gathered:
    """List a project's unlabelled tasks that can be chosen from.

    Args:
        client: Label Studio.
        database: Where sent regions are.
        project_id: Which project.
        reader: The served version.

    Raises:
        LabelStudioError: If Label Studio cannot be asked.
        LabelConfigError: If the project's labeling config is none for boxes.
    """
    described = client.project(project_id)
    project = ProjectRef.from_api(described)
    xml = str(described.get("label_config") or "")
    config = ConfigMap.parse(xml, reader.ontology)
    left_out: Counter[str] = Counter()
    found: list[tuple[Mapping[str, Any], str, list[Mapping[str, Any]]]] = []
    for task in client.tasks(project_id, query=_UNLABELLED):
        image = image_reference(task, xml)
        own = _of_version(task, reader.version)
        if task.get("annotations"):
            left_out["skipped by an annotator"] += 1
        elif is_blind(project.uid, image, reader.blind_share):
            left_out["in the blind slice, which is not picked from"] += 1
        elif not own:
            left_out[f"without a prediction of {reader.version}"] += 1
        else:
            found.append((task, image, own))
    sent = _sent_regions(database, {key for _, _, own in found for key in _boxes(own[0], config)})
    tasks = []
    for listed, image, own in found:
        garments = _candidates(own[0], sent, config=config, reader=reader)
        if garments:
            tasks.append(_open_task(project, listed, image, own, garments))
        else:
            left_out["no garment found, or its embedding is not kept any more"] += 1
    return Gathered(tasks=tuple(tasks), left_out=dict(left_out))


def _of_version(task: Mapping[str, Any], version: str) -> list[Mapping[str, Any]]:
    own = [p for p in task.get("predictions") or () if p.get("model_version") == version]
    return sorted(own, key=lambda prediction: int(prediction["id"]))


def _boxes(
    prediction: Mapping[str, Any], config: ConfigMap
) -> dict[str, tuple[CategoryId | None, float]]:
    """Give the category and its score by region id."""
    found = {}
    for result in prediction.get("result") or ():
        names = (result.get("value") or {}).get("rectanglelabels")
        if result.get("from_name") == config.label_tag and names:
            category = config.category_by_label.get(names[0])
            found[str(result.get("id"))] = (category, float(result.get("score") or 0.0))
    return found


def _sent_regions(database: Database, ids: set[str]) -> dict[str, SentRegionRow]:
    with database.reading() as session:
        return {
            row.region_id: row
            for some in _chunks(sorted(ids))
            for row in session.scalars(
                select(SentRegionRow).where(SentRegionRow.region_id.in_(some))
            )
        }


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _candidates(
    prediction: Mapping[str, Any],
    sent: Mapping[str, SentRegionRow],
    *,
    config: ConfigMap,
    reader: ProjectTasks,
) -> list[Candidate]:
    return [
        _candidate(sent[region], category, score, reader)
        for region, (category, score) in _boxes(prediction, config).items()
        if region in sent and category is not None and reader.ontology.category(category).is_leaf
    ]


def _candidate(
    row: SentRegionRow, category: CategoryId, score: float, reader: ProjectTasks
) -> Candidate:
    scores = cast("Mapping[AttributeId, Mapping[ValueId, float]]", row.scores)
    doubts = cell_doubts(
        reader.ontology,
        reader.taught,
        category=category,
        category_score=score,
        scores=scores,
    )
    known = reader.taught.answerable(category)
    probabilities: dict[str, dict[str, float]] = {}
    for doubt in doubts:
        if doubt.attribute == CATEGORY:
            probabilities[CATEGORY] = {category: score, _OTHER: 1.0 - score}
        else:
            legal = row.scores[doubt.attribute]
            usable = {v: p for v, p in legal.items() if v in known[doubt.attribute]}  # type: ignore[index]  # an attribute's id
            total = sum(legal.values()) or 1.0
            probabilities[doubt.attribute] = {v: p / total for v, p in usable.items()}
    return Candidate(
        id=row.region_id,
        doubts=doubts,
        probabilities=probabilities,
        embedding=np.frombuffer(row.embedding, dtype="<f2").astype(np.float32),
        confidence=score,
    )


def _open_task(
    project: ProjectRef,
    task: Mapping[str, Any],
    image: str,
    own: Sequence[Mapping[str, Any]],
    garments: Sequence[Candidate],
) -> OpenTask:
    return OpenTask(
        project_id=project.id,
        project_uid=project.uid,
        task_id=int(task["id"]),
        image=image,
        prediction_ids=tuple(int(prediction["id"]) for prediction in own),
        queue_scores=tuple(prediction.get("score") for prediction in own),
        candidate=max(garments, key=lambda garment: informativeness(garment.doubts)),
        own_priority=own_priority([garment.doubts for garment in garments]),
    )
