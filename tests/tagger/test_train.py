"""From a described folder of pictures to a served version and its evaluation."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import torch

from ontology.decode import violations
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.targets import layout
from tagger.data_sets import TrainingError, load_data
from tagger.dataset import load_description
from tagger.evaluate import evaluate
from tagger.loading import load_model
from tagger.loop_config import LoopConfig
from tagger.model import ModelConfig
from tagger.pipeline import Tagger
from tagger.recalibrate import average_, recalibrate
from tagger.registry import MANIFEST, WEIGHTS, verify
from tagger.scored import decode_samples, score_samples
from tagger.train import TrainConfig, train
from tagger.training_set import encode_targets
from tagger.weighting import MAX_VALUE_FACTOR, count_weights, draw_weights

CONFIG = TrainConfig(
    model=ModelConfig(image_size=48, dropout=0.0),
    loop=LoopConfig(epochs=8, batch_size=8, crop_size=48, workers=0, ema_decay=0.9),
)


@pytest.fixture(scope="module")
def bulbs(write_bulbs, tmp_path_factory):
    """Forty pictures: desk lamps are dark, floor lamps are bright."""
    return write_bulbs(tmp_path_factory.mktemp("bulbs"), train=14, validation=6)


@pytest.fixture(scope="module")
def version(bulbs, lamps, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    return train(
        lamps,
        [bulbs],
        config=CONFIG,
        runs=work / "runs",
        versions=work / "models",
        device="cpu",
        clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_training_writes_a_whole_version_with_its_metrics(version):
    manifest = verify(version)

    assert manifest.version.startswith("lamps-20260102-")
    assert manifest.taught["real"]["categories"] == ["desk_lamp", "floor_lamp"]
    assert manifest.metrics["bulbs"]["category"]["n"] == 12
    assert manifest.data[0]["name"] == "bulbs"
    assert not list(version.glob("*.p*t"))


def test_a_trained_version_knows_dark_from_bright(version, bulbs):
    report = evaluate(Tagger.load(version, device="cpu"), load_description(bulbs))

    assert report["category"]["top1_accuracy"] >= 0.9
    assert set(report["category"]["confusion"]) == {"desk", "floor"}
    assert report["category"]["ece"] is None
    assert report["category"]["coverage_at_error"] == {"0.02": None, "0.05": None, "0.10": None}
    assert sum(answers for _, answers, _ in report["category"]["wrong_by_score"]["bands"]) == 12
    assert report["labelled_by"] == "source"
    json.dumps(report)


def test_with_a_root_every_picture_is_scored(version, bulbs):
    report = evaluate(
        Tagger.load(version, device="cpu"), load_description(bulbs), root=bulbs.parent
    )

    assert report["images"] == 40


def test_every_decoded_sample_is_legal(version, bulbs, lamps):
    tagger = Tagger.load(version, device="cpu")
    sets = load_data([bulbs], lamps)
    scored = score_samples(tagger, sets.training)

    decoded = decode_samples(tagger.scorer, scored, tagger.real)

    for sample in decoded:
        shown = {
            attribute: [answer.value for answer in answers]
            for attribute, answers in sample.assignment.attributes.items()
        }
        assert violations(lamps, sample.category, shown) == ()
    assert len(decoded) == 28


def test_a_version_is_calibrated_anew_without_touching_its_weights(version, bulbs, tmp_path):
    again = recalibrate(version, [bulbs], versions=tmp_path, image_size=64, mirror=False)

    old, new = verify(version), verify(again)
    assert new.hashes["weights.safetensors"] == old.hashes["weights.safetensors"]
    assert new.version != old.version
    assert (new.model["image_size"], new.model["mirror"]) == (64, False)
    assert new.training["calibrated_from"] == old.version
    assert new.taught == old.taught


def test_calibrating_anew_adds_what_an_older_manifest_left_out(version, bulbs, tmp_path):
    old = _without_later_entries(version, tmp_path / "old")

    new = verify(recalibrate(old, [bulbs], versions=tmp_path))

    assert new.taught["real"]["counts"]["category"] == {"desk_lamp": 14, "floor_lamp": 14}
    assert new.data[0]["pictures"] == 40


def test_calibrating_on_other_data_adds_nothing_to_what_was_taught(version, bulbs, tmp_path):
    old = _without_later_entries(version, tmp_path / "old")
    other = bulbs.parent / "other.yaml"
    other.write_text(bulbs.read_text().replace("stand: [clamp]", "shade: [drum]"))

    new = verify(recalibrate(old, [other], versions=tmp_path))

    assert new.taught["real"]["counts"] == {}
    assert new.data == verify(old).data


def _without_later_entries(version, target):
    """Copy a version as it would have been written before labels were counted."""
    shutil.copytree(version, target)
    plain = json.loads((target / MANIFEST).read_text())
    for taught in plain["taught"].values():
        del taught["counts"]
    for entry in plain["data"]:
        del entry["pictures"], entry["labelling"], entry["labelled_by"]
    (target / MANIFEST).write_text(json.dumps(plain))
    return target


def test_two_versions_are_averaged(version, lamps):
    model, other = (load_model(version / WEIGHTS, CONFIG.model, lamps) for _ in range(2))
    with torch.no_grad():
        other.category.bias.add_(2.0)
    before = model.category.bias.clone()

    average_(model, other)

    assert torch.allclose(model.category.bias, before + 1.0, atol=1e-2)
    assert model.backbone.bn1.num_batches_tracked == other.backbone.bn1.num_batches_tracked


def test_recalibration_cannot_change_the_network(version, bulbs, tmp_path):
    with pytest.raises(TrainingError, match="branch_width"):
        recalibrate(version, [bulbs], versions=tmp_path, branch_width=8)


def test_an_unreadable_picture_is_reported_and_the_others_are_scored(version, bulbs, tmp_path):
    import shutil

    copy = tmp_path / "bulbs"
    shutil.copytree(bulbs.parent, copy)
    (copy / "validation" / "desk" / "0.png").write_bytes(b"")

    report = evaluate(Tagger.load(version, device="cpu"), load_description(copy / "bulbs.yaml"))

    assert report["images"] == 11
    assert len(report["unreadable"]) == 1
    assert "0.png" in report["unreadable"][0] or "desk/0" in report["unreadable"][0]


def test_an_early_stop_continues_with_the_same_call(bulbs, lamps, tmp_path):
    def call(stop_after_s):
        return train(
            lamps,
            [bulbs],
            config=CONFIG,
            runs=tmp_path / "runs",
            versions=tmp_path / "models",
            device="cpu",
            stop_after_s=stop_after_s,
            say=said.append,
        )

    said: list[str] = []
    assert call(0.0) is None
    path = call(None)

    assert path is not None
    assert any("step 1 of" in line for line in said)


def test_a_picture_on_both_sides_is_refused(bulbs, lamps, tmp_path):
    other = bulbs.parent / "again.yaml"
    other.write_text(
        bulbs.read_text()
        .replace("name: bulbs", "name: again")
        .replace("{train: train, validation: validation}", "{train: validation, validation: train}")
    )

    with pytest.raises(TrainingError, match="in training and in validation"):
        load_data([bulbs, other], lamps)


def test_counts_leave_missing_and_undecided_cells_out(lamps):
    def sample(**cells):
        return SimpleNamespace(label=GarmentLabel(categories=frozenset({"desk_lamp"}), cells=cells))

    samples = [
        sample(stand=CellLabel(state=CellState.VALUE, any_of=frozenset({"clamp"}))),
        sample(stand=CellLabel(state=CellState.CANNOT_TELL)),
        sample(),
    ]

    weights = count_weights(lamps, samples, encode_targets(lamps, samples), rarity=1.0)

    by_name = dict(zip(layout(lamps).slices, weights.labelled.tolist(), strict=True))
    assert by_name["stand"] == pytest.approx(3.0)
    assert by_name["shade"] == 0.0


def test_draws_of_a_category_and_of_a_set_grow_slower_than_their_counts():
    def samples(name, category, count):
        label = GarmentLabel(categories=frozenset({category}))
        return [SimpleNamespace(id=f"{name}/1", label=label)] * count

    weights = draw_weights(
        [*samples("big", "many", 100), *samples("big", "few", 4), *samples("small", "few", 26)],
        category_power=0.5,
        set_power=0.5,
        value_power=0.0,
        set_weights={"small": 2.0},
    )

    many, few, small = (float(part.sum()) for part in weights.split([100, 4, 26]))
    assert many / few == pytest.approx(10 / 2)
    assert (many + few) / small == pytest.approx(104**0.5 / (2 * 26**0.5))
    assert weights.dtype == torch.float64


def test_samples_with_a_rare_value_are_drawn_more_often_up_to_a_limit():
    def sample(value):
        cells = {"shade": CellLabel(state=CellState.VALUE, any_of=frozenset({value}))}
        label = GarmentLabel(categories=frozenset({"lamp"}), cells=cells)
        return SimpleNamespace(id="set/1", label=label)

    weights = draw_weights(
        [sample("cloth")] * 400 + [sample("glass")] * 100 + [sample("paper")],
        category_power=0.0,
        set_power=0.0,
        value_power=0.5,
        set_weights={},
    )

    cloth, glass, paper = (float(weights[at]) for at in (0, 400, 500))
    assert glass / cloth == pytest.approx(2.0)
    assert paper / cloth == pytest.approx(MAX_VALUE_FACTOR)
