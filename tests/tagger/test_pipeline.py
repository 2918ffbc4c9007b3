"""The pipeline with an untrained network: whatever it says must be legal and stable."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from ontology.decode import violations
from ontology.load import load_ontology, parse_ontology
from ontology.targets import layout
from tagger.boxes import PixelBox
from tagger.detect.classes import CoarseClasses
from tagger.detect.serving import Detection
from tagger.known import Taught
from tagger.loading import half_precision_, save_version
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import Tagger
from tagger.predictions import predict_files
from tagger.registry import ModelStoreError
from tagger.scored import score_samples
from tagger.scoring import Calibration
from tests.tagger.corrected import NOTHING

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"


def _everything(ontology):
    values = {a.id: frozenset(v.id for v in a.values) for a in ontology.attributes}
    leaves = frozenset(ontology.leaves)
    return Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )


def _version(folder, *, real, rendered=NOTHING, default_threshold=0.3, street=None, ontology=None):
    ontology = ontology or load_ontology(FURNITURE)
    torch.manual_seed(4)
    model = AttributeModel(ModelConfig(image_size=64), layout(ontology))
    with torch.no_grad():
        model.branches.bias.normal_(std=3.0)
    return save_version(
        folder,
        version="untrained",
        model=half_precision_(model),
        ontology=ontology,
        calibration=Calibration(default_threshold=default_threshold, street=street or {}),
        real=real,
        rendered=rendered,
        describe={"data": [], "training": {}, "metrics": {}},
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return _version(tmp_path_factory.mktemp("models"), real=_everything(load_ontology(FURNITURE)))


@pytest.fixture(scope="module")
def tagger(directory):
    return Tagger.load(directory, device="cpu")


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    return [
        Image.fromarray(random.integers(0, 256, (90 + 10 * n, 80, 3), dtype=np.uint8))
        for n in range(5)
    ]


def test_every_answer_is_legal_and_complete(tagger, images):
    answers = tagger.predict(images)

    shown = 0
    for image, answer in zip(images, answers, strict=True):
        assert answer.image_wh == image.size
        assert sum(garment.primary for garment in answer.garments) == 1
        for garment in answer.garments:
            values = {name: [a.value for a in cell] for name, cell in garment.attributes.items()}
            shown += sum(map(len, values.values()))
            assert violations(tagger.ontology, garment.category, values) == ()
            assert set(values) == set(tagger.ontology.applicable(garment.category))
            for name, scores in garment.scores.items():
                assert set(scores) == set(tagger.ontology.allowed(garment.category, name))
    assert shown > 0


def test_a_picture_gets_the_same_answer_alone_and_in_a_batch(tagger, images):
    together = tagger.predict(images)

    for image, expected in zip(images, together, strict=True):
        alone = tagger.predict([image])[0]
        for ours, theirs in zip(alone.garments, expected.garments, strict=True):
            assert (ours.id, ours.category) == (theirs.id, theirs.category)
            assert ours.category_score == pytest.approx(theirs.category_score, abs=1e-4)


def test_a_picture_and_its_mirror_image_get_the_same_scores(tagger, images):
    unpadded = images[:2]  # padding is rounded to whole pixels, so not quite symmetric
    turned = [ImageOps.mirror(image) for image in unpadded]

    for ours, theirs in zip(
        tagger.predict(unpadded, regions="whole"),
        tagger.predict(turned, regions="whole"),
        strict=True,
    ):
        (one,), (other,) = ours.garments, theirs.garments
        assert one.category == other.category
        assert one.category_score == pytest.approx(other.category_score, abs=1e-4)


def test_no_pictures_give_no_answers(tagger):
    assert tagger.predict([]) == []


def test_a_drawn_box_is_described_where_it_was_drawn(tagger, images):
    box = PixelBox(x0=10, y0=12, x1=60, y1=70)

    (garment,) = tagger.tag(images[0], [box])

    assert garment.box == box
    assert garment.category in tagger.ontology.leaves


class _SeesFurniture:
    """A detector that sees two garments of any class in every picture."""

    def __init__(self, leaves):
        self.classes = CoarseClasses(leaves={"any": leaves})

    def detect(self, image, **how):
        boxes = (PixelBox(x0=0, y0=0, x1=50, y1=60), PixelBox(x0=20, y0=30, x1=80, y1=90))
        return [
            Detection(box=box, name="any", leaves=self.classes.leaves["any"], score=0.9, mask=None)
            for box in boxes
        ]


def test_what_a_picture_hardly_shows_stays_blank_in_a_street_photograph(tmp_path, images):
    text = FURNITURE.read_text("utf-8")
    head = "    label: Material\n    kind: exclusive\n"
    assert text.count(head) == 1
    ontology = parse_ontology(
        text.replace(head, f"{head}    weakly_visible: true\n"), file="f.yaml"
    )
    path = _version(tmp_path, real=_everything(ontology), default_threshold=0.0, ontology=ontology)
    tagger = Tagger.load(path, device="cpu")
    (only_one,) = tagger.predict(images[:1])[0].garments
    tagger.detector = _SeesFurniture(frozenset({"chair"}))

    street = tagger.predict(images[:1])[0].garments
    by_hand = tagger.tag(images[0], [garment.box for garment in street])

    assert all(ontology.applies(garment.category, "material") for garment in street)
    for garment in street:
        assert garment.attributes["material"] == ()
        assert garment.attributes["colour"]
        assert set(garment.scores["material"]) == set(
            ontology.allowed(garment.category, "material")
        )
    assert only_one.attributes["material"]
    assert all(garment.attributes.get("material", True) for garment in by_hand)


def test_a_street_photograph_has_to_reach_its_own_thresholds(tmp_path, images):
    path = _version(
        tmp_path,
        real=_everything(load_ontology(FURNITURE)),
        default_threshold=0.0,
        street={"colour": 1.0},
    )
    tagger = Tagger.load(path, device="cpu")
    (only_one,) = tagger.predict(images[:1])[0].garments
    tagger.detector = _SeesFurniture(frozenset({"chair"}))

    street = tagger.predict(images[:1])[0].garments
    by_hand = tagger.tag(images[0], [garment.box for garment in street])

    assert only_one.attributes["colour"]
    assert all(garment.attributes["colour"] == () for garment in (*street, *by_hand))
    assert all(garment.attributes["material"] for garment in (*street, *by_hand))


@pytest.mark.parametrize("box", [None, PixelBox(x0=10, y0=10, x1=60, y1=80)])
def test_samples_of_street_photographs_are_scored_as_such(directory, images, box):
    tagger = Tagger.load(directory, device="cpu")
    plain = Image.new("RGB", (80, 90), "white")
    plain.paste((20, 60, 120), (30, 30, 50, 60))
    samples = [
        SimpleNamespace(
            id=str(at), open=lambda image=image: image, box=box, garment=box, aspect=1.0
        )
        for at, image in enumerate([images[0], plain])
    ]

    without_detector = score_samples(tagger, samples).seen_in_street()
    tagger.detector = _SeesFurniture(frozenset({"chair"}))
    with_detector = score_samples(tagger, samples).seen_in_street()

    assert without_detector.tolist() == [False, False]
    assert with_detector.tolist() == [True, False]


def test_what_only_rendered_pictures_taught_is_shown_on_request_only(tmp_path, images):
    ontology = load_ontology(FURNITURE)
    path = _version(tmp_path, real=NOTHING, rendered=_everything(ontology))
    tagger = Tagger.load(path, device="cpu")

    def count(*, show_rendered):
        garments = [
            g for p in tagger.predict(images, show_rendered=show_rendered) for g in p.garments
        ]
        return sum(len(cell) for g in garments for cell in g.attributes.values())

    assert count(show_rendered=False) == 0
    assert count(show_rendered=True) > 0


def test_files_are_described_and_bad_ones_keep_their_reason(tagger, images, tmp_path):
    images[0].save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"not a picture")
    images[1].save(tmp_path / "c.png")

    records = list(predict_files(tagger, [tmp_path]))

    assert [Path(record["image"]).name for record in records] == ["a.png", "b.jpg", "c.png"]
    assert "error" in records[1]
    assert records[0]["regions"][0]["category"] in tagger.ontology.leaves
    assert records[2]["width"] == images[1].width


def test_weights_that_do_not_fit_are_refused(directory, tmp_path):
    import json
    import shutil

    copy = tmp_path / "other"
    shutil.copytree(directory, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["model"]["branch_width"] += 8
    (copy / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(ModelStoreError, match="do not fit"):
        Tagger.load(copy)
