"""What a version answers follows from its calibration and from what it was taught."""

from __future__ import annotations

import pytest

from tagger.known import Taught
from tagger.scoring import Calibration, Scorer


@pytest.fixture
def taught(lamps):
    leaves = frozenset(lamps.leaves)
    values = {a.id: frozenset(v.id for v in a.values) for a in lamps.attributes}
    return Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )


def test_an_unlikely_category_leaves_every_attribute_blank(lamps, taught):
    scorer = Scorer(lamps, taught, Calibration(category_floor=0.5))

    unlikely = scorer.policy(taught, "desk_lamp", category_score=0.49)
    likely = scorer.policy(taught, "desk_lamp", category_score=0.5)

    assert not any(unlikely.known_values.values())
    assert likely.known_values["shade"] == taught.values["shade"]


def test_a_blank_attribute_is_not_answered_and_the_others_are(lamps, taught):
    scorer = Scorer(lamps, taught, Calibration())

    policy = scorer.policy(taught, "desk_lamp", blank={"shade"})

    assert policy.known_values["shade"] == frozenset()
    assert policy.known_values["power"] == taught.values["power"]


def test_a_category_counts_as_answered_from_its_threshold_on(lamps, taught):
    scorer = Scorer(lamps, taught, Calibration(category_threshold=0.7, category_floor=0.5))

    assert not scorer.is_sure(0.69)
    assert scorer.is_sure(0.7)
    assert scorer.is_likely(0.6)


def test_street_photographs_have_thresholds_of_their_own_where_those_are_higher(lamps, taught):
    calibration = Calibration(
        thresholds={"shade": 0.7, "power": 0.6},
        default_threshold=0.8,
        category_threshold=0.5,
        street={"category": 0.9, "shade": 0.65, "power": 0.75, "stand": 0.85},
    )
    scorer = Scorer(lamps, taught, calibration)

    policy = scorer.policy(taught, "desk_lamp", street=True)

    assert scorer.policy(taught, "desk_lamp").thresholds == calibration.thresholds
    assert policy.thresholds == {"shade": 0.7, "power": 0.75, "stand": 0.85}
    assert (scorer.is_sure(0.6), scorer.is_sure(0.6, street=True)) == (True, False)
    assert scorer.is_sure(0.9, street=True)


def test_a_calibration_reads_back_as_it_was_written():
    calibration = Calibration(thresholds={"shade": 0.7}, street={"category": 0.9, "shade": 0.8})

    assert Calibration.from_dict(calibration.to_dict()) == calibration


def test_a_version_made_before_thresholds_of_the_category_answers_as_it_did():
    old = {
        "category_temperature": 1.0,
        "temperatures": {},
        "thresholds": {"shade": 0.6},
        "default_threshold": 0.8,
    }

    read = Calibration.from_dict(old)

    assert (read.category_threshold, read.category_floor, read.wordings) == (0.0, 0.0, ())
    assert read.street == {}
