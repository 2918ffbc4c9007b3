"""The web server's thread, and the signals that end it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from waitress.server import create_server

from backend._web_thread import ServeError, StopSignals, WebThread

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def build() -> Iterator[Callable[..., tuple[WebThread, str]]]:
    made: list[WebThread] = []

    def run(application: Any) -> tuple[WebThread, str]:
        bound = socket.create_server(("127.0.0.1", 0))
        server = create_server(application, sockets=[bound], threads=2)
        web = WebThread(server)
        web.start()
        made.append(web)
        return web, f"http://127.0.0.1:{bound.getsockname()[1]}"

    yield run
    for web in made:
        web.close()


def hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def web_threads() -> list[str]:
    names = ("web", "waitress")
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(names)]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_noted_and_raises_nothing(number: signal.Signals) -> None:
    before = [signal.getsignal(each) for each in NUMBERS]
    with StopSignals() as stops:
        assert stops.wait(0.01) == ""
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # an impatient second one does no harm
        assert stops.wait(5) == number.name
    assert [signal.getsignal(each) for each in NUMBERS] == before


def test_a_signal_that_comes_while_waiting_ends_the_wait(build: Any) -> None:
    web, url = build(hello)
    assert requests.get(url, timeout=5).text == "hello"
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with StopSignals() as stops:
        assert web.wait(stops) == "SIGINT"
    timer.join()


def test_a_signal_inside_a_finaliser_is_not_lost() -> None:
    class Finalised:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    with StopSignals() as stops:
        Finalised()
        assert stops.wait(5) == "SIGINT"


def test_closing_ends_the_threads_and_the_connections(build: Any) -> None:
    web, url = build(hello)
    with requests.Session() as session:  # keeps its connection open
        assert session.get(url, timeout=5).text == "hello"
        started = time.monotonic()
        web.close()
        assert time.monotonic() - started < 5
        assert web_threads() == []
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=5)


def test_a_request_under_way_is_answered_before_the_end(build: Any) -> None:
    entered, go = threading.Event(), threading.Event()
    body = b"x" * 3_000_000

    def slow(environ: Any, start_response: Any) -> list[bytes]:
        entered.set()
        go.wait(5)
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    web, url = build(slow)
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(len(requests.get(url, timeout=10).content))
    )
    asking.start()
    assert entered.wait(5)
    threading.Timer(0.2, go.set).start()
    web.close()
    asking.join(5)
    assert answers == [len(body)]


def test_a_request_that_does_not_end_is_cut_off_in_time(build: Any) -> None:
    entered, go = threading.Event(), threading.Event()

    def stuck(environ: Any, start_response: Any) -> list[bytes]:
        entered.set()
        go.wait(20)
        return hello(environ, start_response)

    web, url = build(stuck)
    asking = threading.Thread(target=lambda: requests.get(url, timeout=30))
    asking.start()
    assert entered.wait(5)
    started = time.monotonic()
    web.close(timeout_s=0.3)
    assert time.monotonic() - started < 3
    go.set()
    asking.join(5)


def test_a_server_that_ends_by_itself_is_reported(build: Any) -> None:
    class Broken:
        def run(self) -> None:
            raise OSError("too many open\nfiles")

    web = WebThread(Broken())
    web.start()
    with StopSignals() as stops, pytest.raises(ServeError, match=r"too many open files.*start it"):
        web.wait(stops)
