from __future__ import annotations

import pytest

from backend.selection.priority import own_priority, picked_priority, queue_score
from tagger.select.uncertainty import CellDoubt


def garment(*uncertainties: float) -> tuple[CellDoubt, ...]:
    return tuple(
        CellDoubt(attribute=f"a{at}", value="v", confidence=0.5, uncertainty=uncertainty)
        for at, uncertainty in enumerate(uncertainties)
    )


def test_a_prediction_is_queued_by_its_most_uncertain_garment() -> None:
    assert own_priority([garment(0.2, 0.4), garment(1.0)]) == pytest.approx(0.9)
    assert own_priority([garment(0.2, 0.4)]) == pytest.approx(0.27)


def test_a_picture_without_garments_is_neither_first_nor_last() -> None:
    assert queue_score(own_priority([])) == 0.5


def test_what_was_picked_comes_before_anything_that_was_not() -> None:
    last_picked = queue_score(picked_priority(0.001))
    most_uncertain = queue_score(own_priority([garment(1.0)]))
    assert last_picked <= most_uncertain
    assert queue_score(picked_priority(1.0)) == 0.0


def test_the_first_pick_is_served_first() -> None:
    scores = [queue_score(picked_priority(place)) for place in (1.0, 0.75, 0.5, 0.25)]
    assert scores == sorted(scores)
    assert len(set(scores)) == 4
