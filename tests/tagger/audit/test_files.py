"""A seller's file from end to end, with an untrained network: nothing may stop the batch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ontology.load import load_ontology
from ontology.targets import layout
from tagger.audit.files import audit_files, picture_opener
from tagger.audit.overlays import heat_overlay
from tagger.audit.page import render_page
from tagger.known import Taught
from tagger.loading import half_precision_, save_version
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import Tagger
from tagger.scoring import Calibration

FURNITURE = Path(__file__).parents[2] / "fixtures" / "furniture.yaml"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    ontology = load_ontology(FURNITURE)
    values = {a.id: frozenset(v.id for v in a.values) for a in ontology.attributes}
    leaves = frozenset(ontology.leaves)
    taught = Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )
    torch.manual_seed(4)
    model = AttributeModel(ModelConfig(image_size=64), layout(ontology))
    with torch.no_grad():
        model.branches.bias.normal_(std=3.0)
        model.category.bias[0] += 4.0
    folder = tmp_path_factory.mktemp("version")
    path = save_version(
        folder,
        version="untrained",
        model=half_precision_(model),
        ontology=ontology,
        calibration=Calibration(default_threshold=0.3),
        real=taught,
        rendered=Taught.from_dict(
            {
                "categories": [],
                "values": {},
                "mentioned": {},
                "mentioned_categories": [],
                "carriers": {},
            }
        ),
        describe={"data": [], "training": {}, "metrics": {}},
    )
    return Tagger.load(path, device="cpu")


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        page = np.full((400, 300, 3), 240, dtype=np.uint8)
        page[80:320, 60:240] = random.integers(0, 200, (240, 180, 3))
        Image.fromarray(page).save(folder / f"{name}.jpg", quality=95)
    (folder / "cut.jpg").write_bytes((folder / "a.jpg").read_bytes()[:900])
    return folder


def test_good_and_bad_lines_and_pictures_end_in_one_report(tagger, pictures, tmp_path):
    with Image.open(pictures / "a.jpg") as image:
        [prediction] = tagger.predict([image.convert("RGB")])
    scores = prediction.garments[0].category_scores
    leaf = tagger.ontology.category(min(scores, key=scores.__getitem__))
    table = tmp_path / "listings.csv"
    table.write_text(
        "id,image,image_2,category\n"
        f"1,a.jpg,b.jpg,{leaf.label}\n"
        "2,cut.jpg,../listings.csv,\n"
        "3,a.jpg,,no such thing at all\n"
        "4,x,y,z,too,many\n"
        "5,,,\n"
    )
    report = audit_files(tagger, table, pictures, min_risk=0.0)
    by_id = {one.product_id: one for one in report.listings}
    kinds = {name: {one.kind.value for one in each.findings} for name, each in by_id.items()}

    assert set(by_id) == {"1", "2", "3", "5"}
    assert by_id["1"].claims == {"category": (leaf.id,)}
    assert {"contradicts_picture", "wrong_garment"} & kinds["1"]
    assert sum(one.kind == "unreadable_picture" for one in by_id["2"].findings) == 2
    assert {"unknown_words", "duplicate_picture"} <= kinds["3"]
    assert {"no_picture", "missing_mandatory"} <= kinds["5"]
    assert report.notes == ("listings.csv:5: 6 cells where the header has 4; line left out",)
    json.dumps(report.to_dict())

    page = render_page(
        report,
        open_picture=picture_opener(pictures),
        overlay=heat_overlay(tagger, report, limit=1),
    )
    assert page.count("data:image/jpeg") >= 3
