"""Two shoes that lie apart are one garment."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tagger.boxes import PixelBox
from tagger.detect.pairs import join_pairs
from tagger.detect.serving import Detection
from tagger.run_length import decode_mask, encode_mask

WIDE, HIGH = 300, 400


def _seen(
    x0: float, y0: float, x1: float, y1: float, score: float = 0.9, name: str = "footwear"
) -> Detection:
    mask = np.zeros((HIGH, WIDE), dtype=bool)
    mask[int(y0) : int(y1), int(x0) : int(x1)] = True
    return Detection(
        box=PixelBox(x0=x0, y0=y0, x1=x1, y1=y1),
        name=name,
        leaves=frozenset(),
        score=score,
        mask=encode_mask(mask),
        word={name: score},
    )


def _edges(found: list[Detection]) -> list[tuple[float, ...]]:
    return [item.box.xyxy for item in found]


def test_a_pair_is_one_garment_with_both_masks_and_the_better_score():
    left, right = _seen(100, 330, 140, 390, 0.9), _seen(160, 340, 200, 395, 0.7)

    [pair] = join_pairs([left, right])

    assert pair.box == PixelBox(x0=100, y0=330, x1=200, y1=395)
    assert (pair.score, pair.word) == (0.9, {"footwear": 0.9})
    mask = decode_mask(pair.mask)
    assert mask[:, 140:160].sum() == 0
    assert mask.sum() == 40 * 60 + 40 * 55


def test_the_words_of_both_shoes_count():
    left, right = _seen(100, 330, 140, 390), _seen(160, 340, 200, 395, 0.7)
    right.word["legwear"] = 0.4  # type: ignore[index]

    [pair] = join_pairs([left, right])

    assert pair.word == {"footwear": 0.9, "legwear": 0.4}


def test_the_order_by_score_stays():
    coat = _seen(50, 50, 250, 300, 0.8, "outerwear")
    left, right = _seen(100, 330, 140, 390, 0.9), _seen(160, 340, 200, 395, 0.5)
    bag = _seen(10, 200, 60, 260, 0.6, "bag")

    assert [item.name for item in join_pairs([left, coat, bag, right])] == [
        "footwear",
        "outerwear",
        "bag",
    ]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((265, 330, 299, 390), id="farther than a stride"),
        pytest.param((160, 200, 200, 260), id="at another height"),
        pytest.param((150, 360, 165, 390), id="much smaller"),
    ],
)
def test_shoes_that_are_no_pair_stay_two(other):
    shoe = _seen(100, 330, 140, 390)

    assert len(join_pairs([shoe, _seen(*other)])) == 2


def test_other_garments_are_never_joined():
    bags = [_seen(100, 330, 140, 390, name="bag"), _seen(160, 330, 200, 390, name="bag")]

    assert join_pairs(bags) == bags


def test_nearest_shoes_are_joined_first_and_each_once():
    shoes = [_seen(x, 330, x + 30, 390) for x in (10, 50, 130, 170)]

    assert _edges(join_pairs(shoes)) == [(10, 330, 80, 390), (130, 330, 200, 390)]


def test_a_third_box_inside_the_pair_is_left_out():
    shoes = [_seen(100, 330, 140, 390), _seen(150, 330, 190, 390), _seen(102, 332, 180, 380, 0.5)]

    assert _edges(join_pairs(shoes)) == [(100, 330, 190, 390)]


def test_what_is_no_shoe_stays_beside_a_pair_at_its_place():
    legs = _seen(100, 190, 205, 395, 0.99, "trousers")
    boots = [_seen(100, 200, 145, 395), _seen(155, 200, 205, 395)]

    assert [item.name for item in join_pairs([legs, *boots])] == ["trousers", "footwear"]


def test_no_pair_is_joined_around_another():
    shoes = [_seen(x, 330, x + 30, 390) for x in (10, 50, 85, 125)]

    assert _edges(join_pairs(shoes)) == [
        (10, 330, 40, 390),
        (50, 330, 115, 390),
        (125, 330, 155, 390),
    ]


def test_crossed_feet_are_a_pair():
    shoes = [_seen(163, 332, 240, 390), _seen(199, 348, 241, 398, 0.7)]

    assert _edges(join_pairs(shoes)) == [(163, 332, 241, 398)]


def test_without_a_mask_head_a_pair_has_no_mask():
    shoes = [_seen(100, 330, 140, 390), _seen(150, 330, 190, 390)]

    [pair] = join_pairs([dataclasses.replace(shoe, mask=None) for shoe in shoes])

    assert pair.mask is None
