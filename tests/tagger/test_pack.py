"""A pack stands for the descriptions it was made from, and a damaged one is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter

from ontology.load import parse_ontology
from ontology.model import Ontology
from tagger.data_sets import DataSets, TrainingError, load_data
from tagger.dataset import Sample
from tagger.found_boxes import find_boxes
from tagger.images import ImageError
from tagger.pack import PackError, load_pack
from tagger.pack_writer import PackReport, write_pack
from tagger.training_set import Augmentation, GarmentSet, encode_targets

FOLDERS = """
format: 1
name: photos
kind: folder
ontology: lamps
root: photos
licence: CC0-1.0
source: somewhere
pixel_aspect: 0.75
split: {by: content, validation_share: 0.3}
category:
  labels: {desk: [desk_lamp], floor: [floor_lamp, lantern]}
implies:
  category:
    desk: {stand: [clamp, base]}
"""
STREET = """
format: 1
name: street
kind: coco
ontology: lamps
root: street
annotations: street.json
licence: MIT
split: {by: content, validation_share: 0.3}
category:
  labels: {desk: [desk_lamp], floor: [floor_lamp]}
attributes:
  shade: {labels: {round: [globe, drum], pleated: [pleated]}, na: [none], cannot_tell: [dark]}
"""


def draw(path: Path, *, seed: int, wide: int, high: int) -> None:
    """Paint soft shapes on a plain ground, so that crops differ wherever they are cut."""
    paint = np.random.default_rng(seed)
    image = Image.new("RGB", (wide, high), (225, 228, 224))
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = paint.uniform(0.2, 0.7) * wide, paint.uniform(0.2, 0.7) * high
        colour = tuple(int(level) for level in paint.integers(0, 256, 3))
        pen.ellipse((x, y, x + wide * 0.15, y + high * 0.15), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.filter(ImageFilter.GaussianBlur(3)).save(path)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two descriptions with pictures: one garment a picture, and several with boxes."""
    folder = tmp_path_factory.mktemp("described")
    for number in range(20):
        name = "desk" if number % 2 else "floor"
        draw(folder / "photos" / name / f"{number}.png", seed=number, wide=150, high=200)
    annotations = []
    for number in range(16):
        draw(folder / "street" / f"{number}.png", seed=100 + number, wide=300, high=200)
        for part in range(2):
            box = [30 + 120 * part, 10 + 3 * number, 90, 120]
            words = {"shade": ("round", "pleated", "none", "dark")[number % 4]}
            annotations.append(
                {
                    "id": 2 * number + part,
                    "image_id": number,
                    "category_id": part,
                    "bbox": box,
                    "attributes": words,
                }
            )
    plain = {
        "categories": [{"id": 0, "name": "desk"}, {"id": 1, "name": "floor"}],
        "images": [{"id": n, "file_name": f"{n}.png"} for n in range(16)],
        "annotations": annotations,
    }
    (folder / "street" / "street.json").write_text(json.dumps(plain))
    paths = [folder / "photos.yaml", folder / "street.yaml"]
    for path, text in zip(paths, (FOLDERS, STREET), strict=True):
        path.write_text(text)
    return paths


@pytest.fixture(scope="module")
def boxes(described: list[Path]) -> Path:
    """Keep found boxes for all tests: looking starts processes."""
    return described[0].with_name("boxes.json")


@pytest.fixture(scope="module")
def packed(
    described: list[Path], boxes: Path, lamps: Ontology, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, PackReport]:
    work = tmp_path_factory.mktemp("packed")
    report = write_pack(
        work / "all.pack",
        described,
        ontology=lamps,
        boxes=boxes,
        side=96,
        quality=90,
    )
    return work / "all.pack", report


@pytest.fixture
def copy(packed: tuple[Path, PackReport], tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(packed[0], tmp_path / "copy.pack"))


def both(described: list[Path], pack: Path, lamps: Ontology) -> tuple[DataSets, DataSets]:
    return load_data(described, lamps), load_data([pack], lamps)


def all_samples(sets: DataSets) -> list[Sample]:
    return [*sets.training, *(s for held in sets.validation.values() for s in held)]


def test_a_pack_gives_the_same_samples_and_identical_targets(
    described: list[Path], packed: tuple[Path, PackReport], lamps: Ontology
) -> None:
    files, pack = (all_samples(sets) for sets in both(described, packed[0], lamps))

    def plain(samples: list[Sample]) -> list[tuple[object, ...]]:
        return [
            (s.id, s.group, s.split, s.origin, s.source_labels, s.rivals, s.label, s.box is None)
            for s in samples
        ]

    assert plain(pack) == plain(files)
    assert len(pack) == packed[1].num_samples == 52
    one, two = encode_targets(lamps, files), encode_targets(lamps, pack)
    for name in ("category", "values", "any_of", "not_applicable", "weights"):
        assert torch.equal(getattr(one, name), getattr(two, name)), name


@pytest.mark.parametrize(
    ("augmentation", "size"),
    [
        (None, 96),
        (None, 80),
        (Augmentation(light=0.0), 80),
    ],
)
def test_crops_from_a_pack_are_nearly_those_of_the_files(
    described: list[Path],
    packed: tuple[Path, PackReport],
    boxes: Path,
    lamps: Ontology,
    augmentation: Augmentation | None,
    size: int,
) -> None:
    """Shifts, other scales and whole pictures included: the surroundings are real ones."""
    files, pack = (all_samples(sets) for sets in both(described, packed[0], lamps))
    served = [
        GarmentSet(
            samples,
            find_boxes(samples, cache=boxes),
            size=size,
            augmentation=augmentation,
        )
        for samples in (files, pack)
    ]

    differences = [
        np.abs(served[0][at, draw][0].int().numpy() - served[1][at, draw][0].int().numpy()).mean()
        for at in range(len(files))
        for draw in (1, 2, 3)
    ]

    assert float(np.mean(differences)) < 2.0
    assert float(np.max(differences)) < 6.0


