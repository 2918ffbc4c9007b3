"""A reviewer's work in a real browser, by keyboard alone, to the end of the queue.

The pictures are drawn by this project. Screenshots go to `.artifacts/browser/`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.review.items import ReviewItem, decisions_of, items_of, put_items
from tests.annotator import draw_pictures
from tests.backend.review.support import Backend, finding, region, running_backend
from tests.backend.test_overlays import FakeExplainer
from tests.live import ROOT

pytestmark = pytest.mark.browser

SCREENSHOTS = ROOT / ".artifacts" / "browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NAMES = ("fixed", "unsure", "rejected", "like-1", "like-2", "like-3")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("review")
    with running_backend(folder, explainer=FakeExplainer(), review_secret="s3cret") as made:
        draw_pictures(made.folder / "drawn", count=len(NAMES), names=("tshirt", "shirt"))
        pictures = sorted((made.folder / "drawn").glob("*.jpg"))
        put_items(
            made.database,
            [
                _item(name, picture, risk=0.9 - 0.1 * at)
                for at, (name, picture) in enumerate(zip(NAMES, pictures, strict=True))
            ],
        )
        yield made


def _item(name: str, picture: Path, *, risk: float) -> ReviewItem:
    like = name.startswith("like")
    return ReviewItem(
        id=name,
        source="audit",
        product_id=name,
        image=str(picture),
        regions=[region(box=[30.0, 30.0, 180.0, 240.0])],
        claims={} if like else {"pattern": ["plain"]},
        claim_text={} if like else {"pattern": "plain", "title": f"Listing {name}"},
        findings=[finding("sleeve", claim="", seen="short") if like else finding()],
        risk=risk,
    )


@pytest.fixture(scope="module")
def address(backend: Backend) -> Iterator[str]:
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, backend.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        message = f"none of {', '.join(BROWSERS)} is installed; apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        opened = browser.new_page(viewport={"width": 1400, "height": 900})
        opened.set_default_timeout(30_000)
        opened.on("request", lambda request: _only_here(request.url, address))
        yield opened
        browser.close()


def _only_here(url: str, address: str) -> None:
    assert url.startswith((address, "data:", "blob:")), f"{url} is elsewhere"


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def goes(page: Any, *keys: str) -> None:
    """Press keys of which the last one leads to another page."""
    press(page, *keys[:-1])
    with page.expect_navigation():
        press(page, keys[-1])


def shot(page: Any, name: str) -> None:
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def said(page: Any) -> str:
    return str(page.inner_text("[role=status] >> nth=0"))


def current(page: Any) -> str:
    return str(page.locator(".cell.now .name").inner_text())


def test_a_queue_is_worked_off_by_keyboard_alone(backend: Backend, address: str, page: Any) -> None:
    page.goto(f"{address}/review")
    page.wait_for_function("document.activeElement.id === 'name'")  # focus comes with the drawing
    page.keyboard.type("Ada")
    press(page, "Tab")
    page.keyboard.type("s3cret")
    goes(page, "Enter")
    shot(page, "review-queue")
    goes(page, "Enter")  # start with the riskiest

    assert page.url.endswith("/items/fixed")
    assert current(page) == "Pattern", "what the claim contradicts is chosen"
    press(page, "e")
    page.wait_for_selector("#map:not(.off)")
    page.locator("#maptext", has_text="Not to be trusted").wait_for()
    assert "75 % of it on the garment" in page.inner_text("#maptext")
    shot(page, "review-item")
    press(page, "w")
    page.locator("#maptext", has_text="for striped (55 %) and against plain (40 %)").wait_for()
    assert "against plain" in page.get_attribute("#map", "alt")
    assert page.get_attribute("#show-contrast", "aria-pressed") == "true"
    page.locator("#maptext", has_text="Not to be trusted").wait_for()
    shot(page, "review-contrast")
    press(page, "w")
    page.locator("#maptext", has_text="Pattern: striped").wait_for()
    press(page, "b")
    assert page.locator("#boxes").is_hidden()
    press(page, "b", "j", "k", "f")
    page.keyboard.type("pla")  # a drop-down list goes to what is typed
    goes(page, "Enter")
    assert "Fixed" in said(page)
    assert backend.state("fixed") == "fixed"
    assert backend.standing("fixed").cells["w_1", "pattern"].values == ("plain",)

    assert page.url.endswith("/items/unsure")
    goes(page, "y")
    assert "nothing is decided" in said(page), "and there is nothing to measure others by"
    goes(page, "c")
    assert backend.standing("unsure").cells["w_1", "pattern"].action == "cannot_tell"

    assert page.url.endswith("/items/rejected")
    press(page, "r")
    press(page, "ArrowDown")
    goes(page, "Enter")
    assert backend.state("rejected") == "rejected"

    assert page.url.endswith("/items/like-1"), "and on to the next"
    goes(page, "u")
    assert backend.state("rejected") == "open"
    assert page.url.endswith("/items/rejected")
    goes(page, "n")
    goes(page, "p")
    assert page.url.endswith("/items/rejected")
    goes(page, "a")  # the value is right after all
    assert backend.state("rejected") == "accepted"

    assert page.url.endswith("/items/like-1")
    assert current(page) == "Sleeve"
    goes(page, "g")
    assert page.locator(".tile").count() == 3
    press(page, "ArrowRight", "Space")
    shot(page, "review-grid")
    press(page, "Space")  # it was right
    goes(page, "Enter")
    assert [item.id for item in items_of(backend.database, states=["open"])] == []
    assert "The queue is empty" in page.inner_text("main")
    shot(page, "review-empty")
    assert {d.reviewer for d in decisions_of(backend.database)} == {"Ada"}
    assert all(d.seconds is None or 0 <= d.seconds < 600 for d in decisions_of(backend.database))


def test_a_blank_is_not_accepted_and_a_claim_is_taken_by_key(
    backend: Backend, address: str, page: Any
) -> None:
    (picture, *_) = sorted((backend.folder / "drawn").glob("*.jpg"))
    known = region(box=[30.0, 30.0, 180.0, 240.0])
    blank = {**known, "attributes": {**known["attributes"], "pattern": []}}
    item = replace(_item("blank", picture, risk=0.1), regions=[blank])
    put_items(backend.database, [item])
    page.goto(f"{address}/review/items/blank")
    assert current(page) == "Pattern"

    press(page, "a")
    assert "no answer here to accept" in page.inner_text("#hint")
    press(page, "j", "k")
    assert page.inner_text("#hint") == ""
    press(page, "a")
    assert page.locator(".cell.now .accept").count() == 0
    shot(page, "review-claim")
    goes(page, "s")

    assert "Fixed: Pattern" in said(page)
    assert backend.standing("blank").cells["w_1", "pattern"].values == ("plain",)


def test_the_other_pictures_of_a_product_are_seen_by_key(
    backend: Backend, address: str, page: Any
) -> None:
    first, second, *_ = sorted((backend.folder / "drawn").glob("*.jpg"))
    view = {"image": str(second), "image_digest": "", "regions": [region("w_2")]}
    put_items(backend.database, [replace(_item("views", first, risk=0.1), views=[view])])
    page.goto(f"{address}/review/items/views")
    layer = page.locator("#view")
    assert not layer.is_visible()

    press(page, "v")

    assert "Picture 2 of 2" in page.inner_text("#maptext")
    page.wait_for_function("document.getElementById('view').naturalWidth > 0")
    assert layer.is_visible()
    shot(page, "review-views")
    press(page, "v")
    assert not layer.is_visible()
    page.click("[data-view='1']")
    assert layer.is_visible()
    press(page, "b")
    assert not layer.is_visible()


def test_a_map_that_comes_late_leaves_another_picture_alone(
    backend: Backend, address: str, page: Any
) -> None:
    first, second, *_ = sorted((backend.folder / "drawn").glob("*.jpg"))
    view = {"image": str(second), "image_digest": "", "regions": [region("w_2")]}
    put_items(backend.database, [replace(_item("late", first, risk=0.1), views=[view])])
    held: list[Any] = []
    page.route("**/map/**", lambda route: held.append(route))
    page.goto(f"{address}/review/items/late")
    press(page, "v")

    with page.expect_event("requestfinished", lambda request: "/map/" in request.url):
        held[0].continue_()
    page.wait_for_function("kept.size === 1")

    assert "Picture 2 of 2" in page.inner_text("#maptext")
    assert not page.locator("#map").is_visible()


def test_a_stale_form_shows_a_page_that_leads_back(
    backend: Backend, address: str, page: Any
) -> None:
    (picture, *_) = sorted((backend.folder / "drawn").glob("*.jpg"))
    put_items(backend.database, [_item("stale", picture, risk=0.1)])
    page.goto(f"{address}/review/items/stale")
    page.eval_on_selector_all("[name=csrf]", "all => all.forEach(one => { one.value = 'old'; })")

    goes(page, "j", "a")

    assert "the form is out of date" in page.inner_text("[role=alert]")
    shot(page, "review-refusal")
    goes(page, "Enter")
    assert page.url.endswith("/review/items/stale")


def test_everything_has_a_name_and_is_reached_by_tab(
    backend: Backend, address: str, page: Any
) -> None:
    page.goto(f"{address}/review/items/fixed")

    unnamed = page.eval_on_selector_all(
        "button, a, select, input:not([type=hidden]), img:not([alt]), form[role=group]",
        """all => all.filter(one => !(one.innerText || one.getAttribute('aria-label') ||
           (one.labels && one.labels.length))).map(one => one.outerHTML.slice(0, 120))""",
    )
    assert unnamed == []
    reached = set()
    for _ in range(40):
        press(page, "Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"undo", "next", "reason", "show-map"} <= reached


def test_one_signs_out_by_keyboard(address: str, page: Any) -> None:
    page.goto(f"{address}/review")
    for _ in range(12):
        press(page, "Tab")
        if page.evaluate("document.activeElement.innerText") == "Sign out":
            break
    goes(page, "Enter")
    assert page.url.endswith("/review/sign-in")

    page.goto(f"{address}/review")

    assert "/review/sign-in" in page.url
