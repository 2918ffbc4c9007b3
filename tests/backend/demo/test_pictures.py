from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from backend.demo.pictures import Picture, batches, examine, find_pictures
from backend.demo.processes import DemoError


def picture(name: str, num_bytes: int = 10) -> Picture:
    return Picture(path=Path("/x") / name, name=name, num_bytes=num_bytes)


def test_pictures_are_found_in_sub_folders_whatever_the_case_of_the_suffix(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "deep/er/c.jpeg", "deep/d.WebP", "notes.txt", "e.tiff"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    names = [found.name for found in find_pictures(tmp_path)]

    assert names == ["a.png", "b.JPG", "deep/d.WebP", "deep/er/c.jpeg"]


@pytest.mark.parametrize("name", [".hidden.jpg", ".git/a.jpg", "__MACOSX/a.jpg"])
def test_hidden_files_and_folders_are_left_out(name: str, tmp_path: Path) -> None:
    for file in (tmp_path / name, tmp_path / "seen.jpg"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    assert [found.name for found in find_pictures(tmp_path)] == ["seen.jpg"]


def test_folder_linked_into_itself_is_not_followed_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "loop").symlink_to(tmp_path)

    assert [found.name for found in find_pictures(tmp_path)] == ["a.jpg"]


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="holds no JPEG, PNG or WebP"):
        find_pictures(tmp_path)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="is not a folder"):
        find_pictures(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.jpg", "plain.jpg"),
        ("with space & ümlaut.JPG", "with-space-mlaut.jpg"),
        ("शर्ट.png", "picture.png"),
        (f"{'x' * 300}.jpg", f"{'x' * 60}.jpg"),
        ("sub/folder/a.webp", "a.webp"),
        ("..jpg", "picture.jpg"),
    ],
)
def test_upload_name_is_short_and_plain(name: str, expected: str) -> None:
    assert picture(name).upload_name == expected


def test_good_picture_has_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "good.jpg"
    Image.new("RGB", (40, 30)).save(file)

    assert examine(Picture(path=file, name="good.jpg", num_bytes=9)).fault == ""


@pytest.mark.parametrize("content", [b"", b"text", b"\xff\xd8\xff\xe0broken"])
def test_bad_picture_gets_its_reason_and_nothing_is_raised(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.jpg"
    file.write_bytes(content)

    assert "bad.jpg" in examine(Picture(path=file, name="bad.jpg", num_bytes=9)).fault


@pytest.mark.parametrize(
    ("name", "is_importable"), [("text", True), ("bomb", False), ("empty", False)]
)
def test_what_would_harm_label_studio_is_not_imported(
    name: str, is_importable: bool, tmp_path: Path
) -> None:
    file = tmp_path / "bad.png"
    if name == "bomb":
        Image.new("1", (20_000, 20_000)).save(file)
    else:
        file.write_text(name.removeprefix("empty"))
    bad = Picture(path=file, name=file.name, num_bytes=file.stat().st_size)

    assert examine(bad).is_importable is is_importable


def test_batches_are_bounded_in_number() -> None:
    sizes = [len(batch) for batch in batches(picture(f"{n}.jpg") for n in range(95))]

    assert sizes == [40, 40, 15]


def test_batches_are_bounded_in_bytes() -> None:
    huge = 50 * 1024 * 1024

    sizes = [len(batch) for batch in batches(picture(f"{n}.jpg", huge) for n in range(3))]

    assert sizes == [1, 1, 1]


def test_changed_file_counts_as_new() -> None:
    assert picture("a.jpg", 10).key != picture("a.jpg", 11).key
