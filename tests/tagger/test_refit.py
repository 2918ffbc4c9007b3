"""Corrections on made-up embeddings: what is learnt, and what must not change."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.judged import judge, scored
from tagger.loading import encoder_digest, load_parts
from tagger.memory import load_memory_of
from tagger.refit import TAUGHT_BEFORE, RefitError, refit, sort_garments
from tagger.registry import read_manifest, verify
from tagger.scoring import Calibration
from tests.tagger.corrected import (
    QUICK,
    embedding,
    garment,
    label,
    lamps_seen,
    write_live,
)


@pytest.fixture(scope="module")
def live(tmp_path_factory, lamps):
    return write_live(tmp_path_factory.mktemp("live"), lamps)


@pytest.fixture(scope="module")
def encoder(live):
    return encoder_digest(load_parts(live)["model"])


def _refit(live, garments, folder, **changes):
    clock = lambda: datetime(2026, 1, 2, tzinfo=UTC)  # noqa: E731 - a constant
    return refit(live, garments, versions=folder, config=QUICK, clock=clock, **changes)


def _right(version, asked, head):
    rows = {one.id: one.embedding for one in asked}
    parts = load_parts(version)
    judged = judge(parts["scorer"], scored(parts["model"], asked, rows), parts["real"])
    cells = [cell for cell in judged if cell.head == head]
    return sum(cell.is_right for cell in cells) / len(cells)


def _logits(version, asked):
    parts = load_parts(version)
    found = scored(parts["model"], asked, {one.id: one.embedding for one in asked})
    return found.category_logits, found.value_logits


def _cones_that_people_call_drums(count, encoder, start=1000):
    return [
        garment(
            number,
            label("desk_lamp", shade="drum"),
            embedding("desk_lamp", "cone", "stripes", seed=number),
            encoder=encoder,
        )
        for number in range(start, start + count)
    ]


def test_a_corrected_value_is_learnt_and_the_rest_stays(live, encoder, tmp_path):
    wrong = _cones_that_people_call_drums(60, encoder)
    unseen = _cones_that_people_call_drums(40, encoder, start=5000)
    old = lamps_seen(60, start=7000)
    assert _right(live, unseen, "shade") < 0.2
    made = _refit(live, wrong, tmp_path)
    assert _right(made.path, unseen, "shade") > 0.9
    for head in ("category", "shade", "stand"):
        assert _right(made.path, old, head) >= _right(live, old, head) - 0.05


def test_heads_that_no_correction_speaks_of_stay_within_tolerance(live, encoder, tmp_path, lamps):
    said = [
        replace(one, label=GarmentLabel(cells={"shade": one.label.cells["shade"]}))
        for one in _cones_that_people_call_drums(60, encoder)
    ]
    made = _refit(live, said, tmp_path)
    old = lamps_seen(60, start=7000)
    (category, values), (category_now, values_now) = _logits(live, old), _logits(made.path, old)
    softmax = lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)  # noqa: E731 - short
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731 - short
    others = slice(4, None)  # power and stand
    assert np.abs(softmax(category) - softmax(category_now)).max() < 0.05
    assert np.abs(sigmoid(values) - sigmoid(values_now))[:, others].max() < 0.05


def test_a_fresh_category_and_a_fresh_value_are_taught(live, encoder, tmp_path):
    def lanterns(count, start):
        return [
            garment(
                number,
                label("lantern", shade="globe"),
                embedding("lantern", "globe", seed=number),
                encoder=encoder,
            )
            for number in range(start, start + count)
        ]

    unseen = lanterns(40, 5000)
    assert _right(live, unseen, "category") == 0.0
    made = _refit(live, lanterns(60, 1000), tmp_path)
    parts = load_parts(made.path)
    assert "lantern" in parts["real"].categories
    assert "globe" in parts["real"].values["shade"]
    assert _right(made.path, unseen, "category") > 0.95
    assert _right(made.path, unseen, "shade") > 0.95
    assert _right(made.path, lamps_seen(60, start=7000), "shade") > 0.9
    assert parts["scorer"].calibration.thresholds["shade"] >= 0.5


def test_too_few_corrections_do_not_make_a_value_known(live, encoder, tmp_path):
    few = [
        garment(n, label("desk_lamp", shade="globe"), embedding("globe", seed=n), encoder=encoder)
        for n in range(9)
    ]
    real = load_parts(_refit(live, few, tmp_path).path)["real"]
    assert "globe" not in real.values["shade"]


def test_counts_of_earlier_rounds_are_not_added_again(live, encoder, tmp_path):
    six = [
        garment(n, label("desk_lamp", shade="globe"), embedding("globe", seed=n), encoder=encoder)
        for n in range(6)
    ]
    first = _refit(live, six, tmp_path)
    second = _refit(first.path, six, tmp_path / "second")
    assert load_parts(second.path)["real"].counts["shade"]["globe"] == 6
    assert TAUGHT_BEFORE in read_manifest(second.path).training


def test_missing_cells_contribute_nothing(live, encoder, tmp_path):
    said = _cones_that_people_call_drums(40, encoder)
    undecided = [
        replace(
            one,
            label=GarmentLabel(
                categories=one.label.categories,
                cells={
                    **one.label.cells,
                    "power": CellLabel(state=CellState.MISSING),
                    "stand": CellLabel(state=CellState.CANNOT_TELL),
                },
            ),
        )
        for one in said
    ]
    plain, with_undecided = _refit(live, said, tmp_path / "a"), _refit(live, undecided, tmp_path)
    old = lamps_seen(20, start=7000)
    for left, right in zip(
        _logits(plain.path, old), _logits(with_undecided.path, old), strict=True
    ):
        assert (left == right).all()


def test_blind_garments_and_their_pictures_never_enter_training(live, encoder, tmp_path):
    said = _cones_that_people_call_drums(40, encoder)
    poison = [
        garment(
            number,
            label("floor_lamp", shade="cone"),
            embedding("desk_lamp", "cone", "stripes", seed=number),
            encoder=encoder,
            is_blind=True,
        )
        for number in range(2000, 2020)
    ]
    twins = [
        replace(one, id=f"{one.id}-twin", is_blind=False, label=label("floor_lamp", shade="cone"))
        for one in poison
    ]
    found = sort_garments([*said, *poison, *twins])
    assert (len(found.learn), len(found.blind), found.held_back) == (40, 20, 20)
    plain = _refit(live, said, tmp_path / "a")
    with_blind = _refit(live, [*said, *poison, *twins], tmp_path)
    assert with_blind.counts["held_back"] == 20
    old = lamps_seen(20, start=7000)
    for left, right in zip(_logits(plain.path, old), _logits(with_blind.path, old), strict=True):
        assert (left == right).all()


def test_moved_garments_are_counted_and_embedded_where_that_is_possible(live, encoder, tmp_path):
    said = _cones_that_people_call_drums(20, encoder)
    moved = [replace(one, id=f"{one.id}-m", is_moved=True, embedding=None) for one in said]
    asked = []

    def embed(garments):
        asked.extend(garments)
        return {one.id: embedding("cone", seed=3) for one in garments[:5]}

    without = _refit(live, [*said, *moved], tmp_path / "a")
    assert (without.counts["moved"], without.counts["left_out"]) == (20, 20)
    made = _refit(live, [*said, *moved], tmp_path, embed=embed)
    assert (made.counts["embedded_afresh"], made.counts["left_out"]) == (5, 15)
    assert made.counts["learnt"] == 25
    assert {one.id for one in asked} == {one.id for one in moved}


def test_embeddings_of_another_encoder_are_not_used(live, tmp_path):
    with pytest.raises(RefitError, match="nothing to learn"):
        _refit(live, _cones_that_people_call_drums(20, "another"), tmp_path)


def test_a_new_version_is_whole_and_says_what_made_it(live, encoder, tmp_path):
    made = _refit(live, _cones_that_people_call_drums(20, encoder), tmp_path)
    manifest = verify(made.path)
    assert manifest.training["start"] == "version live"
    assert manifest.training["kind"] == "fast refit of the heads"
    assert manifest.training["corrections"]["learnt"] == 20
    assert manifest.data[-1]["name"] == "corrections"
    assert encoder_digest(load_parts(made.path)["model"]) == encoder
    assert load_memory_of(made.path, encoder=encoder) is not None


def test_the_live_calibration_stays_without_enough_blind_garments(tmp_path, lamps):
    calibration = Calibration(
        category_temperature=1.3, temperatures={"shade": 0.7}, thresholds={"shade": 0.6}
    )
    live = write_live(tmp_path, lamps, calibration=calibration)
    encoder = encoder_digest(load_parts(live)["model"])
    made = _refit(live, _cones_that_people_call_drums(20, encoder), tmp_path)
    found = load_parts(made.path)["scorer"].calibration
    assert found.to_dict() == calibration.to_dict()


def test_enough_blind_garments_calibrate_anew(live, encoder, tmp_path):
    blind = lamps_seen(60, start=9000, is_blind=True, encoder=encoder)
    made = _refit(live, [*_cones_that_people_call_drums(20, encoder), *blind], tmp_path)
    found = load_parts(made.path)["scorer"].calibration
    assert found.temperatures["shade"] != 1.0
    assert 0.5 <= found.thresholds["shade"] < 1.0
    assert "power" not in found.thresholds
