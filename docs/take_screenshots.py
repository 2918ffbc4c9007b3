"""Take the README's pictures from a running `make demo` that shows drawn pictures.

make demo                                   # in another terminal
.venv/bin/python docs/take_screenshots.py
"""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
REGION = ".lsf-outliner-item__title"
NUM_COLOURS = 256


def keep(page: Page, name: str, *, width: int) -> None:
    """Write a screenshot, scaled and with few colours, so that the repository stays small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)))
    IMAGES.mkdir(exist_ok=True)
    picture.quantize(NUM_COLOURS).save(IMAGES / f"{name}.png", optimize=True)


def main() -> None:
    """Log in, open the first task, select its first box."""
    facts: dict[str, Any] = json.loads((ROOT / ".demo" / "demo.json").read_text("utf-8"))
    account: dict[str, str] = json.loads((ROOT / ".demo" / "account.json").read_text("utf-8"))
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
        browser.close()


if __name__ == "__main__":
    main()
