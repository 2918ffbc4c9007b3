"""Read pictures that lie in a folder for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tagger.sources.description import CATEGORY, DatasetDescription
from tagger.sources.record import DatasetError, Record, find_pictures

__all__ = ["read_folders"]


def read_folders(description: DatasetDescription, root: Path) -> Iterator[Record]:
    """Yield a record for every picture under the root; the nearest class folder names its class.

    Raises:
        DatasetError: If a picture lies in no class folder.
    """
    label_map = description.category
    assert label_map is not None  # noqa: S101 - the description was checked when it was read
    column = label_map.column or CATEGORY
    for path in find_pictures(root):
        inside = path.relative_to(root)
        above = (root.name, *inside.parts[:-1])
        label = next((name for name in reversed(above) if name in label_map.labels), None)
        if label is None:
            raise DatasetError(
                f"{path}: lies in no folder of a class of {description.name!r}; "
                f"expected one of {', '.join(sorted(label_map.labels))}"
            )
        side = next((s for name, s in description.split.folders.items() if name in above), None)
        yield Record(
            key=inside.with_suffix("").as_posix(),
            image=path,
            words={(label_map.table, column): (label,)},
            split=side,
        )
