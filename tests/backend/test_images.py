from __future__ import annotations

import base64
import gzip
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from backend.images import ImageFetcher, ImageFetchError, LoadedImage
from backend.settings import Settings
from ontology.errors import CatalogError
from tests.backend.support import PictureServer, png, send


class Login:
    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def auth_headers(self) -> Mapping[str, str]:
        if self.fault:
            raise CatalogError(self.fault)
        return {"Authorization": "Token s3cret"}


@pytest.fixture
def make() -> Iterator[Any]:
    made: list[ImageFetcher] = []

    def build(auth: Login | None = None, **settings: Any) -> ImageFetcher:
        fetcher = ImageFetcher(Settings(**settings), auth=auth, sleep=lambda _: None)
        made.append(fetcher)
        return fetcher

    yield build
    for fetcher in made:
        fetcher.close()


def test_a_picture_comes_from_an_allowed_host_with_its_hash(
    server: PictureServer, make: Any
) -> None:
    url = server.add("/a.png", png(size=(40, 50)))
    loaded = make(allow_private_hosts=(server.host,)).load(url)
    assert loaded.image.size == (40, 50)
    assert len(loaded.digest) == 64


def test_label_studio_gets_the_token_and_nobody_else_does(server: PictureServer, make: Any) -> None:
    server.add("/data/upload/1/a.png", png())
    server.add("/elsewhere/a.png", png())
    fetcher = make(auth=Login(), label_studio_url=server.origin)
    fetcher.load("/data/upload/1/a.png")
    fetcher.load("/elsewhere/a.png")
    assert [headers.get("Authorization") for headers in server.headers] == ["Token s3cret", None]


def test_the_token_does_not_follow_a_redirect_to_another_host(
    server: PictureServer, make: Any
) -> None:
    port = server.host.partition(":")[2]
    server.add("/store/a.png", png())
    server.redirect("/tasks/7/resolve/", f"http://localhost:{port}/store/a.png?Signature=x")
    fetcher = make(auth=Login(), label_studio_url=server.origin, allow_private_hosts=("localhost",))
    fetcher.load("/tasks/7/resolve/?fileuri=abc")
    assert [headers.get("Authorization") for headers in server.headers] == ["Token s3cret", None]


def test_a_failing_login_is_worth_trying_again_and_named(server: PictureServer, make: Any) -> None:
    fetcher = make(auth=Login("the token is void"), label_studio_url=server.origin)
    with pytest.raises(ImageFetchError, match="the token is void") as caught:
        fetcher.load("/data/upload/1/a.png")
    assert not caught.value.is_permanent


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "0.0.0.0",  # noqa: S104 - asked for, not bound to
        "0",
        "①②⑦.⓪.⓪.①",
    ],
)
def test_no_spelling_of_loopback_reaches_this_machine(
    server: PictureServer, make: Any, host: str
) -> None:
    server.add("/a.png", png())
    port = server.host.partition(":")[2]
    with pytest.raises(ImageFetchError) as caught:
        make().load(f"http://{host}:{port}/a.png")
    assert server.asked == []
    assert caught.value.is_permanent or "fetched" in str(caught.value)


def test_a_name_that_resolves_to_a_private_address_is_refused(
    server: PictureServer, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.host.partition(":")[2])
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)
    server.add("/a.png", png())
    with pytest.raises(ImageFetchError, match="WEFT_ALLOW_PRIVATE_HOSTS") as caught:
        make().load(f"http://cdn.example:{port}/a.png?key=hidden")
    assert server.asked == []
    assert "hidden" not in str(caught.value)


