"""Keeping requests and the worker out of each other's way."""

from __future__ import annotations

import pytest

from backend._asked import AskedTasks

UID = "4.1795227357"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def asked(clock: Clock) -> AskedTasks:
    return AskedTasks(clock=clock)


def test_tasks_of_a_request_are_held_while_it_runs(asked: AskedTasks) -> None:
    with asked.asking(UID, [1, 2], longest_s=80.0):
        assert asked.held_s(UID, 1) == pytest.approx(80.0)
        assert asked.take(UID, [2, 3]) == {2: pytest.approx(80.0)}
        assert asked.held_s("4.1800000000", 1) == 0.0


def test_answered_tasks_are_held_until_they_can_be_stored_and_others_are_free(
    asked: AskedTasks, clock: Clock
) -> None:
    with asked.asking(UID, range(300), longest_s=80.0) as asking:
        asking.answered.update(range(299))

    assert asked.held_s(UID, 299) == 0.0
    assert 300 * 0.11 < asked.held_s(UID, 0) < 120.0
    clock.now += asked.held_s(UID, 0)
    assert asked.held_s(UID, 0) == 0.0


def test_failed_request_holds_nothing(asked: AskedTasks) -> None:
    with pytest.raises(RuntimeError), asked.asking(UID, [1], longest_s=80.0):
        raise RuntimeError

    assert asked.held_s(UID, 1) == 0.0


def test_request_that_never_ends_holds_no_longer_than_it_may(
    asked: AskedTasks, clock: Clock
) -> None:
    with asked.asking(UID, [1], longest_s=80.0):
        clock.now += 80.0
        assert asked.held_s(UID, 1) == 0.0


def test_request_knows_what_was_sent_since_its_tasks_were_chosen(
    asked: AskedTasks, clock: Clock
) -> None:
    asked.take(UID, [1])
    clock.now += 60.0
    asked.take(UID, [2])
    clock.now += 1.0

    with asked.asking(UID, [1, 2, 3], longest_s=80.0) as asking:
        assert asking.sent_meanwhile() == {2}


def test_nothing_is_remembered_for_ever(asked: AskedTasks, clock: Clock) -> None:
    for number in range(1000):
        asked.take(UID, [number])
        with asked.asking(UID, [number + 1], longest_s=1.0) as asking:
            asking.answered.add(number + 1)
        clock.now += 30.0

    assert len(asked._held) + len(asked._sent) < 20
