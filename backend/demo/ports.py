"""TCP ports of a demonstration: another one that starts at the same time leaves them alone."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from backend.demo.processes import DemoError, free_port

__all__ = ["Ports"]


class Ports(ExitStack):
    """Ports that are promised until the block ends.

    A program needs seconds to listen on its port, in which the port looks free to everybody. A lock
    file in the machine's folder for temporary files tells the user's other demonstrations that a
    wanted port is taken; of the many other ports two rarely choose the same.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Promise nothing yet.

        Args:
            folder: Where lock files are; the machine's folder for temporary files if absent.
        """
        super().__init__()
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder
        self._given: set[int] = set()

    def choose(self, wanted: int) -> int:
        """Choose the wanted port, or any free one where it is taken or promised.

        Raises:
            DemoError: If none can be had, or the lock file cannot be written.
        """
        port = free_port(wanted, taken=frozenset(self._given))
        if port == wanted and not self._promise(port):
            port = free_port(wanted, taken=frozenset(self._given | {wanted}))
        self._given.add(port)
        return port

    def _promise(self, port: int) -> bool:
        from filelock import FileLock, Timeout

        lock = FileLock(self._folder / f"weft-demo-{os.getuid()}-port-{port}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise DemoError(f"cannot write {lock.lock_file}: {error.strerror or error}") from error
        self.callback(lock.release)
        return True
