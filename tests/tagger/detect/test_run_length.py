from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagger.detect.run_length import RunLengthError, decode_mask, encode_patch
from tagger.render.rle import encode_mask


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(1, 40), width=st.integers(1, 40))
def test_decoding_gives_back_what_was_encoded(seed, height, width):
    mask = np.random.default_rng(seed).random((height, width)) > 0.6

    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


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
