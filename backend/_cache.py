"""A least-recently-used cache that is bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["ByteBoundedCache"]

_K = TypeVar("_K")
_V = TypeVar("_V")


class ByteBoundedCache(Generic[_K, _V]):
    """Keeps what was used last, as long as the stated sizes fit into the limit; thread-safe."""

    def __init__(self, limit_bytes: int) -> None:
        """Create an empty cache; a limit of 0 keeps nothing."""
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[_K, tuple[_V, int]] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    @property
    def num_bytes(self) -> int:
        """Sum of the stated sizes of what is kept."""
        return self._num_bytes

    def __len__(self) -> int:
        """Return how many entries are kept."""
        return len(self._entries)

    def get(self, key: _K) -> _V | None:
        """Return an entry and count it as used, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: _K, value: _V, *, num_bytes: int) -> None:
        """Keep an entry of a stated size; one that alone is over the limit is not kept."""
        with self._lock:
            old = self._entries.pop(key, None)
            self._num_bytes -= old[1] if old else 0
            if num_bytes > self._limit_bytes:
                return
            self._entries[key] = (value, num_bytes)
            self._num_bytes += num_bytes
            while self._num_bytes > self._limit_bytes:
                _, (_, size) = self._entries.popitem(last=False)
                self._num_bytes -= size
