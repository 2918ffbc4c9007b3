"""`weft suspects` on a folder of classes, with embeddings in place of a network's."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from backend.cli import app
from ontology.load import default_ontology_path, load_ontology
from tagger import scored
from tagger.dataset import Sample
from tagger.pipeline import Tagger

DESCRIPTION = """
format: 1
name: small
kind: folder
ontology: fashion
root: pictures
licence: none
split: {by: folder, folders: {train: train}}
category:
  labels:
    pants: [trousers, jeans]
    shirt: [shirt]
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("pants", "shirt"):
        folder = tmp_path / "pictures" / "train" / name
        folder.mkdir(parents=True)
        for number in range(60):
            (folder / f"{name}-{number}.jpg").write_text(f"{name}{number}")
    (tmp_path / "pictures/train/shirt/pants-in-disguise.jpg").touch()
    (tmp_path / "pictures/train/shirt/broken.jpg").touch()
    path = tmp_path / "small.yaml"
    path.write_text(DESCRIPTION, encoding="utf-8")
    random = np.random.default_rng(0)

    def score(
        _tagger: Any, samples: Sequence[Sample], *, watch: Callable[[int, int], None]
    ) -> SimpleNamespace:
        watch(len(samples), len(samples))
        kept = [one for one in samples if one.image.stem != "broken"]
        looks = [
            np.eye(2)[int(one.image.name.startswith("pants"))] * 3 + random.normal(0, 0.3, 2)
            for one in kept
        ]
        return SimpleNamespace(
            samples=kept, embedding=np.stack(looks), unreadable=("broken.jpg: no picture",)
        )

    version = SimpleNamespace(ontology=load_ontology(default_ontology_path()))
    monkeypatch.setattr(Tagger, "load", lambda *_given, **_options: version)
    monkeypatch.setattr(scored, "score_samples", score)
    return path


def suspects(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["suspects", "--data", str(data), *arguments])


def test_the_riskiest_label_comes_first_with_where_to_look(data: Path) -> None:
    done = suspects(data, "--limit", "3")

    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 3
    assert (rows[0]["said"], rows[0]["seen"]) == ("shirt", "jeans|trousers")
    assert Path(rows[0]["picture"]).name == "pants-in-disguise.jpg"
    assert Path(rows[0]["picture"]).is_file()


def test_what_was_searched_and_what_could_not_be_read_is_said(data: Path) -> None:
    done = suspects(data, "--limit", "3")

    assert done.exit_code == 1
    assert "broken.jpg: no picture; left out" in done.stderr
    assert "122 of 122" in done.stderr
    assert "121 garments, labels judged: 121 of category; named are the 3 riskiest" in done.stderr


def test_too_few_labels_are_one_clear_line(data: Path) -> None:
    for picture in (data.parent / "pictures/train/shirt").iterdir():
        picture.unlink()

    done = suspects(data)

    assert done.exit_code == 2
    assert "50 labels of two kinds" in done.stderr.splitlines()[-1]
