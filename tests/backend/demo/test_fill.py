from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.demo import fill as module
from backend.demo.fill import Filling, fill
from backend.demo.pictures import Picture, find_pictures
from backend.demo.processes import DemoError
from backend.demo.state import Source, load_source
from backend.label_studio import LabelStudioRefusedError


def prediction(num_attributes: int) -> dict[str, Any]:
    box = {"type": "rectanglelabels", "id": "w"}
    return {"result": [box, *[{"type": "choices", "id": "w"}] * num_attributes]}


@dataclass
class FakeProject:
    """A project whose tasks are predicted at once, or only when that is asked for."""

    refused: frozenset[str] = frozenset()
    is_lazy: bool = False
    names: list[str] = field(default_factory=list)
    uploads: list[int] = field(default_factory=list)
    retrieved: set[int] = field(default_factory=set)

    def upload(self, pictures: Sequence[Picture]) -> None:
        if any(picture.name in self.refused for picture in pictures):
            raise LabelStudioRefusedError("refused", detail="extension is not supported")
        self.uploads.append(len(pictures))
        self.names += [picture.name for picture in pictures]

    def is_predicted(self, number: int) -> bool:
        is_good = not self.names[number - 1].startswith("bad")
        return is_good and (not self.is_lazy or number in self.retrieved)

    def first_tasks(self) -> list[dict[str, Any]]:
        return [
            {"id": number, "predictions": [prediction(number)] * self.is_predicted(number)}
            for number in range(1, len(self.names) + 1)
        ]

    def num_tasks(self) -> int:
        return len(self.names)

    def without_prediction(self) -> tuple[int, list[int]]:
        ids = [n for n in range(1, len(self.names) + 1) if not self.is_predicted(n)]
        return len(ids), ids

    def retrieve_predictions(self, task_ids: Sequence[int]) -> None:
        self.retrieved.update(task_ids)


@dataclass
class Listener:
    lines: list[str] = field(default_factory=list)
    introduced: list[int] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_S", 0.01)
    monkeypatch.setattr(module, "_STALL_S", 0.05)
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(module, "_GIVE_UP_S", 0.5)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "bad.jpg").write_text("no picture")
    (folder / "bad-empty.jpg").touch()
    for name in ("c.jpg", "d.jpg", "e.jpg"):
        Image.new("RGB", (32, 32)).save(folder / name)
    return folder


def run(project: FakeProject, pictures: Path, state: Path) -> Listener:
    listener = Listener()
    filling = Filling(
        project=project,  # type: ignore[arg-type]
        source=load_source(state, "key"),
        folder=state,
        say=listener.lines.append,
        check=lambda: None,
        introduce=listener.introduced.append,
    )
    fill(filling, find_pictures(pictures))
    return listener


def test_usable_pictures_come_first_and_empty_files_not_at_all(
    pictures: Path, tmp_path: Path
) -> None:
    project = FakeProject()

    run(project, pictures, tmp_path)

    assert project.names == ["c.jpg", "d.jpg", "e.jpg", "bad.jpg"]


def test_each_bad_file_is_one_line_with_its_reason(pictures: Path, tmp_path: Path) -> None:
    lines = run(FakeProject(), pictures, tmp_path).lines

    assert [line.count("\n") for line in lines if "bad" in line] == [0, 0]
    assert any("bad.jpg: not an image" in line for line in lines)
    assert any("bad-empty.jpg: file is empty" in line for line in lines)


def test_task_that_shows_most_attributes_is_introduced_once(pictures: Path, tmp_path: Path) -> None:
    assert run(FakeProject(), pictures, tmp_path).introduced == [3]


def test_second_run_imports_nothing_again(pictures: Path, tmp_path: Path) -> None:
    project = FakeProject()
    run(project, pictures, tmp_path)

    listener = run(project, pictures, tmp_path)

    assert len(project.names) == 4
    assert listener.introduced == [3]
    assert "3 of 4 tasks are pre-annotated" in listener.lines


def test_new_picture_is_imported_by_the_next_run(pictures: Path, tmp_path: Path) -> None:
    project = FakeProject()
    run(project, pictures, tmp_path)
    Image.new("RGB", (32, 32)).save(pictures / "new.png")

    run(project, pictures, tmp_path)

    assert project.names[-1] == "new.png"


def test_file_that_label_studio_refuses_costs_only_itself(pictures: Path, tmp_path: Path) -> None:
    project = FakeProject(refused=frozenset({"d.jpg"}))

    lines = run(project, pictures, tmp_path).lines

    assert project.names == ["c.jpg", "e.jpg", "bad.jpg"]
    assert any(line.startswith("left out: d.jpg") for line in lines)


def test_tasks_that_nobody_predicts_are_asked_for(pictures: Path, tmp_path: Path) -> None:
    project = FakeProject(is_lazy=True)

    listener = run(project, pictures, tmp_path)

    assert {1, 2, 3} <= project.retrieved
    assert listener.introduced == [3]


def test_folder_of_bad_files_only_is_an_error_that_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "bad.jpg").write_text("no picture")

    with pytest.raises(DemoError, match="not one of these pictures"):
        run(FakeProject(), folder, tmp_path)


def test_state_is_kept_after_each_batch(pictures: Path, tmp_path: Path) -> None:
    run(FakeProject(), pictures, tmp_path)

    kept = load_source(tmp_path, "key")

    assert isinstance(kept, Source)
    assert len(kept.imported) == 4
    assert len(kept.faulty) == 1


def test_boxes_without_attributes_are_good_enough_where_the_model_knows_nothing(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        globals(), "prediction", lambda number: {"result": [{"type": "rectanglelabels", "id": "w"}]}
    )

    assert run(FakeProject(), pictures, tmp_path).introduced == [1]
