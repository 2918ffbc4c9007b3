"""Run the web server in a thread of its own; the main thread only waits for the end."""

from __future__ import annotations

import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import structlog

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self

__all__ = ["ServeError", "StopSignals", "WebThread"]

log = structlog.get_logger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOK_S = 0.5
_FLUSH_S = 1.0
_JOIN_S = 2.0


class ServeError(CatalogError):
    """The server cannot be started, or ended by itself."""


class StopSignals:
    """Notes SIGINT and SIGTERM instead of raising at whatever line the main thread is on.

    An exception that a signal raises is lost where a finaliser or a bare `except` happens to run.
    """

    def __init__(self) -> None:
        """Prepare; as a context it takes the signals, also where the parent had them ignored."""
        # Its `put` may be called from a signal's handler while `get` waits.
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals; only the main thread may."""
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait(self, timeout_s: float) -> str:
        """Return the name of the first signal that came, or nothing when the time is over.

        Args:
            timeout_s: Seconds; kept short by callers, as another thread may take the signal.
        """
        try:
            return self._asked.get(timeout=timeout_s)
        except queue.Empty:
            return ""

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked.put(signal.Signals(number).name)


class WebThread:
    """Waitress in a thread; what its loop owns is closed by that thread alone."""

    def __init__(self, server: Any) -> None:
        """Keep the server.

        Args:
            server: What `waitress.server.create_server` gives for one socket; owned from now on.
        """
        self._server = server
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        """Start answering; returns at once."""
        self._thread.start()

    def wait(self, stops: StopSignals) -> str:
        """Wait for a signal to stop and return its name.

        Raises:
            ServeError: If the server's thread ended without being asked to.
        """
        while self._thread.is_alive():
            if name := stops.wait(_LOOK_S):
                return name
        raise ServeError(
            f"the web server ended by itself: {self._failure or 'its loop returned'}; "
            "see the log and start it again"
        )

    def refuse(self) -> None:
        """Take no more connections; those that are open go on."""
        self._server.accepting = False

    def close(self, timeout_s: float = 5.0) -> None:
        """Let the requests under way be answered, then close every connection and the thread.

        Args:
            timeout_s: Seconds that requests may still take.
        """
        self.refuse()
        dispatcher = self._server.task_dispatcher
        dispatcher.shutdown(timeout=timeout_s)
        if not self._thread.is_alive():
            self._close_all()
            return
        if dispatcher.threads:
            # They would write to the trigger's number, which may be another file by then.
            log.warning("requests_cut_off", num_threads=len(dispatcher.threads))
            return
        self._flush()
        self._server.trigger.pull_trigger(self._close_all)
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            self._server.run()
        except Exception as error:  # the thread's last handler: the main thread reports it
            self._failure = " ".join(str(error).split())[:300] or type(error).__name__
            log.exception("web_server_failed")

    def _flush(self) -> None:
        """Give the loop a moment to send what was answered last."""
        ends_at = time.monotonic() + _FLUSH_S
        while time.monotonic() < ends_at and any(
            channel.total_outbufs_len for channel in list(self._server.active_channels.values())
        ):
            time.sleep(0.01)

    def _close_all(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.close()
