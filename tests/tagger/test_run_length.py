from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tagger.run_length import RunLengthError, counts_text, decode_mask, encode_mask, encode_patch

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@settings(max_examples=80, deadline=None)
@given(mask=MASKS)
def test_decoding_gives_back_what_was_encoded(mask):
    encoded = encode_mask(mask)

    assert encoded["size"] == list(mask.shape)
    assert np.array_equal(decode_mask(encoded), mask)


def test_a_known_mask_gives_the_known_text():
    mask = np.zeros((4, 5), dtype=bool)
    mask[1:3, 1:4] = True

    assert encode_mask(mask) == {"size": [4, 5], "counts": counts_text([5, 2, 2, 2, 2, 2, 5])}


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([5, 2, 2], "522"),
        ([5, 2, 2, 2, 2, 2, 5], "5220003"),  # from the fourth on, less the run two before
        ([100], "T3"),  # low five bits first, marked as going on
        ([1, 9, 9, 3], "199J"),  # 3 - 9, in two's complement
    ],
)
def test_the_text_is_that_of_coco(runs, text):
    assert counts_text(runs) == text


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    left=st.integers(0, 9),
    top=st.integers(0, 9),
    width=st.integers(1, 12),
    height=st.integers(1, 12),
)
def test_a_patch_is_encoded_like_the_whole_picture(seed, left, top, width, height):
    patch = np.random.default_rng(seed).random((height, width)) > 0.5
    whole = np.zeros((25, 22), dtype=bool)
    whole[top : top + height, left : left + width] = patch

    assert encode_patch(patch, left_top=(left, top), image_wh=(22, 25)) == encode_mask(whole)


def test_runs_that_do_not_fill_the_picture_are_refused():
    rle = encode_mask(np.ones((4, 5), dtype=bool))

    with pytest.raises(RunLengthError, match="20 pixels; expected 4 x 6"):
        decode_mask({**rle, "size": [4, 6]})
