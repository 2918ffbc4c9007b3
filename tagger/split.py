"""Decide once, by hash, which group of pictures is held out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

__all__ = ["Split", "assign_split", "content_hash", "join_groups"]

Split = Literal["train", "validation"]


def assign_split(group: str, *, seed: int, validation_share: float) -> Split:
    """Say on which side of the split a group lies; the answer never depends on other groups.

    Args:
        group: What must stay together: a product's title, or a picture's content.
        seed: Another seed gives another split.
        validation_share: Share of groups to hold out, 0 to 1.
    """
    digest = hashlib.sha256(f"{seed}\x00{group}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    return "validation" if position < validation_share else "train"


def content_hash(path: Path) -> str:
    """Return a hash of a file's bytes; equal files have equal hashes."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def join_groups(keys: Iterable[Sequence[str]]) -> list[str]:
    """Join items that share any key, directly or through others.

    Args:
        keys: For each item its keys (a title, a content hash); at least one.

    Returns:
        For each item the first key, in sort order, of all items that it is joined with.
    """
    items = [tuple(item) for item in keys]
    parent: dict[str, str] = {}

    def top(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for item in items:
        for key in item[1:]:
            low, high = sorted((top(item[0]), top(key)))
            parent[high] = low
    return [top(item[0]) for item in items]
