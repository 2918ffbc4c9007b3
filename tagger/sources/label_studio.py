"""Read a Label Studio export (JSON) of projects whose config was made from the ontology."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ontology.labels import CellState
from ontology.model import AttributeId, Ontology, normalise_name
from tagger.boxes import BoxError, PixelBox, from_percent
from tagger.sources.description import CATEGORY, OTHER, DatasetDescription
from tagger.sources.record import DatasetError, Field, Record, find_pictures, read_json

__all__ = ["read_label_studio"]

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")


def read_label_studio(
    description: DatasetDescription, root: Path, ontology: Ontology
) -> Iterator[Record]:
    """Yield a record for every rectangle that a person submitted.

    Of several annotations of one task, a ground truth goes before the others, else the newest
    counts. Skipped tasks, and predictions that were turned into annotations in bulk, say nothing.
    Pictures are looked for by name under the root.

    Raises:
        DatasetError: If the export is missing or of another shape.
    """
    file, tasks = read_json(root, description.annotations or "")
    pictures = {path.name: path for path in find_pictures(root)}
    try:
        for task in tasks:
            path = _picture(str(task["data"].get(description.image_key, "")), pictures)
            annotation = _chosen(task.get("annotations", ()))
            if path is not None and annotation is not None:
                yield from _records(annotation, path, description, ontology)
    except (AttributeError, KeyError, TypeError, ValueError, BoxError) as error:
        raise DatasetError(
            f"{file}: is no JSON export of Label Studio (at {error!r}); export as JSON, "
            "not as JSON-MIN or CSV"
        ) from error


def _picture(address: str, pictures: Mapping[str, Path]) -> Path | None:
    """Find the local copy of a task's picture; uploads carry a prefix of eight hex digits."""
    parts = urlsplit(address)
    local = parse_qs(parts.query).get("d", [parts.path])[0]
    name = Path(unquote(local)).name
    return pictures.get(name) or pictures.get(_UPLOAD_PREFIX.sub("", name))


def _chosen(annotations: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    made_by_people = [
        annotation
        for annotation in annotations
        if not annotation.get("was_cancelled")
        and not (annotation.get("parent_prediction") and annotation.get("lead_time") is None)
    ]
    return max(
        made_by_people,
        key=lambda a: (bool(a.get("ground_truth")), str(a.get("updated_at", ""))),
        default=None,
    )


def _records(
    annotation: Mapping[str, Any],
    path: Path,
    description: DatasetDescription,
    ontology: Ontology,
) -> Iterator[Record]:
    regions: dict[str, list[Mapping[str, Any]]] = {}
    for result in annotation["result"]:
        regions.setdefault(str(result.get("id")), []).append(result)
    for region, results in sorted(regions.items()):
        box = next((r for r in results if r.get("type") == "rectanglelabels"), None)
        if box is None:
            continue
        words, weights = _words(results, description, ontology)
        yield Record(
            key=f"{path.stem}/{annotation['id']}/{region}",
            image=path,
            words=words,
            weights=weights,
            box=_box(box),
        )


def _box(result: Mapping[str, Any]) -> PixelBox:
    wh = (int(result["original_width"]), int(result["original_height"]))
    return from_percent(result["value"], image_wh=wh)


def _words(
    results: Sequence[Mapping[str, Any]], description: DatasetDescription, ontology: Ontology
) -> tuple[dict[Field, tuple[str, ...]], dict[Field, float]]:
    words: dict[Field, tuple[str, ...]] = {}
    weights: dict[Field, float] = {}
    known = {str(attribute.id) for attribute in ontology.attributes}
    for result in results:
        column = _column(str(result.get("from_name", "")), str(result.get("type")), known)
        if column is None:
            continue
        texts = result["value"].get(result["type"], ())
        words[None, column] = tuple(_id(column, str(text), ontology) for text in texts)
        if result.get("origin") == "prediction":  # left as it was: people rubber-stamp
            weights[None, column] = description.accepted_weight
    return words, weights


def _column(from_name: str, type_: str, known: Collection[str]) -> str | None:
    if type_ == "rectanglelabels":
        return CATEGORY
    attribute = from_name.split("__")[0]
    return attribute if type_ == "choices" and attribute in known else None


def _id(column: str, text: str, ontology: Ontology) -> str:
    """Give the ontology's id of a shown text, or the text itself where it has none."""
    if column == CATEGORY:
        return ontology.find_category(text) or text
    name = normalise_name(text)
    if name == normalise_name(ontology.cannot_tell_label):
        return CellState.CANNOT_TELL.value
    if name == normalise_name(ontology.other_label):
        return OTHER
    return ontology.find_value(AttributeId(column), text) or text
