"""A tiny catalog of lamps, so that nothing here depends on a trade."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
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


BULBS = """
format: 1
name: bulbs
kind: folder
ontology: lamps
root: .
licence: none
split: {by: folder, folders: {train: train, validation: validation}}
category:
  labels: {desk: [desk_lamp], floor: [floor_lamp]}
implies:
  category:
    desk: {stand: [clamp]}
    floor: {stand: [tripod]}
"""


@pytest.fixture(scope="session")
def write_bulbs() -> Callable[..., Path]:
    """Write pictures and their description: desk lamps are dark, floor lamps are bright."""

    def write(folder: Path, *, train: int, validation: int) -> Path:
        random = np.random.default_rng(0)
        for split, count in (("train", train), ("validation", validation)):
            for name, level in (("desk", 40), ("floor", 210)):
                (folder / split / name).mkdir(parents=True)
                for number in range(count):
                    pixels = (level + random.integers(-30, 30, (60, 60, 3))).astype(np.uint8)
                    Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
        path = folder / "bulbs.yaml"
        path.write_text(BULBS)
        return path

    return write


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
