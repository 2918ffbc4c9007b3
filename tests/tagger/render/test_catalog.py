from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ontology import default_ontology_path, load_ontology, violations
from tagger.dataset import load_description, load_samples
from tagger.render import RenderError, drawable_categories, render_catalog
from tagger.render.catalog import legal
from tagger.render.cloth import Chooser
from tagger.render.wardrobe import WARDROBE

ROOT = Path(__file__).parents[3]
ONTOLOGY = load_ontology(default_ontology_path())
COUNT = 12


def decode(rle):
    height, width = rle["size"]
    counts, at, text = [], 0, rle["counts"]
    while at < len(text):
        value, shift = 0, 0
        while True:
            char = ord(text[at]) - 48
            at += 1
            value |= (char & 0x1F) << shift
            shift += 5
            if not char & 0x20:
                if char & 0x10:
                    value |= -1 << shift
                break
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape((height, width), order="F")


def draw(out: Path, **changes) -> dict:
    arguments = {"count": COUNT, "seed": 4, "image_wh": (240, 320), "outfit_share": 0.5}
    render_catalog(out, ontology=ONTOLOGY, **{**arguments, **changes})
    return json.loads((out / "annotations.json").read_text())


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    out = tmp_path_factory.mktemp("catalog")
    return out, draw(out)


def garments(catalog):
    return [(image, garment) for image in catalog[1]["images"] for garment in image["garments"]]


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def test_same_seed_gives_the_same_bytes_in_two_processes(tmp_path):
    code = (
        "import sys; from pathlib import Path; from ontology import *; "
        "from tagger.render import render_catalog; "
        "render_catalog(Path(sys.argv[1]), count=5, seed=11, image_wh=(180, 240), "
        "ontology=load_ontology(default_ontology_path()))"
    )
    for name, salt in (("a", "1"), ("b", "2")):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / name)],
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": salt, "PYTHONPATH": str(ROOT), "PATH": ""},
        )

    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_another_seed_gives_other_pictures(tmp_path):
    first = draw(tmp_path / "a", count=3, seed=1)
    second = draw(tmp_path / "b", count=3, seed=2)

    assert first["images"] != second["images"]


def test_a_picture_does_not_depend_on_how_many_follow(tmp_path):
    short = draw(tmp_path / "short", count=2)
    long = draw(tmp_path / "long", count=4)

    assert long["images"][:2] == short["images"]
    for name in ("images/000001.jpg", "images/000002.jpg"):
        assert (tmp_path / "short" / name).read_bytes() == (tmp_path / "long" / name).read_bytes()


def test_pictures_exist_in_the_stated_size(catalog):
    out, annotations = catalog

    assert len(annotations["images"]) == COUNT
    for image in annotations["images"]:
        with Image.open(out / image["file"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (240, 320)


def test_every_box_is_that_of_its_mask(catalog):
    for image, garment in garments(catalog):
        mask = decode(garment["mask"])
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        x, y = columns[0], rows[0]
        assert mask.shape == (image["height"], image["width"])
        assert garment["box"] == [x, y, columns[-1] + 1 - x, rows[-1] + 1 - y]


def test_every_part_lies_inside_its_garment(catalog):
    found = garments(catalog)
    for _, garment in found:
        x, y, width, height = garment["box"]
        for part in garment["parts"].values():
            assert part[0] >= x
            assert part[1] >= y
            assert part[0] + part[2] <= x + width
            assert part[1] + part[3] <= y + height
    assert sum(bool(garment["parts"]) for _, garment in found) >= 0.9 * len(found)


def test_the_first_garment_of_a_picture_is_the_primary_one_and_masks_do_not_overlap(catalog):
    outfits = 0
    for image in catalog[1]["images"]:
        assert [g["primary"] for g in image["garments"]] == [True, False][: len(image["garments"])]
        masks = [decode(garment["mask"]) for garment in image["garments"]]
        assert np.sum(masks, axis=0).max() == 1
        outfits += len(masks) == 2
    assert outfits >= 2


def test_no_outfits_when_none_are_wanted(tmp_path):
    annotations = draw(tmp_path, count=6, outfit_share=0.0)

    assert all(len(image["garments"]) == 1 for image in annotations["images"])


def test_missing_share_marks_attributes_but_keeps_the_truth(tmp_path):
    [*_, last] = draw(tmp_path / "all", count=2, missing_share=1.0)["images"]
    [*_, same] = draw(tmp_path / "none", count=2, missing_share=0.0)["images"]

    for with_gaps, without in zip(last["garments"], same["garments"], strict=True):
        assert set(with_gaps["missing"]) == set(with_gaps["attributes"])
        assert without["missing"] == []
        assert with_gaps["attributes"] == without["attributes"]


def test_the_data_set_reader_reads_it_back(catalog):
    out, annotations = catalog
    description = load_description(ROOT / "tagger" / "datasets" / "rendered.yaml")

    samples = load_samples(description, root=out, ontology=ONTOLOGY, split="all")

    assert len(samples) == len(garments(catalog))
    assert {sample.origin for sample in samples} == {"rendered"}
    assert annotations["ontology"] == ONTOLOGY.id


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_everything_that_is_drawn_is_legal(name):
    for seed in range(12):
        drawing = WARDROBE[name](Chooser(ONTOLOGY, name, np.random.default_rng([seed, len(name)])))
        kept = legal(ONTOLOGY, name, dict(drawing.attributes))

        assert drawing.category == name
        assert violations(ONTOLOGY, name, kept) == ()
        assert kept["base_colour"] == drawing.attributes["base_colour"]
        assert kept["pattern"] == drawing.attributes["pattern"]
        applicable = set(ONTOLOGY.applicable(name))
        assert kept == {k: v for k, v in drawing.attributes.items() if k in applicable}


def test_many_kinds_of_garment_can_be_drawn():
    names = drawable_categories(ONTOLOGY)

    assert len(names) >= 40
    assert {"tshirt", "shirt", "kurta", "dress", "jeans", "heels", "handbag"} <= set(names)


def test_every_kind_comes_equally_often(tmp_path):
    names = drawable_categories(ONTOLOGY)
    seen = draw(tmp_path, count=len(names), image_wh=(96, 128), outfit_share=0.0)["images"]

    assert sorted(image["garments"][0]["category"] for image in seen) == sorted(names)


def test_an_ontology_without_garments_is_refused():
    furniture = load_ontology(ROOT / "tests" / "fixtures" / "furniture.yaml")

    with pytest.raises(RenderError, match="can be drawn"):
        drawable_categories(furniture)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"count": 0}, "0 pictures"),
        ({"seed": -1}, "seed"),
        ({"image_wh": (10, 200)}, "size"),
        ({"missing_share": 1.5}, "missing_share"),
        ({"outfit_share": -0.1}, "outfit_share"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_written(tmp_path, changes, reason):
    with pytest.raises(RenderError, match=reason):
        draw(tmp_path / "out", **changes)

    assert not (tmp_path / "out").exists()


def test_progress_is_told_after_every_picture(tmp_path):
    steps = []

    draw(tmp_path, count=3, progress=steps.append)

    assert steps == [1, 2, 3]
