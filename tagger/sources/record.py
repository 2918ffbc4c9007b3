"""What every reader hands over: a picture and the source's own words about it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ontology.errors import CatalogError
from tagger.boxes import PixelBox
from tagger.split import Split

__all__ = ["DatasetError", "Field", "Record", "find_pictures", "read_json"]

_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})

Field = tuple[str | None, str]
"""Table and column that a word stands in; the table is None where a source has only one."""


class DatasetError(CatalogError):
    """A dataset description is wrong, or what it describes is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One garment of one picture, in the source's own words.

    Attributes:
        key: Name of the record, unique within the source.
        image: The picture's file.
        words: The source's labels by table and column; a column without a label is left out.
        group: What the source says must stay together in a split, if it says so.
        split: The side of the split that the source itself gives.
        box: The garment in pixels of the file; None for the whole picture.
        mask: COCO run-length encoding with `size` and `counts`, of the whole picture.
        weights: Trust in single columns, where it is not 1.
        parts: Where single parts of the garment lie, by the source's names of them.
        is_sample: False for a picture that only says which others belong together.
    """

    key: str
    image: Path
    words: Mapping[Field, tuple[str, ...]]
    group: str | None = None
    split: Split | None = None
    box: PixelBox | None = None
    mask: Mapping[str, Any] | None = None
    weights: Mapping[Field, float] = field(default_factory=dict)
    parts: Mapping[str, PixelBox] = field(default_factory=dict)
    is_sample: bool = True


def find_pictures(root: Path) -> Iterator[Path]:
    """Yield every picture file under a folder, by its suffix, in sort order; hidden ones not.

    Linked folders are followed, each place once.

    Raises:
        DatasetError: If there is no such folder.
    """
    if not root.is_dir():
        raise DatasetError(
            f"{root}: no such folder of pictures; put the data there or name another root"
        )
    found: list[Path] = []
    seen: set[Path] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        place = Path(folder).resolve()
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.extend(Path(folder) / name for name in files if not name.startswith("."))
    yield from sorted(path for path in found if path.suffix.lower() in _SUFFIXES and path.is_file())


def read_json(root: Path, name: str) -> tuple[Path, Any]:
    """Read a JSON file that lies anywhere under a folder; the shortest path wins.

    Raises:
        DatasetError: If there is no such file, or it is no JSON.
    """
    files = sorted(root.rglob(name), key=lambda path: (len(path.parts), path))
    if not files:
        raise DatasetError(f"{root}: no {name} there; put it there or name another root")
    try:
        return files[0], json.loads(files[0].read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{files[0]}: cannot be read as JSON ({error})") from error
