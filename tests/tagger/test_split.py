"""Splits by hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagger.split import assign_split, content_hash, join_groups


def test_a_group_always_lands_on_the_same_side() -> None:
    """Pinned: a change here would move held-out pictures into training."""
    sides = [assign_split(f"title:{n}", seed=1, validation_share=0.5) for n in range(12)]

    assert "".join(side[0] for side in sides) == "ttvtttttttvv"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_is_held(share: float) -> None:
    sides = [assign_split(str(n), seed=3, validation_share=share) for n in range(4000)]

    assert sides.count("validation") / 4000 == pytest.approx(share, abs=0.02)


def test_another_seed_gives_another_split() -> None:
    one, two = (
        [assign_split(str(n), seed=seed, validation_share=0.5) for n in range(64)]
        for seed in (1, 2)
    )

    assert one != two


def test_equal_bytes_have_equal_hashes(tmp_path: Path) -> None:
    for name, data in (("a", b"same"), ("b", b"same"), ("c", b"other")):
        (tmp_path / name).write_bytes(data)

    a, b, c = (content_hash(tmp_path / name) for name in "abc")

    assert a == b != c


def test_items_that_share_a_key_through_others_are_one_group() -> None:
    groups = join_groups([("h1", "red shoe"), ("h2", "red shoe"), ("h2", "blue shoe"), ("h3",)])

    assert groups == ["blue shoe", "blue shoe", "blue shoe", "h3"]


def test_the_order_of_items_does_not_change_the_groups() -> None:
    items = [("h1", "a"), ("h2", "b"), ("h1", "c"), ("h4", "c"), ("h5", "b")]

    forward, backward = join_groups(items), join_groups(items[::-1])

    assert forward == backward[::-1]
