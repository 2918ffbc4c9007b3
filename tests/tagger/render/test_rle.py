from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tagger.render.rle import encode_mask


def runs(text: str) -> list[int]:
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            char = ord(text[at]) - 48
            at += 1
            value |= (char & 0x1F) << shift
            shift += 5
            more = bool(char & 0x20)
            if not more and char & 0x10:
                value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


@settings(max_examples=80, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_a_mask_comes_back_from_its_text(mask):
    encoded = encode_mask(mask)
    counts = runs(encoded["counts"])

    assert encoded["size"] == list(mask.shape)
    assert sum(counts) == mask.size
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    assert (flat.reshape(mask.shape, order="F") == mask).all()


def test_a_known_mask_gives_the_known_text():
    mask = np.zeros((4, 5), dtype=bool)
    mask[1:3, 1:4] = True

    assert runs(encode_mask(mask)["counts"]) == [5, 2, 2, 2, 2, 2, 5]
