"""What a browser is shown when it gets no page, and what other clients get."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from backend.database import Database, DatabaseError
from backend.review.items import decisions_of, put_items
from tests.backend.review.support import Backend, running_backend

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
PICTURE = {"Accept": "image/avif,image/webp,image/apng,*/*;q=0.8"}
STALE = "Not taken: the form is out of date or was not given out here; load the page again."


@pytest.fixture
def item(backend: Backend) -> Backend:
    put_items(backend.database, [backend.item("one")])
    return backend


def refused(answer: Any) -> tuple[str, str, str]:
    """Give the line that a page of a refusal says, and where its link leads, in words and as is."""
    assert answer.mimetype == "text/html"
    (line,) = re.findall(r'role="alert">([^<]*)', answer.text)
    ((to, words),) = re.findall(r'<a href="([^"]*)" id="leave">([^<]*)', answer.text)
    return html.unescape(line), html.unescape(to), words


@pytest.mark.parametrize("token", ["", "of another session"])
def test_a_stale_form_leads_back_to_its_item(item: Backend, token: str) -> None:
    form = {"action": "accept", "csrf": token}

    answer = item.client.post("/review/items/one/decide", data=form, headers=BROWSER)

    assert answer.status_code == 403
    assert refused(answer) == (STALE, "/review/items/one", "Back to the item")
    assert "weft review" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert decisions_of(item.database) == ()


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Accept": "*/*"}])
def test_other_clients_get_json(item: Backend, headers: dict[str, str]) -> None:
    answer = item.client.post("/review/items/one/decide", data={"csrf": "x"}, headers=headers)

    assert answer.status_code == 403
    assert answer.json["error"]["type"] == "forbidden"


@pytest.mark.parametrize(
    ("path", "status", "said", "to"),
    [
        ("items/none", 404, "There is no such item; it may have been removed", "/review"),
        ("items/one/masks.png", 404, "No region of this item has a mask.", "/review/items/one"),
        ("nowhere", 404, "There is no such page.", "/review"),
        ("items/one/decide", 405, "This is no page to look at;", "/review"),
        ("?state=lost", 400, "No such state: expected one of", "/review"),
    ],
)
def test_a_page_that_is_not_there_says_why(
    item: Backend, path: str, status: int, said: str, to: str
) -> None:
    where = f"/review{path}" if path.startswith("?") else f"/review/{path}"

    answer = item.client.get(where, headers=BROWSER)

    assert answer.status_code == status
    line, link, _ = refused(answer)
    assert line.startswith(said)
    assert link == to
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_that_is_not_whole_leads_back_to_where_it_came_from(item: Backend) -> None:
    csrf = item.token()
    bad = item.client.post(
        "/review/items/one/decide", data={"csrf": csrf, "action": "?"}, headers=BROWSER
    )
    grid = item.client.post(
        "/review/grid", data={"csrf": csrf, "attribute": "color", "value": "red"}, headers=BROWSER
    )

    assert bad.status_code == 400
    assert refused(bad)[0] == "Not taken: no such decision: '?'."
    assert grid.status_code == 400
    assert refused(grid)[1:] == ("/review/grid?attribute=color&value=red", "Back to the pictures")


def test_whoever_is_not_signed_in_is_led_to_the_door(tmp_path: Path) -> None:
    with running_backend(tmp_path) as backend:
        put_items(backend.database, [backend.item("one")])

        answer = backend.client.post("/review/items/one/decide", headers=BROWSER)
        missing = backend.client.get("/review/nowhere", headers=BROWSER)

    assert answer.status_code == 403
    line, to, words = refused(answer)
    assert line == "Not taken: sign in first: open /review."
    assert (to, words) == ("/review/sign-in?next=/review/items/one", "Sign in")
    assert "Queue" not in missing.text
    assert refused(missing)[2] == "Sign in"


def test_a_missing_picture_is_no_page(item: Backend) -> None:
    (item.folder / "one.jpg").unlink()

    answer = item.client.get("/review/items/one/picture.jpg", headers=PICTURE)

    assert (answer.status_code, answer.mimetype) == (404, "application/json")


def test_elsewhere_errors_stay_json(item: Backend) -> None:
    for path in ("/nowhere", "/reviewing", "/overlays/x/y"):
        assert item.client.get(path, headers=BROWSER).mimetype == "application/json"


def test_a_failing_database_is_answered_without_it(
    item: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr(Database, "reading", fails)

    answer = item.client.get("/review", headers=BROWSER)

    assert answer.status_code == 503
    assert answer.json["error"]["message"] == "the database is away"