def test_a_name_that_changes_its_address_cannot_slip_through(
    server: PictureServer, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was checked is the one that is connected to."""
    port = int(server.host.partition(":")[2])
    looked_up: list[str] = []

    def resolve(host: str, *_args: object, **_kwargs: object) -> list[Any]:
        looked_up.append(host)
        ip = "203.0.114.7" if host == "cdn.example" and len(looked_up) == 1 else host
        ip = "127.0.0.1" if ip == "cdn.example" else ip
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.add("/a.png", png())
    with pytest.raises(ImageFetchError):
        make(fetch_timeout_s=0.2, fetch_attempts=1).load(f"http://cdn.example:{port}/a.png")
    assert server.asked == []
    assert looked_up == ["cdn.example", "203.0.114.7"]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:9/private.png",  # the allowed host, another port
        "http://localhost:{port}/private.png",
        "//localhost:{port}/private.png",
        "http://[::1]:{port}/private.png",
        "http://2130706433:{port}/private.png",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://localhost/",
    ],
)
def test_a_redirect_to_what_is_not_allowed_is_refused(
    server: PictureServer, make: Any, target: str
) -> None:
    server.add("/private.png", png())
    url = server.redirect("/a.png", target.format(port=server.host.partition(":")[2]))
    with pytest.raises(ImageFetchError) as caught:
        make(label_studio_url=server.origin).load(url)
    assert server.asked == ["/a.png"]
    assert caught.value.is_permanent


def test_redirects_within_an_allowed_host_are_followed_up_to_a_limit(
    server: PictureServer, make: Any
) -> None:
    server.add("/end.png", png())
    server.redirect("/start", "/middle", status=307)
    server.redirect("/middle", "end.png", status=303)
    server.redirect("/round", "/round")
    fetcher = make(allow_private_hosts=(server.host,))
    assert fetcher.load(server.origin + "/start").image.size == (40, 50)
    with pytest.raises(ImageFetchError, match="more than 5 redirects"):
        fetcher.load(server.origin + "/round")


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_picture_over_the_size_limit_is_not_read_to_its_end(
    server: PictureServer, make: Any, is_declared: bool
) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        if is_declared:
            handler.send_header("Content-Length", str(10**9))
        handler.end_headers()
        try:
            for _ in range(1000):
                handler.wfile.write(b"x" * 65536)
                sent.append(65536)
        except OSError:
            handler.close_connection = True

    server.routes["/big.png"] = endless
    with pytest.raises(ImageFetchError, match="larger than 100000 bytes") as caught:
        make(allow_private_hosts=(server.host,), max_image_bytes=100_000).load(
            server.origin + "/big.png"
        )
    assert caught.value.is_permanent
    assert sum(sent) < 50_000_000


def test_a_compressed_answer_cannot_grow_over_the_limit(server: PictureServer, make: Any) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    server.routes["/bomb.png"] = lambda handler: send(
        handler, bomb, headers={"Content-Encoding": "gzip"}
    )
    with pytest.raises(ImageFetchError, match="larger than"):
        make(allow_private_hosts=(server.host,), max_image_bytes=100_000).load(
            server.origin + "/bomb.png"
        )


def test_a_server_that_drips_is_left_after_the_time_limit(server: PictureServer, make: Any) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    server.routes["/slow.png"] = drip
    fetcher = make(allow_private_hosts=(server.host,), fetch_timeout_s=0.3, fetch_attempts=3)
    started = time.monotonic()
    with pytest.raises(ImageFetchError, match=r"not complete after 0.3 s") as caught:
        fetcher.load(server.origin + "/slow.png")
    assert time.monotonic() - started < 2
    assert not caught.value.is_permanent


def test_an_answer_that_ends_early_is_worth_trying_again(server: PictureServer, make: Any) -> None:
    body = png()

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        send(handler, body[:30], headers={"Content-Length": str(len(body))})

    server.routes["/cut.png"] = cut
    with pytest.raises(ImageFetchError) as caught:
        make(allow_private_hosts=(server.host,)).load(server.origin + "/cut.png")
    assert not caught.value.is_permanent
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "is_permanent", "num_asked"),
    [
        (404, True, 1),
        (403, True, 1),
        (410, True, 1),
        (500, False, 3),
        (503, False, 3),
        (429, False, 3),
    ],
)
def test_only_what_may_pass_is_tried_again(
    server: PictureServer, make: Any, status: int, is_permanent: bool, num_asked: int
) -> None:
    server.routes["/a.png"] = lambda handler: send(handler, b"secret page", status=status)
    with pytest.raises(ImageFetchError, match=str(status)) as caught:
        make(allow_private_hosts=(server.host,)).load(server.origin + "/a.png")
    assert caught.value.is_permanent is is_permanent
    assert len(server.asked) == num_asked
    assert "secret page" not in str(caught.value)


def test_a_refused_token_names_the_setting_and_is_not_hammered(
    server: PictureServer, make: Any
) -> None:
    server.routes["/data/upload/1/a.png"] = lambda handler: send(handler, b"", status=401)
    with pytest.raises(ImageFetchError, match="WEFT_LABEL_STUDIO_TOKEN") as caught:
        make(auth=Login(), label_studio_url=server.origin).load("/data/upload/1/a.png")
    assert not caught.value.is_permanent
    assert len(server.asked) == 1


def test_a_busy_server_is_asked_again_until_it_answers(server: PictureServer, make: Any) -> None:
    def second_time(handler: BaseHTTPRequestHandler) -> None:
        send(handler, png(), status=503 if len(server.asked) == 1 else 200)

    server.routes["/a.png"] = second_time
    loaded = make(allow_private_hosts=(server.host,)).load(server.origin + "/a.png")
    assert loaded.image.size == (40, 50)


def test_cookies_are_not_kept(server: PictureServer, make: Any) -> None:
    server.routes["/a.png"] = lambda handler: send(handler, png(), headers={"Set-Cookie": "a=b"})
    fetcher = make(allow_private_hosts=(server.host,))
    fetcher.load(server.origin + "/a.png")
    fetcher.load(server.origin + "/a.png")
    assert all("Cookie" not in headers for headers in server.headers)


def test_proxies_of_the_environment_are_not_used(
    server: PictureServer, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    url = server.add("/a.png", png())
    assert make(allow_private_hosts=(server.host,)).load(url).image.size == (40, 50)


def test_a_local_picture_is_read_up_to_the_limit(tmp_path: Path, make: Any) -> None:
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "big.png").write_bytes(b"x" * 5000)
    fetcher = make(local_roots=(tmp_path,), max_image_bytes=4000)
    assert fetcher.load("/data/local-files/?d=a.png").image.size == (40, 50)
    with pytest.raises(ImageFetchError, match="larger than 4000 bytes"):
        fetcher.load("/data/local-files/?d=big.png")


def test_inline_pictures_are_decoded_and_bounded(make: Any) -> None:
    text = base64.b64encode(png()).decode()
    fetcher = make(max_image_bytes=4000)
    assert fetcher.load(f"data:image/png;base64,{text}").image.size == (40, 50)
    with pytest.raises(ImageFetchError, match="larger than"):
        fetcher.load("data:image/png;base64," + "A" * 6000)
    for broken in ("data:image/png;base64", "data:image/png;base64,AAA"):
        with pytest.raises(ImageFetchError) as caught:
            fetcher.load(broken)
        assert caught.value.is_permanent


def test_pictures_are_fetched_in_parallel_and_a_bad_one_hurts_no_other(
    server: PictureServer, make: Any
) -> None:
    meeting = threading.Barrier(3, timeout=5)

    def together(handler: BaseHTTPRequestHandler) -> None:
        meeting.wait()
        send(handler, png())

    urls = []
    for number in range(3):
        server.routes[f"/{number}.png"] = together
        urls.append(f"{server.origin}/{number}.png")
    urls.insert(1, server.add("/text.jpg", b"I am no picture"))
    urls.append(server.origin + "/missing.png")
    found = make(allow_private_hosts=(server.host,)).fetch_images(urls)
    assert [isinstance(item, LoadedImage) for item in found] == [True, False, True, True, False]
    assert "not an image" in str(found[1])
    assert "404" in str(found[4])
