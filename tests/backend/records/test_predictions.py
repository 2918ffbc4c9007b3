"""Lines of `weft predict` as evidence for records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend.records.predictions import read_predictions
from tests.backend.ledger.support import recorded_ontology

ANSWER = {"value": "striped", "score": 0.9}


def line(image: str = "a.jpg", **changes: Any) -> dict[str, Any]:
    region = {
        "id": "r",
        "box": [0, 0, 10, 10],
        "category": "shirt",
        "category_score": 0.9,
        "attributes": {"pattern": [ANSWER]},
    }
    return {"image": image, "model_version": "v1", "regions": [region | changes]}


def read(path: Path, *lines: Any) -> tuple[list[dict[str, Any]], list[str]]:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    path.write_text(text, encoding="utf-8")
    return read_predictions(path, recorded_ontology())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"category": "shrit"}, "unknown category 'shrit'; did you mean shirt?"),
        ({"attributes": {"patern": []}}, "unknown attribute 'patern'; did you mean pattern?"),
        (
            {"attributes": {"pattern": [ANSWER, {"value": "bogus", "score": 0.9}]}},
            "unknown value 'bogus' of pattern; expected one of ",
        ),
    ],
)
def test_a_line_with_an_id_that_the_ontology_has_not_is_named_and_left_out(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    found, (fault,) = read(tmp_path / "p.jsonl", line(), line("b.jpg", **changes), line("c.jpg"))

    assert [one["image"] for one in found] == ["a.jpg", "c.jpg"]
    assert fault.startswith(f"{tmp_path}/p.jsonl:2: {reason}")
    assert fault.endswith("; line left out")


@pytest.mark.parametrize(
    "changes",
    [
        {"box": [0, 0, 10]},
        {"box": ["0", 0, 10, 10]},
        {"category": 5},
        {"category_score": "high"},
        {"category_score": float("nan")},
        {"attributes": {"pattern": [{"value": "striped", "score": 97}]}},
        {"attributes": []},
        {"attributes": {"pattern": "striped"}},
        {"attributes": {"pattern": [{"value": "striped"}]}},
        {"attributes": {"pattern": [{"value": ["striped"], "score": 0.9}]}},
    ],
)
def test_a_line_of_another_shape_is_named_and_left_out(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    found, (fault,) = read(tmp_path / "p.jsonl", line(**changes), "", line("b.jpg"))

    assert [one["image"] for one in found] == ["b.jpg"]
    assert ":1: expected `regions`" in fault


@pytest.mark.parametrize(
    "bad", ["not json", "[]", '{"image": 5}', '{"regions": []}', "[" * 100_000], ids=range(5)
)
def test_what_is_no_line_is_named_and_left_out(tmp_path: Path, bad: str) -> None:
    found, (fault,) = read(tmp_path / "p.jsonl", line(), bad)

    assert len(found) == 1
    assert f"{tmp_path}/p.jsonl:2: " in fault


def test_bytes_that_are_no_text_cost_their_own_line_only(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf" + json.dumps(line()).encode() + b"\n\xff\n" + json.dumps(line()).encode()
    )

    found, (fault,) = read_predictions(path, recorded_ontology())

    assert len(found) == 2
    assert "p.jsonl:2: " in fault


def test_a_picture_without_regions_is_a_line(tmp_path: Path) -> None:
    found, faults = read(tmp_path / "p.jsonl", {"image": "a.jpg", "error": "cannot be read"})

    assert (len(found), faults) == (1, [])
