"""Read the promises of model versions while serving; `weft promise` may write them at any time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

    from tagger.promise_file import PromiseSet

__all__ = ["PromiseReader"]

log = structlog.get_logger(__name__)

_Stamp = tuple[int, int]


@dataclass(slots=True)
class PromiseReader:
    """Gives the promises of a version, None for one that has none.

    A file that cannot be read is logged once and counts as none, so that nothing is accepted.

    Attributes:
        data_dir: The data folder.
    """

    data_dir: Path
    _known: dict[str, tuple[_Stamp, PromiseSet | None]] = field(default_factory=dict)

    def __call__(self, version: str) -> PromiseSet | None:
        """Read a version's file, again whenever it has changed."""
        from tagger.promise import PromiseError
        from tagger.promise_file import promises_dir, read_promises

        folder = promises_dir(self.data_dir)
        try:
            found = (folder / f"{version}.json").stat()
        except (OSError, ValueError):
            return None
        stamp = (found.st_mtime_ns, found.st_size)
        held = self._known.get(version)
        if held is None or held[0] != stamp:
            try:
                held = (stamp, read_promises(folder, version))
            except PromiseError as error:
                log.warning("promise_not_readable", version=version, reason=str(error))
                held = (stamp, None)
            self._known[version] = held
        return held[1]