def test_boxes_of_a_pack_need_no_search(
    packed: tuple[Path, PackReport], lamps: Ontology, tmp_path: Path
) -> None:
    samples = load_pack(packed[0], lamps).samples["photos"]

    boxes = find_boxes(samples, cache=tmp_path / "boxes.json")

    assert boxes == [sample.garment for sample in samples]
    assert not (tmp_path / "boxes.json").exists()


def test_a_picture_that_two_sets_share_is_stored_once(
    described: list[Path], boxes: Path, lamps: Ontology, tmp_path: Path
) -> None:
    again = described[0].with_name("again.yaml")
    again.write_text(FOLDERS.replace("name: photos", "name: again"))

    report = write_pack(tmp_path / "two.pack", [described[0], again], ontology=lamps, boxes=boxes)
    pack = load_pack(tmp_path / "two.pack", lamps)

    assert (report.num_samples, report.num_pictures) == (40, 20)
    places = [{(s.packed, s.image) for s in pack.samples[name]} for name in ("photos", "again")]
    assert places[0] == places[1]


def test_the_index_says_whose_pictures_they_are_and_git_leaves_them_out(
    packed: tuple[Path, PackReport], described: list[Path], lamps: Ontology
) -> None:
    directory, report = packed
    index = json.loads((directory / "index.json").read_text())

    assert [(one["name"], one["licence"]) for one in index["sets"]] == [
        ("photos", "CC0-1.0"),
        ("street", "MIT"),
    ]
    assert (directory / ".gitignore").read_text() == "*\n"
    assert report.num_bytes == sum(path.stat().st_size for path in directory.iterdir())
    assert str(described[0].parent) not in (directory / "index.json").read_text()
    descriptions = load_pack(directory, lamps).descriptions
    assert descriptions[0].vocabulary("category")["floor"] == {"floor_lamp", "lantern"}


def test_the_quality_is_lowered_until_the_pack_fits(
    described: list[Path],
    packed: tuple[Path, PackReport],
    boxes: Path,
    lamps: Ontology,
    tmp_path: Path,
) -> None:
    limit = int(packed[1].num_bytes * 0.7)

    report = write_pack(
        tmp_path / "small.pack",
        described,
        ontology=lamps,
        boxes=boxes,
        side=96,
        max_bytes=limit,
    )

    assert report.num_bytes <= limit
    assert report.quality < 90
    assert load_pack(tmp_path / "small.pack", lamps).quality == report.quality


@pytest.mark.parametrize("quality", [None, 60])
def test_what_cannot_fit_is_refused_and_leaves_nothing(
    described: list[Path], boxes: Path, lamps: Ontology, tmp_path: Path, quality: int | None
) -> None:
    with pytest.raises(
        PackError, match=r"52 pictures .* 2000 are allowed; ask for a smaller --side"
    ):
        write_pack(
            tmp_path / "out" / "small.pack",
            described,
            ontology=lamps,
            boxes=boxes,
            quality=quality,
            max_bytes=2000,
        )

    out = tmp_path / "out"
    assert not out.exists() or list(out.iterdir()) == []


def test_an_existing_directory_is_not_written_over(
    described: list[Path], packed: tuple[Path, PackReport], boxes: Path, lamps: Ontology
) -> None:
    with pytest.raises(PackError, match="exists already"):
        write_pack(packed[0], described, ontology=lamps, boxes=boxes)


@pytest.mark.parametrize("name", ["index.json", "samples.json.gz", "pictures-000.bin"])
@pytest.mark.parametrize("damage", ["flipped", "short", "missing"])
def test_a_damaged_pack_is_refused_in_one_line(
    copy: Path, lamps: Ontology, name: str, damage: str
) -> None:
    path = copy / name
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "short":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    with pytest.raises(PackError) as caught:
        load_pack(copy, lamps)

    assert len(str(caught.value).splitlines()) == 1
    assert "copy.pack" in str(caught.value)


def test_another_ontology_than_that_of_the_pack_is_refused(
    packed: tuple[Path, PackReport], lamps: Ontology
) -> None:
    other = parse_ontology(lamps.source.replace("Pleated", "Folded"), file="other.yaml")

    with pytest.raises(PackError, match="was packed with ontology lamps 1"):
        load_pack(packed[0], other)


def test_wanted_sets_are_taken_from_a_pack_by_name(
    described: list[Path], packed: tuple[Path, PackReport], lamps: Ontology
) -> None:
    sets = load_data([packed[0]], lamps, only={"street"})

    assert [one.name for one in sets.descriptions] == ["street"]
    with pytest.raises(TrainingError, match="no data set is called 'lobby'"):
        load_data([packed[0]], lamps, only={"street", "lobby"})
    with pytest.raises(TrainingError, match="'photos' is given twice"):
        load_data([packed[0], described[0]], lamps)


def test_a_stored_picture_without_its_shard_is_an_error_of_that_picture(
    packed: tuple[Path, PackReport], lamps: Ontology, tmp_path: Path
) -> None:
    sample = load_pack(packed[0], lamps).samples["photos"][0]
    assert sample.packed is not None
    gone = replace(sample, packed=replace(sample.packed, file=tmp_path / "gone.bin"))

    with pytest.raises(ImageError, match=r"gone.bin: cannot be read"):
        gone.open()
