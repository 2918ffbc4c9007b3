"""Keep the figures of the loop ready, so that no request waits for them to be computed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend.stats.summary import LoopStats

__all__ = ["Snapshot"]

log = structlog.get_logger(__name__)


class Snapshot:
    """The last figures; whoever looks at old ones has them renewed in the background."""

    def __init__(
        self,
        compute: Callable[[], LoopStats],
        *,
        every_s: float = 60.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Compute nothing yet.

        Args:
            compute: Gives the figures; called by one thread at a time.
            every_s: They are computed at most so often, in seconds.
            monotonic: Gives seconds that never go back.
        """
        self._compute = compute
        self._every_s = every_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._is_computing = False
        self._due_at = 0.0
        self._stats: LoopStats | None = None
        self._settled = threading.Event()
        self.fault = ""

    def current(self, *, wait_s: float = 0.0) -> LoopStats | None:
        """Give the last figures, and have them renewed if they are old.

        Args:
            wait_s: How long to wait where there are none yet, in seconds.

        Returns:
            None while nothing is computed; see `fault` if that failed.
        """
        with self._lock:
            is_due = not self._is_computing and self._monotonic() >= self._due_at
            if is_due:
                self._is_computing = True
                self._due_at = self._monotonic() + self._every_s
        if is_due:
            threading.Thread(target=self._renew, name="weft-stats", daemon=True).start()
        if wait_s > 0.0:
            self._settled.wait(wait_s)
        return self._stats

    def _renew(self) -> None:
        try:
            self._stats, self.fault = self._compute(), ""
        except CatalogError as error:
            self.fault = str(error)
            log.warning("stats_failed", reason=self.fault)
        except Exception:  # the thread's last handler: the server goes on without figures
            self.fault = "the figures could not be computed; the server's log explains it"
            log.exception("stats_crashed")
        finally:
            with self._lock:
                self._is_computing = False
            self._settled.set()
