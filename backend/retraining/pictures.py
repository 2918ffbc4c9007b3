"""A bounded folder of the pictures that training needs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from backend.addresses import ImageFetchError, public_name

if TYPE_CHECKING:
    from tagger.corrections import CorrectedGarment

__all__ = ["BytesFetcher", "PictureFolder"]

log = structlog.get_logger(__name__)


class BytesFetcher(Protocol):
    """What is asked of `backend.images.ImageFetcher`."""

    def fetch_bytes(self, reference: str) -> bytes:
        """Get one picture's bytes."""


class PictureFolder:
    """Pictures as files named by their digest; the least used go when there is no more room."""

    def __init__(self, folder: Path, fetcher: BytesFetcher, *, max_bytes: int) -> None:
        """Use a folder, made when first needed.

        Args:
            folder: Holds nothing else.
            fetcher: Gets what is not there.
            max_bytes: Room for all files together; a picture that does not fit is left out.
        """
        self._folder, self._fetcher, self._max_bytes = folder, fetcher, max_bytes
        self._in_use: set[Path] = set()

    def path(self, garment: CorrectedGarment) -> Path | None:
        """Give the file of a garment's picture, fetched if need be; None if it cannot be had.

        A picture that is not the one that was annotated, by its digest, cannot be had.
        """
        if garment.digest and (known := self._folder / garment.digest).is_file():
            return self._used(known)
        try:
            data = self._fetcher.fetch_bytes(garment.image)
        except ImageFetchError as error:
            log.warning("training_picture_missing", reason=str(error))
            return None
        digest = hashlib.sha256(data).hexdigest()
        if garment.digest not in ("", digest):
            log.warning("training_picture_changed", image=public_name(garment.image))
            return None
        path = self._folder / digest
        if not path.is_file():
            if not self._make_room(len(data)):
                log.warning("no_room_for_training_pictures", max_bytes=self._max_bytes)
                return None
            partial = path.with_suffix(".partial")
            partial.write_bytes(data)
            os.replace(partial, path)  # noqa: PTH105 - atomic on one file system
        return self._used(path)

    def _used(self, path: Path) -> Path:
        path.touch()
        self._in_use.add(path)
        return path

    def _make_room(self, num_bytes: int) -> bool:
        """Delete the least recently used files that this round does not need."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = {path: path.stat() for path in self._folder.iterdir() if path.is_file()}
        total = sum(found.st_size for found in files.values()) + num_bytes
        for path in sorted(files, key=lambda one: files[one].st_mtime):
            if total <= self._max_bytes:
                break
            if path not in self._in_use:
                path.unlink()
                total -= files[path].st_size
        return total <= self._max_bytes
