"""What is stored of a picture shows all that varied crops of the file would show."""

from __future__ import annotations

import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ontology.labels import GarmentLabel
from ontology.load import default_ontology_path, load_ontology
from tagger.boxes import PixelBox
from tagger.crops import CropJitter, cut
from tagger.dataset import Sample, load_description, load_samples, shipped_descriptions
from tagger.pack_pictures import reach, store


def sample(path: Path, *, box: PixelBox | None, aspect: float = 1.0) -> Sample:
    return Sample(
        id="set/1",
        image=path,
        group="1",
        split="train",
        aspect=aspect,
        box=box,
        mask=None,
        source_labels={},
        rivals={},
        label=GarmentLabel(),
        origin="real",
    )


@pytest.fixture
def slope(tmp_path: Path) -> Path:
    """A picture whose colour says where in it one is; it is never white."""
    x, y = np.meshgrid(np.linspace(0, 200, 400), np.linspace(0, 200, 600))
    path = tmp_path / "slope.png"
    Image.fromarray(np.stack([x, y, 100 + 0 * x], axis=2).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("aspect", [1.0, 0.75])
@pytest.mark.parametrize(
    "box",
    [
        PixelBox(x0=150, y0=200, x1=250, y1=400),
        PixelBox(x0=150, y0=290, x1=250, y1=300),
        PixelBox(x0=0, y0=0, x1=60, y1=600),
        PixelBox(x0=330, y0=560, x1=400, y1=600),
        None,
    ],
)
def test_crops_varied_as_far_as_training_goes_are_those_of_the_file(
    slope: Path, box: PixelBox | None, aspect: float
) -> None:
    asked = sample(slope, box=box, aspect=aspect)
    garment = box or PixelBox(x0=150, y0=200, x1=250, y1=400)
    stored = store(asked, garment, side=96)
    file, most = asked.open(), reach()

    for scale, dx, dy, change in product(
        (0.6, most["scale"]), *[(-most["shift"], most["shift"])] * 2, (-most["aspect"], 0.15)
    ):
        jitter = CropJitter(scale=scale, shift_xy=(dx, dy))
        one = cut(file, garment, size=96, aspect=aspect * (1 + change), jitter=jitter)
        two = cut(
            stored.image, stored.box, size=96, aspect=stored.aspect * (1 + change), jitter=jitter
        )
        differences = np.abs(one.astype(int) - two)
        assert differences.mean() < 3.0, (scale, dx, dy, change)


def test_a_garment_is_stored_at_the_side_and_never_larger_than_in_the_file(slope: Path) -> None:
    box = PixelBox(x0=100, y0=200, x1=300, y1=400)

    small, large = (store(sample(slope, box=box), box, side=side) for side in (112, 1000))

    assert small.box.width == pytest.approx(100, abs=1)  # the margin takes the rest
    assert large.box.width == pytest.approx(200)


def test_a_tiny_garment_keeps_enough_to_be_read(slope: Path) -> None:
    box = PixelBox(x0=397, y0=597, x1=399, y1=599)

    stored = store(sample(slope, box=box), box, side=64)

    assert min(stored.image.size) >= 8


@pytest.mark.slow
def test_compressed_street_garments_are_nearly_those_of_the_files() -> None:
    description = load_description(shipped_descriptions()["ccp"])
    if not description.default_root.is_dir():
        pytest.skip(f"no pictures at {description.default_root}")
    samples = load_samples(description, ontology=load_ontology(default_ontology_path()))
    differences = []
    for one in samples[:: len(samples) // 40]:
        assert one.box is not None
        stored, stream = store(one, one.box, side=208), io.BytesIO()
        stored.image.save(stream, "WEBP", quality=28)
        file = cut(one.open(), one.box, size=176, aspect=one.aspect)
        pack = cut(Image.open(stream), stored.box, size=176, aspect=stored.aspect)
        differences.append(np.abs(file.astype(int) - pack).mean())

    assert np.mean(differences) < 6.0
