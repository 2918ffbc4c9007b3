"""An annotator's work in a real browser: log in, open, look, change, submit.

Screenshots go to `.artifacts/browser/`.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT, Live

pytestmark = pytest.mark.browser

SCREENSHOTS = ROOT / ".artifacts" / "browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REGION = ".lsf-outliner-item__title"
INFO = ".lsf-region-meta__value mark"  # also the values that stand in drop-down lists
TICKED = ".lsf-choice__checkbox:has(.ant-radio-checked, .ant-checkbox-checked)"


@pytest.fixture(scope="module")
def page(live: Live) -> Iterator[Any]:
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
        opened = browser.new_page(viewport={"width": 1600, "height": 1000})
        opened.set_default_timeout(60_000)
        log_in(opened, live)
        yield opened
        browser.close()


def log_in(page: Any, live: Live) -> None:
    page.goto(f"{live.url}/user/login")
    page.fill("input[name=email]", live.account["email"])
    page.fill("input[name=password]", live.account["password"])
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/user/login" not in url)


def open_task(page: Any, live: Live, task_id: int) -> float:
    """Open a task's page; returns the seconds until its regions are listed."""
    began = time.monotonic()
    page.goto(f"{live.url}/projects/{live.project_id}/data?task={task_id}")
    page.wait_for_selector(REGION)
    return time.monotonic() - began


def ticked(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(TICKED).all_inner_texts()]


def filled_tasks(live: Live) -> list[dict[str, Any]]:
    return [task for task in live.tasks() if task["predictions"] and not task["annotations"]]


def answer_what_is_required(page: Any) -> None:
    """Say that one cannot tell, wherever an answer is required and the model gave none."""
    required = page.locator(".weft-attribute:visible", has=page.locator("h4", has_text="*"))
    for attribute in required.all():
        if attribute.locator(TICKED).count():
            continue
        trigger = attribute.locator("[data-testid^=select-trigger]")  # its id names the value
        if not trigger.count():
            attribute.get_by_text("Cannot tell", exact=True).click()
        elif not trigger.get_attribute("data-value"):
            trigger.click()
            page.locator('[role=option][data-value="Cannot tell"]').click()


def choices_of(results: list[dict[str, Any]]) -> dict[tuple[str, str], list[str]]:
    return {
        (result["id"], result["from_name"]): result["value"]["choices"]
        for result in results
        if result["type"] == "choices"
    }


def screenshot(page: Any, name: str) -> Path:
    file = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=file)
    return file


def test_first_task_shows_the_picture_its_boxes_and_ticked_attributes(
    page: Any, live: Live
) -> None:
    task_id = live.second.facts["first_task_id"]
    task = next(task for task in live.tasks() if task["id"] == task_id)
    results = task["predictions"][0]["result"]
    boxes = [result for result in results if result["type"] == "rectanglelabels"]

    seconds = open_task(page, live, task_id)
    (SCREENSHOTS / "page_load.json").write_text(json.dumps({"seconds": seconds}), "utf-8")
    assert page.locator(REGION).count() == len(boxes)
    page.locator(REGION).first.click()
    page.wait_for_selector(TICKED)
    screenshot(page, "first-task")

    expected = [value for values in choices_of(results).values() for value in values]
    if len(boxes) == 1:
        assert sorted(page.locator(INFO).all_inner_texts()) == sorted(expected)
    assert ticked(page)
    assert set(ticked(page)) <= set(expected)
    assert seconds < 30
    sizes = page.eval_on_selector_all(
        "canvas", "all => all.map(one => [one.clientWidth, one.clientHeight])"
    )
    assert any(width >= 150 and height >= 150 for width, height in sizes), sizes


def test_changed_value_is_what_label_studio_stores(page: Any, live: Live) -> None:
    task = next(
        row
        for row in reversed(filled_tasks(live))
        if any(result["type"] == "choices" for result in row["predictions"][0]["result"])
    )
    open_task(page, live, task["id"])
    page.locator(REGION).first.click()
    group = page.locator(".lsf-choices:visible:has(.ant-radio-checked)").first
    before = group.locator(TICKED).inner_text().strip()
    others = group.locator(".lsf-choice__checkbox:not(:has(.ant-radio-checked))")
    after = others.first.inner_text().strip()
    others.first.click()
    page.wait_for_function(
        "text => [...document.querySelectorAll('.lsf-choice__checkbox')].some(one => "
        "one.querySelector('.ant-radio-checked') && one.innerText.trim() === text)",
        arg=after,
    )
    answer_what_is_required(page)
    screenshot(page, "changed")

    with page.expect_response(
        lambda response: (
            response.request.method == "POST"
            and response.url.split("?")[0].endswith("/annotations")
        )
    ) as answer:
        page.get_by_test_id("bottombar-submit-button").click()
    assert answer.value.status == 201
    screenshot(page, "submitted")

    stored = next(row for row in live.tasks() if row["id"] == task["id"])["annotations"][0]
    was, now = choices_of(task["predictions"][0]["result"]), choices_of(stored["result"])
    changed = {key for key in was if was[key] != now.get(key)}
    assert len(changed) == 1
    (key,) = changed
    assert (was[key], now[key]) == ([before], [after])


def test_box_without_an_attribute_hides_the_attributes_that_do_not_apply(
    page: Any, live: Live
) -> None:
    open_task(page, live, filled_tasks(live)[0]["id"])
    page.locator(REGION).first.click()
    page.wait_for_selector(".lsf-choice__checkbox")
    of_the_category = page.locator(".lsf-choices:visible").count()

    all_of_them = live.call("GET", f"/api/projects/{live.project_id}")["label_config"]

    assert 0 < of_the_category < all_of_them.count("<Choices ")


def test_jobs_page_shows_why_a_picture_has_no_prediction(page: Any, live: Live) -> None:
    page.goto(f"{live.backend_url}/jobs")
    screenshot(page, "jobs")

    assert "not an image" in page.inner_text("body")
