"""Take the README's pictures from a running `make demo` that shows drawn pictures.

make demo                                   # in another terminal
.venv/bin/python docs/take_screenshots.py [FOLDER]
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
REGION = ".lsf-outliner-item__title"
NUM_COLOURS = 256
REVIEWER = "Demo"


def keep(page: Page, name: str, *, width: int) -> None:
    """Write a screenshot, scaled and with few colours, so that the repository stays small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)))
    IMAGES.mkdir(exist_ok=True)
    picture.quantize(NUM_COLOURS).save(IMAGES / f"{name}.png", optimize=True)


def take_review(page: Page, backend: str) -> None:
    """Sign in to review, look at the queue, at an item with a map, and at pictures of one value."""
    page.set_viewport_size({"width": 1500, "height": 940})
    page.goto(f"{backend}/review")
    page.fill("input[name=name]", REVIEWER)
    page.keyboard.press("Enter")
    page.wait_for_selector("#start")
    page.wait_for_timeout(1500)
    keep(page, "review-queue", width=1100)
    items = [str(link.get_attribute("href")) for link in page.locator("td.pic a").all()]
    for item in reversed(items):  # the model is surest of most of the last ones
        page.goto(f"{backend}{item}")
        page.wait_for_selector(".cell.now")
        sleeves = page.locator(".cell[data-of^='Sleeve length']")
        if sleeves.count():
            show_map(page, sleeves.first)
            if "Not to be trusted" not in page.inner_text("#maptext"):
                break
    keep(page, "review-item", width=1100)
    page.goto(f"{backend}/review/grid")
    page.locator("td a").first.click()  # the commonest value
    page.wait_for_selector(".tile")
    page.wait_for_timeout(1500)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    keep(page, "review-grid", width=1100)


def show_map(page: Page, row: Locator) -> None:
    """Choose an attribute and wait until its map is there and checked."""
    row.click(position={"x": 300, "y": 8})
    if page.get_attribute("#show-map", "aria-pressed") == "false":
        page.keyboard.press("e")
    page.locator("#maptext", has_text="Sleeve length").wait_for()
    page.wait_for_selector("#map:not(.off)")
    page.locator("#maptext:not(:has-text('being checked'))").wait_for()


def main() -> None:
    """Log in, open the first task, select its first box; then review."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".demo"
    facts: dict[str, Any] = json.loads((folder / "demo.json").read_text("utf-8"))
    account: dict[str, str] = json.loads((folder / "account.json").read_text("utf-8"))
    url = facts["label_studio_url"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{url}/user/login")
        page.fill("input[name=email]", account["email"])
        page.fill("input[name=password]", account["password"])
        page.click("button[type=submit]")
        page.wait_for_url(lambda found: "/user/login" not in found)
        project = f"{url}/projects/{facts['project_id']}/data"
        page.goto(f"{project}?task={facts['first_task_id']}")
        page.wait_for_selector(REGION)
        page.locator(REGION).first.click()
        page.wait_for_timeout(2000)
        keep(page, "task", width=1200)
        page.get_by_text("What the model saw").first.click()
        page.wait_for_timeout(4000)
        keep(page, "evidence", width=1200)
        take_review(page, facts["backend_url"])
        browser.close()


if __name__ == "__main__":
    main()
