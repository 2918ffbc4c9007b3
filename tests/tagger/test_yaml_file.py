from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from ontology.errors import CatalogError
from tagger.yaml_file import read_mapping, validated


class ShelfError(CatalogError):
    """Shelves are wrong."""


class Shelf(BaseModel):
    name: str
    boards: int
    file: Path


def read(path: Path) -> Shelf:
    document = read_mapping(path, what="shelf", keys="name and boards", fault=ShelfError)
    return validated(Shelf, document, fault=ShelfError, besides={"file": path})


def test_a_file_is_read_with_what_it_does_not_say_itself(tmp_path):
    path = tmp_path / "shelf.yaml"
    path.write_text("name: low\nboards: 3\n")

    assert read(path) == Shelf(name="low", boards=3, file=path)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: low\nboards: many\n", r"shelf\.yaml:2: boards: input should be a valid integer"),
        ("- name\n", r"shelf\.yaml:1: expected keys such as name and boards"),
        ("name: [low\n", r"shelf\.yaml:\d"),
        ("name: low\nname: high\nboards: 3\n", r"shelf\.yaml:2"),
    ],
)
def test_a_fault_names_file_line_and_field(tmp_path, text, fault):
    path = tmp_path / "shelf.yaml"
    path.write_text(text)

    with pytest.raises(ShelfError, match=fault):
        read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ShelfError, match=r"gone\.yaml: cannot read the shelf"):
        read(tmp_path / "gone.yaml")
