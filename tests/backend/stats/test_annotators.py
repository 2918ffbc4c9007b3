from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backend.database import Database
from backend.ledger.reviewed import reviewed_number
from backend.review.items import ReviewItem, put_items
from backend.review.tables import ReviewDecisionRow
from backend.stats.annotators import ENOUGH, AnnotatorScore, annotator_scores
from tests.backend.ledger.conftest import memory_database
from tests.backend.ledger.support import annotation, box, choice, ledger, moment, put, told


@pytest.fixture
def database() -> Iterator[Database]:
    made = memory_database()
    yield made
    made.close()


def say(database: Database, number: int, task: int, user: int, *results: Any, **more: Any) -> None:
    said = annotation(number, task, *results, completed_by=user, **more)
    put(database, told("CREATED", said))


def scores(database: Database) -> dict[tuple[str, str], AnnotatorScore]:
    ledger(database).take_up_all()
    return {(one.annotator, one.attribute): one for one in annotator_scores(database)}


def test_everybody_is_measured_against_the_ground_truth(database: Database) -> None:
    truth = (box("t"), choice("t", "sleeve", "long"), choice("t", "pattern", "plain"))
    say(database, 1, 10, 1, *truth, ground_truth=True)
    say(database, 2, 10, 2, box("a", x=11.0), choice("a", "sleeve", "long", x=11.0))
    say(database, 3, 10, 3, box("b", "Dress"), choice("b", "sleeve", "short"))

    found = scores(database)

    assert {who for who, _ in found} == {"2", "3"}
    assert (found["2", "sleeve"].right, found["2", "sleeve"].n) == (1, 1)
    assert (found["2", "pattern"].right, found["2", "pattern"].n) == (0, 1)  # left blank
    assert found["2", "category"].accuracy == 1.0
    assert found["3", "(all)"].n == 3
    assert found["3", "(all)"].right == 0
    assert not found["3", "(all)"].is_enough
    assert found["3", "(all)"].interval[1] > 0.5


def test_a_garment_that_somebody_overlooked_is_wrong_throughout(database: Database) -> None:
    truth = (box("t", x=50.0), choice("t", "sleeve", "long", x=50.0))
    say(database, 1, 10, 1, *truth, ground_truth=True)
    say(database, 2, 10, 2, box("a", x=5.0), choice("a", "sleeve", "long", x=5.0))

    found = scores(database)

    assert (found["2", "(all)"].right, found["2", "(all)"].n) == (0, 2)


def test_tasks_without_a_ground_truth_measure_nobody(database: Database) -> None:
    say(database, 1, 10, 1, box("t"), choice("t", "sleeve", "long"))
    say(database, 2, 10, 2, box("a"), choice("a", "sleeve", "short"))

    assert scores(database) == {}


def test_it_is_said_from_when_there_are_enough_cells(database: Database) -> None:
    for task in range(ENOUGH):
        truth = (box("t"), choice("t", "sleeve", "long"))
        say(database, 2 * task + 1, task + 1, 1, *truth, ground_truth=True)
        other = (box("a"), choice("a", "sleeve", "long"))
        say(database, 2 * task + 2, task + 1, 2, *other)

    found = scores(database)

    assert found["2", "sleeve"].is_enough
    assert found["2", "sleeve"].interval[0] > 0.85


def test_a_reviewer_is_measured_by_name_on_what_was_decided(database: Database) -> None:
    truth = (box("t"), choice("t", "sleeve", "long"), choice("t", "pattern", "plain"))
    say(database, 1, 10, 1, *truth, ground_truth=True)
    put_items(database, [ReviewItem(id="i", source="task", image="a.jpg")])
    with database.transaction() as session:
        session.add(
            ReviewDecisionRow(
                item_id="i",
                reviewer="Asha",
                role="reviewer",
                action="fix",
                attribute="sleeve",
                before={},
                after={"region": "w", "values": ["long"]},
                reason="",
                seconds=None,
                is_gold=False,
                decided_at=moment(1),
            )
        )
    decided = annotation(
        reviewed_number(7),
        10,
        box("w"),
        choice("w", "sleeve", "long"),
        unique="review:i",
        completed_by=None,
    )
    put(database, told("CREATED", decided))

    found = scores(database)

    assert {key: (one.right, one.n) for key, one in found.items()} == {
        ("Asha", "(all)"): (2, 2),
        ("Asha", "category"): (1, 1),
        ("Asha", "sleeve"): (1, 1),
    }
