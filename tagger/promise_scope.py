"""What a stated error is the error of; by itself, so that command lines load nothing else."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Scope"]


class Scope(StrEnum):
    """What a stated error is the error of.

    Attributes:
        ALL: All accepted answers together.
        EACH: Each attribute's accepted answers.
    """

    ALL = "all"
    EACH = "each"
