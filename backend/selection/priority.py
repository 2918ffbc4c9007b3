"""From uncertainty to a task's place in Label Studio's queue, which serves low scores first.

Priorities of picked tasks lie above all others': a task that was only predicted is queued by its
own uncertainty, one that was picked by its rank among the picks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tagger.select.uncertainty import informativeness

if TYPE_CHECKING:
    from tagger.select.uncertainty import CellDoubt

__all__ = ["NEUTRAL_PRIORITY", "own_priority", "picked_priority", "queue_score"]

# For a picture without garments: neither first nor last.
NEUTRAL_PRIORITY = 0.5
_PICKED_FROM = 0.9
_DECIMALS = 4


def own_priority(garments: Sequence[Sequence[CellDoubt]]) -> float:
    """Give the priority of a prediction by itself, 0..0.9: its most uncertain garment's.

    Args:
        garments: The cells of each garment; none at all is neutral.
    """
    if not garments:
        return NEUTRAL_PRIORITY
    return _PICKED_FROM * max(informativeness(doubts) for doubts in garments)


def picked_priority(place: float) -> float:
    """Give the priority of a task that was picked, above 0.9 and up to 1.

    Args:
        place: Of its pick among the picks, above 0 and up to 1 for the first.
    """
    return _PICKED_FROM + (1.0 - _PICKED_FROM) * min(1.0, max(0.0, place))


def queue_score(priority: float) -> float:
    """Give the prediction score that Label Studio orders by, 0..1."""
    return round(min(1.0, max(0.0, 1.0 - priority)), _DECIMALS)
