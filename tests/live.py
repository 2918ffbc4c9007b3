"""A demonstration that really runs: Label Studio, the backend and a filled project.

It is started twice, as a reader would: first with drawn pictures and ended with Ctrl-C, then with a
folder of pictures that has photographs, sub-folders and damaged files in it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

ROOT = Path(__file__).parents[1]
PHOTOGRAPHS = ROOT.parent / "shared" / "data" / "myntra" / "images"
NUM_PHOTOGRAPHS = 12
NUM_UNUSUAL = 4
BAD_FILES = ("0-empty.jpg", "0-text.jpg", "0-truncated.jpg", "0-one-pixel.png", "0-bomb.png")
NUM_BAD_IMPORTED = 3  # neither the empty file nor the bomb


@dataclass(frozen=True, kw_only=True)
class Start:
    """One start of the demonstration."""

    seconds: float
    output: str
    facts: dict[str, Any]
    left_over: tuple[int, ...] = ()
    exit_status: int | None = None


@dataclass(kw_only=True)
class Live:
    """The demonstration that is running, and what the start before it was like."""

    folder: Path
    pictures: Path
    first: Start
    second: Start
    account: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.second.facts["label_studio_url"])

    @property
    def backend_url(self) -> str:
        return str(self.second.facts["backend_url"])

    @property
    def project_id(self) -> int:
        return int(self.second.facts["project_id"])

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        response = requests.request(
            method,
            f"{self.url}{path}",
            headers={"Authorization": f"Token {self.account['token']}"},
            timeout=120,
            **arguments,
        )
        assert response.ok, f"{method} {path}: {response.status_code} {response.text[:500]}"
        return response.json() if response.content else None

    def tasks(self, project_id: int | None = None) -> list[dict[str, Any]]:
        listing = self.call(
            "GET",
            "/api/tasks",
            params={
                "project": project_id or self.project_id,
                "page_size": 1000,
                "fields": "all",
            },
        )
        tasks: list[dict[str, Any]] = listing["tasks"]
        return tasks

    def weft(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command `weft` with the environment of the running demonstration."""
        environment = clean_environment() | {
            "WEFT_DATA_DIR": str(self.folder / "backend"),
            "WEFT_LABEL_STUDIO_URL": self.url,
            "WEFT_LABEL_STUDIO_TOKEN": self.account["token"],
            "WEFT_WEBHOOK_SECRET": self.account["webhook_secret"],
            "WEFT_PORT": self.backend_url.rsplit(":", 1)[1],
        }
        return subprocess.run(
            [sys.executable, "-m", "backend.cli", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            timeout=120,
            check=False,
        )


def clean_environment() -> dict[str, str]:
    """Give the environment without settings of ours, except which model is tried."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WEFT_") or name == "WEFT_MODEL"
    }


def make_pictures(folder: Path) -> Path:
    """Lay out a folder as readers have them: photographs, sub-folders, and files that are none."""
    photographs = sorted(PHOTOGRAPHS.glob("*.jpg"))[:: max(1, 8000 // NUM_PHOTOGRAPHS)]
    sub_folder = folder / "nach Größe" / "A"
    sub_folder.mkdir(parents=True)
    if photographs:
        for index, photograph in enumerate(photographs[:NUM_PHOTOGRAPHS]):
            target = sub_folder if index % 2 else folder
            shutil.copy(photograph, target / f"photo {index}{photograph.suffix.upper()}")
    else:
        draw_pictures(folder)
    whole = next(path for path in sorted(folder.iterdir()) if path.name.startswith("photo"))
    make_unusual_pictures(folder, Image.open(whole).convert("RGB"))
    (folder / "0-empty.jpg").write_bytes(b"")
    (folder / "0-text.jpg").write_text("this is not a picture", encoding="utf-8")
    (folder / "0-truncated.jpg").write_bytes(whole.read_bytes()[:2000])
    Image.new("RGB", (1, 1)).save(folder / "0-one-pixel.png")
    Image.new("1", (30_000, 30_000)).save(folder / "0-bomb.png")
    (folder / "notes.txt").write_text("not to be imported", encoding="utf-8")
    return folder


def make_unusual_pictures(folder: Path, picture: Image.Image) -> None:
    """Write the same picture, upright and narrow, in ways that are rare and right."""
    picture = picture.crop((0, 0, picture.height * 3 // 4, picture.height))
    picture.convert("CMYK").save(folder / "unusual cmyk.jpg")
    picture.convert("L").convert("I").point(lambda level: level * 256).convert("I;16").save(
        folder / "unusual 16 bit.png"
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.rotate(90, expand=True).save(folder / "unusual turned.jpeg", exif=exif)
    picture.save(folder / "unusual animated.webp", save_all=True, append_images=[picture])


def draw_pictures(folder: Path) -> None:
    """Where the photographs are not at hand, drawn pictures take their place."""
    from ontology.load import default_ontology_path, load_ontology
    from tagger.render import render_catalog

    drawn = folder.parent / "drawn"
    ontology = load_ontology(default_ontology_path())
    render_catalog(drawn, count=NUM_PHOTOGRAPHS, seed=3, ontology=ontology)
    for index, picture in enumerate(sorted((drawn / "images").iterdir())):
        shutil.copy(picture, folder / f"photo {index}{picture.suffix}")


def start_demo(folder: Path, *arguments: str, timeout_s: float) -> tuple[Any, Start]:
    """Start the demonstration and wait until it has filled its project."""
    output = folder.parent / f"output-{time.monotonic_ns()}.txt"
    facts = folder / "demo.json"
    facts.unlink(missing_ok=True)
    began = time.monotonic()
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.demo", "--folder", str(folder), *arguments],
            cwd=ROOT,
            env=clean_environment(),
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    while not facts.is_file():
        text = output.read_text(encoding="utf-8")
        if process.poll() is not None or time.monotonic() - began > timeout_s:
            process.send_signal(signal.SIGTERM)
            pytest.fail(f"the demonstration did not come up:\n{text}\n{_logs(folder)}")
        time.sleep(0.1)
    seconds = time.monotonic() - began
    while "are pre-annotated" not in output.read_text(encoding="utf-8"):
        if process.poll() is not None or time.monotonic() - began > timeout_s:
            process.send_signal(signal.SIGTERM)
            pytest.fail(f"not all was filled:\n{output.read_text()}\n{_logs(folder)}")
        time.sleep(0.2)
    return process, Start(
        seconds=seconds,
        output=output.read_text(encoding="utf-8"),
        facts=json.loads(facts.read_text(encoding="utf-8")),
    )


def _logs(folder: Path) -> str:
    return "\n".join(
        f"--- {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
        for log in sorted(folder.glob("*.log"))
    )


def stop_demo(process: subprocess.Popen[bytes], start: Start) -> Start:
    """Press Ctrl-C and see what is left of it."""
    process.send_signal(signal.SIGINT)
    status = process.wait(timeout=30)
    alive = tuple(pid for pid in start.facts["pids"] if _group_is_alive(pid))
    return Start(
        seconds=start.seconds,
        output=start.output,
        facts=start.facts,
        left_over=alive,
        exit_status=status,
    )


def _group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    program = ROOT / ".venv-label-studio" / "bin" / "label-studio"
    if not program.exists():
        pytest.fail(f"{program} is not there; run: make setup")
    base = tmp_path_factory.mktemp("live")
    folder, pictures = base / "demo", make_pictures(base / "pictures")
    folder.mkdir()
    process, first = start_demo(folder, "--count", "6", timeout_s=420)
    first = stop_demo(process, first)
    process, second = start_demo(folder, "--images", str(pictures), timeout_s=240)
    account = json.loads((folder / "account.json").read_text(encoding="utf-8"))
    try:
        yield Live(folder=folder, pictures=pictures, first=first, second=second, account=account)
    finally:
        stop_demo(process, second)
