"""One training process at a time for each data folder; the lock ends with its process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["TrainingBusyError", "training_lock"]


class TrainingBusyError(CatalogError):
    """Another process trains on this data folder."""


@contextmanager
def training_lock(data_dir: Path, *, timeout_s: float = 0.0) -> Iterator[None]:
    """Hold the right to train.

    Args:
        data_dir: Whose; made when missing.
        timeout_s: How long to wait for another process, in seconds.

    Raises:
        TrainingBusyError: If another process still trains then.
    """
    from filelock import FileLock, Timeout

    data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_dir / "training.lock")
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise TrainingBusyError(
            f"another process trains on {data_dir}; wait for it (GET /jobs shows how far it is)"
        ) from None
    try:
        yield
    finally:
        lock.release()
