"""Which tasks are answered with an empty prediction."""

from __future__ import annotations

import pytest

from backend.blind import is_blind

IMAGES = [f"/data/upload/4/{number:05}.jpg" for number in range(4000)]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_chosen_part_is_the_share_that_was_asked_for(share: float) -> None:
    chosen = sum(is_blind("4.1795227357", image, share) for image in IMAGES)

    assert chosen / len(IMAGES) == pytest.approx(share, abs=0.02 if 0 < share < 1 else 0)


def test_larger_share_keeps_the_tasks_of_a_smaller_one() -> None:
    few = {image for image in IMAGES if is_blind("4.1", image, 0.05)}
    many = {image for image in IMAGES if is_blind("4.1", image, 0.2)}

    assert few < many


def test_choice_is_another_one_in_another_project() -> None:
    assert {image for image in IMAGES if is_blind("4.1", image, 0.1)} != {
        image for image in IMAGES if is_blind("4.2", image, 0.1)
    }


def test_choice_never_changes() -> None:
    chosen = [number for number in range(100) if is_blind("7.1795227887", f"{number}.jpg", 0.1)]

    assert chosen == [0, 17, 22, 26, 27, 39, 68, 87, 90]


def test_reference_with_a_lone_surrogate_is_no_trouble() -> None:
    assert isinstance(is_blind("4.1", "\ud800.jpg", 0.5), bool)
