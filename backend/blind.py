"""Choose the tasks that are answered blind: with an empty prediction, whoever annotates them.

Labels made from the model's own suggestions favour it, so only labels made without them measure it.
"""

from __future__ import annotations

import hashlib

__all__ = ["is_blind"]

_SPAN = 2.0**64


def is_blind(project_uid: str, image: str, share: float) -> bool:
    """Whether a task is answered with an empty prediction.

    The same answer always and everywhere: a hash decides, and a larger share keeps the tasks of a
    smaller one.

    Args:
        project_uid: Project id and creation time, as in a request's `project`.
        image: The picture's reference as in the task's data.
        share: Part of all tasks, 0..1.
    """
    digest = hashlib.blake2b(f"{project_uid}\n{image}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") / _SPAN < share
