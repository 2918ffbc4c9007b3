"""Read pictures that lie in a folder for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from tagger.sources.description import CATEGORY, DatasetDescription
from tagger.sources.record import DatasetError, Record, find_pictures

__all__ = ["read_folders"]

log = structlog.get_logger(__name__)


def read_folders(description: DatasetDescription, root: Path) -> Iterator[Record]:
    """Yield a record for every picture under the root; the nearest class folder names its class.

    A picture in no class folder has no label: it is left out, and the log says how many are.
    Folders are compared without regard to case.

    Raises:
        DatasetError: If no picture lies in a class folder.
    """
    label_map = description.category
    assert label_map is not None  # noqa: S101 - the description was checked when it was read
    column = label_map.column or CATEGORY
    by_name = {name.casefold(): name for name in label_map.labels}
    found, strays = 0, []
    for path in find_pictures(root):
        inside = path.relative_to(root)
        above = (root.name, *inside.parts[:-1])
        names = [name.casefold() for name in reversed(above)]
        label = next((by_name[name] for name in names if name in by_name), None)
        if label is None:
            strays.append(path)
            continue
        found += 1
        side = next((s for name, s in description.split.folders.items() if name in above), None)
        yield Record(
            key=inside.with_suffix("").as_posix(),
            image=path,
            words={(label_map.table, column): (label,)},
            split=side,
        )
    if strays and not found:
        raise DatasetError(
            f"{strays[0]}: lies in no folder of a class of {description.name!r}, nor does any "
            f"other picture; expected one of {', '.join(sorted(label_map.labels))}"
        )
    if strays:
        log.warning(
            "pictures_in_no_class_folder",
            dataset=description.name,
            num_pictures=len(strays),
            first=str(strays[0]),
        )
