"""A tiny catalog of lamps, so that nothing here depends on a trade."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ontology.load import parse_ontology
from ontology.model import Ontology
from tagger.dataset import DatasetDescription, load_description

LAMPS = """
format: 1
id: lamps
version: "1"
label: Lamps
categories:
  - id: lamp
    label: Lamp
    children:
      - {id: desk_lamp, label: Desk lamp, aliases: [desk light]}
      - {id: floor_lamp, label: Floor lamp}
      - {id: lantern, label: Lantern}
      - {id: torch, label: Torch}
attributes:
  - id: shade
    label: Shade
    kind: exclusive
    applies_to: [desk_lamp, floor_lamp, lantern]
    values:
      - {id: cone, label: Cone}
      - {id: drum, label: Drum}
      - {id: globe, label: Globe}
      - {id: pleated, label: Pleated, only_for: [floor_lamp]}
  - id: power
    label: Power
    kind: multiple
    applies_to: [lamp]
    values:
      - {id: mains, label: Mains}
      - {id: battery, label: Battery}
      - {id: solar, label: Solar}
  - id: stand
    label: Stand
    kind: exclusive
    applies_to: [desk_lamp, floor_lamp]
    values:
      - {id: clamp, label: Clamp, only_for: [desk_lamp]}
      - {id: tripod, label: Tripod, only_for: [floor_lamp]}
      - {id: base, label: Base}
"""


@pytest.fixture(scope="session")
def lamps() -> Ontology:
    return parse_ontology(LAMPS, file="lamps.yaml")


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """Write a small picture; another shade makes other bytes."""

    def write(name: str, shade: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 12), (shade % 256, shade // 256, 0)).save(path)
        return path

    return write


@pytest.fixture
def describe(tmp_path: Path) -> Callable[[str], DatasetDescription]:
    """Read a description whose root is the test's folder."""

    def read(text: str) -> DatasetDescription:
        path = tmp_path / "set.yaml"
        head = "format: 1\nname: set\nontology: lamps\nroot: .\nlicence: none\n"
        path.write_text(head + textwrap.dedent(text))
        return load_description(path)

    return read
