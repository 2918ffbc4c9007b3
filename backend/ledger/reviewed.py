"""Tell reviewers' words from annotators', and their copies in Label Studio from both.

What a reviewer decides is stored as an event that holds an annotation of our own making, so that
the ledger reads it as any other. Where the picture has a task, Label Studio gets a copy, which
comes back as an annotation and must not count a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "REVIEW_ACTION",
    "REVIEW_PROJECT_UID",
    "copy_note",
    "is_copy",
    "is_reviewed",
    "reviewed_number",
]

REVIEW_ACTION = "REVIEW_DECISION"
"""Action of the events that hold decisions."""

REVIEW_PROJECT_UID = "0.0"
"""Of what no project has asked about; Label Studio's ids begin at 1."""

_REVIEWED_FROM = 2**62  # Label Studio's ids never get there
_NOTE = "weft review"
_ANSWERS = ("rectanglelabels", "choices")


def reviewed_number(number: int) -> int:
    """Turn a number into the id of an annotation or a prediction that only the ledger has."""
    return _REVIEWED_FROM + number % _REVIEWED_FROM


def is_reviewed(annotation_id: int) -> bool:
    """Whether an annotation is a reviewer's decision."""
    return annotation_id >= _REVIEWED_FROM


def copy_note(result: Iterable[Mapping[str, Any]]) -> str:
    """Give the note that marks these results as a copy, for as long as nobody changes them."""
    return f"{_NOTE} {_digest(result)}"


def is_copy(result: Iterable[Mapping[str, Any]]) -> bool:
    """Whether results are a copy of decisions that nobody has changed since."""
    items = list(result)
    notes = {
        text
        for item in items
        if isinstance(meta := item.get("meta"), Mapping) and isinstance(meta.get("text"), list)
        for text in meta["text"]
        if isinstance(text, str) and text.startswith(_NOTE)
    }
    return bool(notes) and copy_note(items) in notes


def _digest(result: Iterable[Mapping[str, Any]]) -> str:
    answers = []
    for item in result:
        value = item.get("value")
        held = value if isinstance(value, Mapping) else {}
        texts = [text for kind in _ANSWERS for text in held.get(kind) or ()]
        answers.append(repr((item.get("id"), item.get("from_name"), sorted(map(str, texts)))))
    text = "\n".join(sorted(answers))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()
