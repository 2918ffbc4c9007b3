"""Which tasks Label Studio asks `/predict` for, so that the worker stores no second prediction.

Label Studio stores the answers of a request one by one after it has them all, a tenth of a second
each. A worker that looked in between would find no prediction and send its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["AskedTasks", "Asking"]

# Measured with SQLite: 0.11 s a task.
_STORING_S = 5.0
_STORING_EACH_S = 0.2
# A request leaves Label Studio this long, at most, after it chose the tasks.
_ON_ITS_WAY_S = 3.0
_KEEP_SENT_S = 300.0

_Key = tuple[str, int]


@dataclass(slots=True, kw_only=True)
class Asking:
    """One request under way.

    Attributes:
        answered: Filled by the caller: ids of the tasks that get a prediction.
    """

    sent_meanwhile: Callable[[], frozenset[int]]
    answered: set[int] = field(default_factory=set)


class AskedTasks:
    """Keeps `/predict` and the worker out of each other's way; thread-safe.

    Only within one process, and only to avoid doubles: what is held is released after a while.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Hold nothing yet; `clock` gives seconds that never go back."""
        self._clock = clock
        self._held: dict[_Key, float] = {}
        self._sent: dict[_Key, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def asking(
        self, project_uid: str, task_ids: Collection[int], *, longest_s: float
    ) -> Iterator[Asking]:
        """Hold the tasks of a request, and those it answered until Label Studio has stored them.

        Args:
            project_uid: Id and creation time of the project.
            task_ids: Every task of the request.
            longest_s: When the request ends at the latest, in seconds from now.
        """
        began = self._clock()
        keys = {task_id: (project_uid, task_id) for task_id in task_ids}

        def sent_meanwhile() -> frozenset[int]:
            since = began - _ON_ITS_WAY_S
            with self._lock:
                return frozenset(i for i, key in keys.items() if self._sent.get(key, -1) >= since)

        asking = Asking(sent_meanwhile=sent_meanwhile)
        self._hold(keys.values(), until=began + longest_s)
        try:
            yield asking
        finally:
            with self._lock:
                for key in keys.values():
                    self._held.pop(key, None)
            storing_s = _STORING_S + _STORING_EACH_S * len(asking.answered)
            answered = [keys[task_id] for task_id in asking.answered if task_id in keys]
            self._hold(answered, until=self._clock() + storing_s)

    def held_s(self, project_uid: str, task_id: int) -> float:
        """Return how long the worker should leave a task alone, in seconds; 0 for not at all."""
        with self._lock:
            return self._left((project_uid, task_id))

    def take(self, project_uid: str, task_ids: Collection[int]) -> dict[int, float]:
        """Note that the worker sends predictions now, except for tasks that are held.

        Returns:
            The held ones, and how long they should be left alone, in seconds.
        """
        held: dict[int, float] = {}
        with self._lock:
            for task_id in task_ids:
                key = (project_uid, task_id)
                if left := self._left(key):
                    held[task_id] = left
                else:
                    self._sent[key] = self._clock()
            _forget(self._sent, before=self._clock() - _KEEP_SENT_S)
        return held

    def _left(self, key: _Key) -> float:
        return max(0.0, self._held.get(key, 0.0) - self._clock()) if key in self._held else 0.0

    def _hold(self, keys: Collection[_Key], *, until: float) -> None:
        with self._lock:
            _forget(self._held, before=self._clock())
            for key in keys:
                self._held[key] = max(until, self._held.get(key, until))


def _forget(moments: dict[_Key, float], *, before: float) -> None:
    for key in [key for key, moment in moments.items() if moment < before]:
        del moments[key]
