"""Read COCO instances: one garment an annotation, with its box and mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagger.boxes import BoxError, PixelBox
from tagger.sources.description import CATEGORY, DatasetDescription
from tagger.sources.record import DatasetError, Field, Record, find_pictures, read_json
from tagger.sources.table import Tables

__all__ = ["read_coco"]


def read_coco(description: DatasetDescription, root: Path) -> Iterator[Record]:
    """Yield a record for every annotation whose picture lies anywhere under the root.

    The words are `category` (the category's name), the annotation's own `attributes`, and what
    tables say about its id. With tables, only garments that a row mentions are samples.

    Raises:
        DatasetError: If the file is missing or is no COCO instances file, or a table is missing.
    """
    file, data = read_json(root, description.annotations or "")
    tables = Tables(description, root) if description.tables else None
    pictures = {path.name: path for path in find_pictures(root)}
    try:
        names = {category["id"]: str(category["name"]) for category in data["categories"]}
        images = {image["id"]: str(image["file_name"]) for image in data["images"]}
        for annotation in data["annotations"]:
            path = pictures.get(Path(images[annotation["image_id"]]).name)
            if path is not None and not annotation.get("iscrowd"):
                name = names[annotation["category_id"]]
                record = _record(annotation, path, name)
                yield record if tables is None else _joined(record, tables, str(annotation["id"]))
    except (KeyError, TypeError, ValueError, BoxError) as error:
        raise DatasetError(f"{file}: is no COCO instances file (at {error!r})") from error


def _record(annotation: Mapping[str, Any], path: Path, name: str) -> Record:
    words: dict[Field, tuple[str, ...]] = {(None, CATEGORY): (name,)}
    for column, value in annotation.get("attributes", {}).items():
        values = value if isinstance(value, list) else [value]
        words[None, column] = tuple(str(item) for item in values)
    segmentation = annotation.get("segmentation")
    is_run_length = isinstance(segmentation, dict)
    return Record(
        key=f"{path.stem}/{annotation['id']}",
        image=path,
        words=words,
        box=PixelBox.from_xywh(*(float(edge) for edge in annotation["bbox"])),
        mask=segmentation if is_run_length else None,
    )


def _joined(record: Record, tables: Tables, id_: str) -> Record:
    words = {**record.words, **tables.words(id_)}
    return replace(record, words=words, is_sample=tables.has_row(id_))
