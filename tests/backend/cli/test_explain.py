"""`weft explain` with the shipped version, on one drawn picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from backend.cli import app
from ontology.load import default_ontology_path, load_ontology
from tagger.pipeline import Tagger
from tagger.registry import shipped_version_dir
from tagger.render import render_catalog

ATTRIBUTE = "base_colour"


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    render_catalog(folder, count=1, seed=4, ontology=load_ontology(default_ontology_path()))
    return next((folder / "images").iterdir())


@pytest.fixture(scope="module")
def version() -> Tagger:
    return Tagger.load(shipped_version_dir(), device="cpu")


@pytest.fixture(autouse=True)
def loaded_once(version: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tagger, "load", lambda *_arguments, **_options: version)


def weft_explain(picture: Path, out: Path, *arguments: str) -> Result:
    command = ["explain", str(picture), "--out", str(out), "--no-check", *arguments]
    return CliRunner().invoke(app, command)


def record_of(out: Path) -> dict:
    return json.loads((out / "explanation.json").read_text(encoding="utf-8"))


def test_every_map_is_a_file_of_the_pictures_size_and_named_in_the_record(
    picture: Path, tmp_path: Path
) -> None:
    out = tmp_path / "not" / "there yet"

    done = weft_explain(picture, out, "--attribute", ATTRIBUTE)

    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(out / "explanation.json")
    record = record_of(out)
    with Image.open(picture) as image:
        assert (record["width"], record["height"]) == image.size
        overlays = [one["overlay"] for region in record["regions"] for one in region["maps"]]
        assert overlays
        for name in overlays:
            with Image.open(out / name) as overlay:
                assert overlay.size == image.size
    assert {path.name for path in out.iterdir()} == {*overlays, "all.png", "explanation.json"}
    assert record["model_version"] == shipped_version_dir().name


def test_without_an_attribute_what_is_answered_is_explained(picture: Path, tmp_path: Path) -> None:
    done = weft_explain(picture, tmp_path, "--show-rendered")

    assert done.exit_code == 0, done.output
    [region] = record_of(tmp_path)["regions"]
    assert len({one["attribute"] for one in region["maps"]}) > 1


def test_attribute_limits_the_maps_to_it(picture: Path, tmp_path: Path) -> None:
    weft_explain(picture, tmp_path, "--attribute", ATTRIBUTE)

    maps = [one for region in record_of(tmp_path)["regions"] for one in region["maps"]]
    assert {one["attribute"] for one in maps} == {ATTRIBUTE}


def test_value_asks_for_a_map_of_it_whatever_the_model_answers(
    picture: Path, tmp_path: Path
) -> None:
    for value in ("red", "white"):
        done = weft_explain(picture, tmp_path / value, "--attribute", ATTRIBUTE, "--value", value)

        assert done.exit_code == 0, done.output
        [region] = record_of(tmp_path / value)["regions"]
        assert {one["value"] for one in region["maps"]} == {value}


def one_line(done: Result) -> str:
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("error: ")
    return lines[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--attribute", "wattage"), "unknown attribute 'wattage'; expected one of "),
        (
            ("--attribute", "base_color"),
            "unknown attribute 'base_color'; did you mean base_colour?",
        ),
        (("--attribute", ATTRIBUTE, "--value", "loud"), "unknown value 'loud' of base_colour"),
        (("--value", "red"), "--value red needs the attribute"),
    ],
)
def test_what_does_not_exist_is_one_clear_line_and_no_record(
    picture: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = weft_explain(picture, tmp_path / "out", *arguments)

    assert message in one_line(done)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
def test_a_bad_picture_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(content)

    assert "bad.jpg" in one_line(weft_explain(bad, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_picture_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    assert "gone.jpg" in one_line(weft_explain(tmp_path / "gone.jpg", tmp_path / "out"))
