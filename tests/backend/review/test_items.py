from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.database import Database, open_database, utc_now
from backend.review.items import (
    ReviewError,
    ReviewItem,
    count_items,
    decisions_of,
    item_of,
    items_of,
    put_items,
)
from backend.review.tables import ReviewDecisionRow, ReviewItemRow


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def item(name: str, **fields: object) -> ReviewItem:
    return replace(ReviewItem(id=name, source="audit", image=f"{name}.jpg"), **fields)  # type: ignore[arg-type]


def test_the_riskiest_item_is_first(database: Database) -> None:
    put_items(database, [item("a", risk=0.2), item("b", risk=0.9), item("c", risk=0.9)])

    assert [found.id for found in items_of(database)] == ["b", "c", "a"]


def test_an_item_that_comes_again_is_brought_up_to_date(database: Database) -> None:
    put_items(database, [item("a", risk=0.2, claims={"colour": ["red"]})])

    assert put_items(database, [item("a", risk=0.4)]) == set()

    found = item_of(database, "a")
    assert found is not None
    assert (found.risk, found.claims, found.state) == (0.4, {}, "open")


def test_an_item_that_somebody_decided_about_stays_as_it_was(database: Database) -> None:
    put_items(database, [item("a", risk=0.2, regions=[{"id": "r1"}])])
    with database.transaction() as session:
        session.get_one(ReviewItemRow, "a").state = "rejected"
        session.add(
            ReviewDecisionRow(
                item_id="a",
                reviewer="Ada",
                role="reviewer",
                action="reject",
                before={},
                after={},
                reason="blurred",
                is_gold=False,
                decided_at=utc_now(),
            )
        )

    assert put_items(database, [item("a", risk=0.4, regions=[{"id": "r2"}])]) == set()

    found = item_of(database, "a")
    assert found is not None
    assert (found.risk, found.regions, found.state) == (0.2, [{"id": "r1"}], "rejected")


def test_items_are_chosen_by_state_source_and_number(database: Database) -> None:
    put_items(database, [item("a", risk=0.2), item("b", risk=0.9, state="fixed")])
    put_items(database, [item("c", source="task", risk=0.1)])

    assert [found.id for found in items_of(database, states=["open"])] == ["a", "c"]
    assert [found.id for found in items_of(database, source="task")] == ["c"]
    assert [found.id for found in items_of(database, limit=1, offset=1)] == ["a"]
    assert count_items(database) == {"open": 2, "fixed": 1}


@pytest.mark.parametrize("faulty", [{"source": "rumour"}, {"risk": 1.5}, {"risk": float("nan")}])
def test_what_is_no_item_is_refused_before_anything_is_stored(
    database: Database, faulty: dict[str, object]
) -> None:
    with pytest.raises(ReviewError, match="expected"):
        put_items(database, [item("a"), item("b", **faulty)])

    assert items_of(database) == ()


def test_there_are_no_decisions_before_somebody_decides(database: Database) -> None:
    put_items(database, [item("a")])

    assert decisions_of(database, item_id="a") == ()
