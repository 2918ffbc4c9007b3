from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend._cache import ByteBoundedCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: ByteBoundedCache[str, int] = ByteBoundedCache(20)
    cache.put("a", 1, num_bytes=10)
    cache.put("b", 2, num_bytes=10)
    assert cache.get("a") == 1
    cache.put("c", 3, num_bytes=10)
    assert cache.get("b") is None
    assert (cache.get("a"), cache.get("c")) == (1, 3)


@pytest.mark.parametrize("limit", [0, 5])
def test_an_entry_over_the_limit_is_not_kept(limit: int) -> None:
    cache: ByteBoundedCache[str, int] = ByteBoundedCache(limit)
    cache.put("a", 1, num_bytes=6)
    assert cache.get("a") is None
    assert cache.num_bytes == 0


@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 30)), max_size=60),
)
def test_the_stated_sizes_never_exceed_the_limit_and_add_up(
    limit: int, entries: list[tuple[int, int]]
) -> None:
    cache: ByteBoundedCache[int, int] = ByteBoundedCache(limit)
    sizes: dict[int, int] = {}
    for key, size in entries:
        cache.put(key, size, num_bytes=size)
        sizes[key] = size
        kept = [key for key in sizes if cache.get(key) is not None]
        assert cache.num_bytes == sum(sizes[key] for key in kept) <= limit
        assert len(cache) == len(kept)
