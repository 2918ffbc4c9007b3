"""Put a changed ontology into service: model version, record, labeling config, queue.

Every step looks whether it is done already, so the same command goes on where a killed one stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.jobs import JobTask, ProjectRef, image_reference
from backend.ledger.migrate_labels import read_history, record_change, sha256_of
from ontology.check import check_label_config
from ontology.config_map import ConfigMap
from ontology.keep_config import migrated_config

if TYPE_CHECKING:
    from backend.database import Database
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from ontology.migration import Migration

__all__ = ["ProjectChange", "UnknownLabel", "change_project", "unknown_labels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownLabel:
    """A stored answer that does not say one thing any more.

    Attributes:
        where: Name of the tag that asked.
        text: The answer as it is stored.
        meant: Ids of which one is meant; none where nothing is known.
    """

    task_id: int
    annotation_id: int
    where: str
    text: str
    meant: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChange:
    """What became of a project.

    Attributes:
        is_written: Its labeling config was replaced now.
        replaced_config: The one that went; empty if none did.
        unknown: Stored answers that became unknown or a set.
        num_queued: Tasks that wait for a prediction of the new version now.
    """

    is_written: bool
    replaced_config: str
    unknown: tuple[UnknownLabel, ...]
    num_queued: int


def change_project(
    client: LabelStudioClient,
    project_id: int,
    migration: Migration,
    *,
    database: Database,
    queue: JobQueue | None,
    model_version: str,
    declared: str = "",
    is_dry: bool = False,
) -> ProjectChange:
    """Give a project the new ontology's labeling config, and queue the tasks that it affects.

    Annotations are not touched: every string and tag of the old config keeps its meaning in the
    new one, see `ontology.keep_config`.

    Args:
        client: Label Studio.
        project_id: Which project.
        migration: What became of every id.
        database: Where the change is recorded.
        queue: Takes unlabelled tasks and those with labels that became unknown; None for none.
        model_version: The version that is to answer them.
        declared: The migration file's text; empty without one.
        is_dry: Change nothing, and say what would be.

    Raises:
        LabelStudioError: If Label Studio cannot be reached or refuses.
        LabelConfigError: If the project's config cannot be read.
    """
    project = client.project(project_id)
    present = str(project.get("label_config") or "")
    config, is_new = _config(present, migration, database)
    if is_new and not is_dry:
        record_change(database, migration, declared=declared, config=config)
        client.update_project(project_id, label_config=config)
    known = ConfigMap.parse(config, migration.new)
    unknown: list[UnknownLabel] = []
    affected: list[JobTask] = []
    for task in client.tasks(project_id):
        found = list(unknown_labels(task, known))
        unknown += found
        if found or not _is_labelled(task):
            affected.append(JobTask(id=int(task["id"]), image=image_reference(task, config)))
    num_queued = 0
    if queue is not None and not is_dry:
        report = queue.enqueue(
            ProjectRef.from_api(project),
            affected,
            model_version=model_version,
            reason="the ontology changed",
        )
        num_queued = report.added
    return ProjectChange(
        is_written=is_new and not is_dry,
        replaced_config=present if is_new else "",
        unknown=tuple(unknown),
        num_queued=num_queued,
    )


def _config(present: str, migration: Migration, database: Database) -> tuple[str, bool]:
    """Give the config that the project should have, and whether it is another one than it has."""
    new = sha256_of(migration.new.source)
    if read_history(database).configs.get(sha256_of(present)) == new:
        return present, False
    fits_new = not check_label_config(present, migration.new)
    if fits_new and check_label_config(present, migration.old):
        return present, False  # written for the new ontology by `weft connect`
    old = ConfigMap.parse(present, migration.old)
    config = migrated_config(present, migration, image_key=old.image_key or "image")
    return config, config != present


def _is_labelled(task: Mapping[str, Any]) -> bool:
    return any(not item.get("was_cancelled") for item in task.get("annotations") or ())


def unknown_labels(task: Mapping[str, Any], config: ConfigMap) -> Iterator[UnknownLabel]:
    """List the answers of a task's annotations that became unknown, or one of several.

    Args:
        task: As the API lists it.
        config: The migrated config, read with the new ontology.
    """
    for annotation in task.get("annotations") or ():
        for item in annotation.get("result") or ():
            name = str(item.get("from_name"))
            texts = (item.get("value") or {}).get(item.get("type")) or ()
            for text in texts if isinstance(texts, list) else ():
                meant = _meant(name, str(text), config)
                if meant is not None:
                    yield UnknownLabel(
                        task_id=int(task["id"]),
                        annotation_id=int(annotation["id"]),
                        where=name,
                        text=str(text),
                        meant=tuple(sorted(meant)),
                    )


def _meant(name: str, text: str, config: ConfigMap) -> frozenset[str] | None:
    """Give the ids of which one is meant; None for a string that still says one thing."""
    if name == config.label_tag:
        is_known = text in config.category_by_label
        return None if is_known else frozenset(map(str, config.legacy_labels.get(text, ())))
    if name in config.hidden_tags:
        return frozenset()
    tag = config.choices_by_name.get(name)
    if (
        tag is None
        or text in (tag.cannot_tell_label, tag.other_label)
        or text in tag.value_by_label
    ):
        return None
    return frozenset(map(str, tag.legacy.get(text, ())))
