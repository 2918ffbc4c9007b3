"""Read a rendered catalog: drawn garments with exact boxes and attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tagger.boxes import BoxError, PixelBox
from tagger.sources.description import CATEGORY, DatasetDescription
from tagger.sources.record import DatasetError, Field, Record, find_pictures, read_json

__all__ = ["read_rendered"]


def read_rendered(description: DatasetDescription, root: Path) -> Iterator[Record]:
    """Yield a record for every drawn garment whose picture lies anywhere under the root.

    Raises:
        DatasetError: If the annotations are missing or of another format.
    """
    file, data = read_json(root, description.annotations or "")
    pictures = {path.name: path for path in find_pictures(root)}
    try:
        if data["ontology"] != description.ontology:
            raise DatasetError(
                f"{file}: was drawn for ontology {data['ontology']!r}, "
                f"expected {description.ontology!r}; draw the catalog again"
            )
        for image in data["images"]:
            path = pictures.get(Path(image["file"]).name)
            if path is None:
                continue
            for number, garment in enumerate(image["garments"]):
                yield _record(garment, path, f"{path.stem}/{number}")
    except (KeyError, TypeError, ValueError, BoxError) as error:
        raise DatasetError(f"{file}: is no rendered catalog (at {error!r})") from error


def _record(garment: Mapping[str, Any], path: Path, key: str) -> Record:
    missing = frozenset(garment.get("missing", ()))
    words: dict[Field, tuple[str, ...]] = {
        (None, attribute): tuple(values)
        for attribute, values in garment["attributes"].items()
        if attribute not in missing
    }
    words[None, CATEGORY] = (garment["category"],)
    return Record(
        key=key,
        image=path,
        words=words,
        box=PixelBox.from_xywh(*(float(edge) for edge in garment["box"])),
        mask=garment.get("mask"),
        parts={
            name: PixelBox.from_xywh(*(float(edge) for edge in box))
            for name, box in garment.get("parts", {}).items()
        },
    )
