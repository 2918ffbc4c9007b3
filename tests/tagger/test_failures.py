from __future__ import annotations

import pytest

from tagger.card import CAUTIONS
from tagger.failures import by_score, confusions, failure_gallery, lowest
from tagger.registry import Manifest

SHADE = {
    "n": 60,
    "confusion": {
        "cone": {"cone": 20, "drum": 9, "globe": 1},
        "drum": {"drum": 24, "cone": 2},
        "globe": {"globe": 4},
    },
    "per_value": {
        "cone": {"n": 30, "precision": 0.9, "recall": 0.67, "f1": 0.77},
        "drum": {"n": 26, "precision": 0.73, "recall": 0.92, "f1": 0.81},
        "globe": {"n": 4, "precision": 0.1, "recall": 0.1, "f1": 0.1},
    },
    "wrong_by_score": {
        "bands": [[0.9, 40, 3], [0.7, 12, 4], [0.5, 6, 4], [0.0, 2, 1]],
        "surest": [["p7", "cone", "drum", 0.99]],
    },
}


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        version="lamps-1",
        model={},
        taught={},
        hashes={},
        data=({"name": "bulbs", "labelled_by": "machine"},),
        training={},
        metrics={
            "bulbs": {
                "images": 60,
                "category": None,
                "attributes": {"shade": SHADE, "stand": {**SHADE, "n": 29}},
            }
        },
    )


def test_frequent_confusions_come_first_and_single_ones_are_left_out():
    assert list(confusions({"shade": SHADE})) == [
        ["shade", "cone", "drum", "9", "0.30 of 30"],
        ["shade", "drum", "cone", "2", "0.08 of 26"],
    ]


def test_the_weakest_labels_have_enough_pictures():
    assert [row[:3] for row in lowest({"shade": SHADE})] == [
        ["shade", "cone", "30"],
        ["shade", "drum", "26"],
    ]


def test_no_more_than_five_confusions_of_a_head_are_shown():
    row = {"right": 5, **{f"wrong{at}": 2 for at in range(9)}}

    assert len(list(confusions({"shade": {**SHADE, "confusion": {"right": row}}}))) == 5


def test_wrong_answers_are_counted_by_score_with_the_surest_pictures():
    (row,) = by_score({"shade": SHADE})

    assert row == [
        "shade",
        "3 of 40",
        "4 of 12",
        "4 of 6",
        "1 of 2",
        "p7: cone, answered drum (0.99)",
    ]


def test_the_gallery_names_heads_with_too_few_labels_and_says_who_labelled(manifest):
    gallery = failure_gallery(manifest)

    assert "Left out, with fewer than 30 labelled pictures: stand (29)." in gallery
    assert "| stand |" not in gallery
    assert CAUTIONS["machine"] in gallery
    assert gallery.count("| shade |") == 5


def test_a_report_without_scores_leaves_that_table_out():
    older = {name: value for name, value in SHADE.items() if name != "wrong_by_score"}

    assert list(by_score({"shade": older})) == []
