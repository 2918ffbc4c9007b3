"""A proxy between Label Studio and the backend that loses, doubles, delays and reorders events."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from backend.demo.processes import LOOPBACK

DROPPED, DOUBLED, DELAYED, HELD = 0.10, 0.15, 0.35, 0.06
MAX_DELAY_S = 25.0
_TIMEOUT_S = 100.0
_KEPT_HEADERS = ("content-type", "x-weft-secret")
_UNREACHABLE = 502

Letter = tuple[bytes, dict[str, str]]


@dataclass(kw_only=True)
class UnreliableMail:
    """Passes every request on; what becomes of a webhook is drawn.

    Attributes:
        target: Address of the backend.
        counts: Events by what became of them.
        is_honest: Pass every event on at once.
    """

    target: str
    source: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    is_honest: bool = False
    _held: list[Letter] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _timers: list[threading.Timer] = field(default_factory=list)

    def take(self, letter: Letter) -> None:
        """Decide about an event of Label Studio."""
        with self._lock:
            self.counts["sent"] += 1
            fate, is_doubled = self.source.random(), self.source.random() < DOUBLED
            delays = [self.source.uniform(0.05, MAX_DELAY_S) for _ in range(2)]
        if self.is_honest:
            self._deliver(letter)
            return
        if is_doubled:
            self._count("duplicated")
            self._later(letter, delays[1])
        if fate < DROPPED:
            self._count("dropped")
        elif fate < DROPPED + HELD:
            self._count("held_until_the_end")
            self._held.append(letter)
        elif fate < DROPPED + HELD + DELAYED:
            self._count("delayed")
            self._later(letter, delays[0])
        else:
            self._deliver(letter)

    def settle(self) -> None:
        """Be honest from now on, and wait for what is on its way."""
        self.is_honest = True
        for timer in list(self._timers):
            timer.join()

    def deliver_held(self) -> None:
        """Deliver what was held back, last first."""
        while self._held:
            self._deliver(self._held.pop())

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1

    def _later(self, letter: Letter, delay_s: float) -> None:
        timer = threading.Timer(delay_s, self._deliver, [letter])
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _deliver(self, letter: Letter) -> None:
        body, headers = letter
        try:
            answer = requests.post(
                f"{self.target}/webhook", data=body, headers=headers, timeout=_TIMEOUT_S
            )
        except requests.RequestException:
            self._count("lost_as_the_backend_was_down")
        else:
            self._count("delivered" if answer.ok else "refused")


@contextmanager
def listening(mail: UnreliableMail, port: int) -> Iterator[None]:
    """Listen on loopback until the end of the block."""
    server = ThreadingHTTPServer((LOOPBACK, port), _handler(mail))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _handler(mail: UnreliableMail) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(requests.get)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.rstrip("/") == "/webhook":
                mail.take((body, _kept(self.headers)))
                self._answer(200, b"{}")
            else:
                self._pass_on(requests.post, data=body)

        def _pass_on(
            self, send: Callable[..., requests.Response], *, data: bytes | None = None
        ) -> None:
            try:
                answer = send(
                    f"{mail.target}{self.path}",
                    data=data,
                    headers=_kept(self.headers),
                    timeout=_TIMEOUT_S,
                )
            except requests.RequestException:
                self._answer(_UNREACHABLE, b"{}")
            else:
                self._answer(answer.status_code, answer.content)

        def _answer(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked was killed meanwhile

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _KEPT_HEADERS}


def wait_for(
    is_so: Callable[[], bool], *, timeout_s: float, what: str, every_s: float = 0.5
) -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(every_s)
