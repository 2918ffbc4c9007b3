"""Pictures on disk as samples of a made-up data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from ontology.labels import GarmentLabel
from tagger.dataset import Sample


def _draw(path: Path) -> None:
    image = Image.new("RGB", (100, 100), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 30, 69, 79), fill=(30, 60, 160), outline=(10, 20, 60), width=2)
    image.save(path)


@pytest.fixture
def sample_of(tmp_path: Path) -> Callable[..., Sample]:
    """Give a sample of a picture with a blue square at 20..70, 30..80 on white."""

    def make(key: str, **changes: Any) -> Sample:
        path = tmp_path / f"{key}.png"
        if not path.exists():
            _draw(path)
        plain = Sample(
            id=f"made-up/{key}",
            image=path,
            group=key,
            split="train",
            aspect=1.0,
            box=None,
            mask=None,
            source_labels={},
            rivals={},
            label=GarmentLabel(),
            origin="real",
        )
        return dataclasses.replace(plain, **changes)

    return make
