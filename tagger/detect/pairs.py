"""Make one garment of the two shoes that a street photograph shows apart.

The detector learns `ccp`, where shoes that do not touch are two instances. A catalog sells a pair:
one box, one category, one set of attributes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from tagger.boxes import PixelBox
from tagger.run_length import decode_mask, encode_mask

if TYPE_CHECKING:
    from tagger.detect.serving import Detection

__all__ = ["join_pairs"]

_WORN_IN_PAIRS = frozenset({"footwear"})
_STRIDE = 1.5  # widest gap, in longer sides of the larger box
_MOST_LARGER = 4.0  # in area: one shoe may be nearer, or seen from its side
_BOTH_SHARE = 0.5  # of the smaller box: more may be another look at the same shoe


def join_pairs(seen: Sequence[Detection]) -> list[Detection]:
    """Join each shoe with the one beside it.

    Two shoes are a pair if their boxes share some height, are at most 1.5 times as far apart as the
    larger one's longer side, and the larger has at most four times the area of the other. The
    nearest are joined first, last those of which one covers half of the other, and none around
    another pair. What else is found of the class inside a pair's box is that pair again.

    Args:
        seen: What a picture shows, best first.

    Returns:
        The same, where a pair takes the place of its better shoe: the box around both, the union of
        their masks, the better score.
    """
    near = [
        (*apart, left, right)
        for left, right in combinations(range(len(seen)), 2)
        if (apart := _apart(seen[left], seen[right])) is not None
    ]
    taken: set[int] = set()
    pairs: dict[int, Detection] = {}
    for _, _, left, right in sorted(near):
        if not taken.isdisjoint((left, right)):
            continue
        pair = _joined(seen[left], seen[right])
        if not any(_repeats(inner, pair) for inner in pairs.values()):
            taken |= {left, right}
            pairs[left] = pair
    kept = {
        at: item
        for at, item in enumerate(seen)
        if at not in taken and not any(_repeats(item, pair) for pair in pairs.values())
    }
    return [garment for _, garment in sorted((kept | pairs).items())]


def _repeats(item: Detection, pair: Detection) -> bool:
    return item.name == pair.name and pair.is_shown_by(item.box, item.name)


def _apart(one: Detection, other: Detection) -> tuple[bool, float] | None:
    """Tell whether one shoe covers the other, and the gap in pixels; None if they are no pair."""
    if one.name != other.name or one.name not in _WORN_IN_PAIRS:
        return None
    smaller, larger = sorted((one.box, other.box), key=lambda box: box.area)
    gap = max(smaller.x0, larger.x0) - min(smaller.x1, larger.x1)
    shared = min(smaller.y1, larger.y1) - max(smaller.y0, larger.y0)
    is_pair = (
        shared > 0
        and gap <= _STRIDE * max(larger.width, larger.height)
        and larger.area <= _MOST_LARGER * smaller.area
    )
    covers = smaller.intersection(larger) > _BOTH_SHARE * smaller.area
    return (covers, gap) if is_pair else None


def _joined(better: Detection, other: Detection) -> Detection:
    one, two = better.box, other.box
    return dataclasses.replace(
        better,
        box=PixelBox(
            x0=min(one.x0, two.x0),
            y0=min(one.y0, two.y0),
            x1=max(one.x1, two.x1),
            y1=max(one.y1, two.y1),
        ),
        mask=_union(better.mask, other.mask),
        word={
            name: max(better.word.get(name, 0.0), other.word.get(name, 0.0))
            for name in {**better.word, **other.word}
        },
    )


def _union(
    one: Mapping[str, Any] | None, other: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    if one is None or other is None:
        return None
    return encode_mask((decode_mask(one) | decode_mask(other)).astype(bool))
