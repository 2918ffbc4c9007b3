"""Labels of an old ontology, said in a new one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from ontology import CellLabel, CellState, GarmentLabel, encode, parse_ontology
from ontology.compare import compare
from ontology.migration import migrate_label
from tests.ontology.strategies import labels, ontologies

HEAD = "format: 1\nid: lamps\nversion: '1'\nlabel: Lamps\n"
CATEGORIES = """
  - {id: desk, label: Desk}
  - {id: floor, label: Floor}
"""


def lamps(
    values: str, *, kind: str = "exclusive", categories: str = CATEGORIES, where="desk, floor"
):
    listed = "\n".join(f"      - {{{value.strip()}}}" for value in values.split(";"))
    return parse_ontology(
        f"{HEAD}categories:{categories}attributes:\n  - id: shade\n    label: Shade\n"
        f"    kind: {kind}\n    applies_to: [{where}]\n    values:\n{listed}",
        file="lamps.yaml",
    )


ABC = "id: a, label: A; id: b, label: B; id: c, label: C"
SAID = CellState.VALUE


def cell(**fields: object) -> CellLabel:
    sets = {k: frozenset(v) if isinstance(v, str) else v for k, v in fields.items()}
    return CellLabel(**{"state": SAID, **sets})


def targets(label: GarmentLabel, old, new) -> tuple[str, ...]:
    """Write the migrated targets as `id=1`, `id=0`, `id=?`, `id=one of`."""
    found = encode(new, migrate_label(label, compare(old, new)))
    ids = [value.id for value in new.attribute("shade").values]
    words = {1: "1", 0: "0", -1: "?"}
    return tuple(
        f"{id_}=one of" if some else f"{id_}={words[known]}"
        for id_, known, some in zip(ids, found.values, found.any_of, strict=True)
    )


DESK = frozenset({"desk"})


@pytest.mark.parametrize(
    ("given_cell", "new", "expected"),
    [
        # Added: the old answer stays, the new value was not offered and is no "no".
        ({"any_of": "a"}, f"{ABC}; id: d, label: D", ("a=1", "b=0", "c=0", "d=?")),
        # "None of these" may well be the value that was added.
        ({"negatives": "abc"}, f"{ABC}; id: d, label: D", ("a=0", "b=0", "c=0", "d=?")),
        # Renamed.
        (
            {"any_of": "a"},
            "id: x, label: A, was: a; id: b, label: B; id: c, label: C",
            ("x=1", "b=0", "c=0"),
        ),
        # Merged: said by either; ruled out only when both are.
        ({"any_of": "a"}, "id: x, label: X, was: [a, b]; id: c, label: C", ("x=1", "c=0")),
        ({"any_of": "c"}, "id: x, label: X, was: [a, b]; id: c, label: C", ("x=0", "c=1")),
        ({"negatives": "a"}, "id: x, label: X, was: [a, b]; id: c, label: C", ("x=?", "c=?")),
        ({"negatives": "ab"}, "id: x, label: X, was: [a, b]; id: c, label: C", ("x=0", "c=?")),
        # The source never spoke of b, so not-a says nothing about a-or-b.
        (
            {"any_of": "c", "vocabulary": "ac"},
            "id: x, label: X, was: [a, b]; id: c, label: C",
            ("x=?", "c=1"),
        ),
        # Split: one of the parts; both are ruled out together.
        (
            {"any_of": "a"},
            "id: x, label: X, was: a; id: y, label: Y, was: a; id: b, label: B",
            ("x=one of", "y=one of", "b=0"),
        ),
        (
            {"any_of": "b"},
            "id: x, label: X, was: a; id: y, label: Y, was: a; id: b, label: B",
            ("x=0", "y=0", "b=1"),
        ),
        # Removed: unknown, and nothing is concluded from it.
        ({"any_of": "a"}, "id: b, label: B; id: c, label: C", ("b=?", "c=?")),
        ({"any_of": "ab"}, "id: b, label: B; id: c, label: C", ("b=?", "c=?")),
        ({"any_of": "b"}, "id: b, label: B; id: c, label: C", ("b=1", "c=0")),
        # Not allowed for the category any more: not said.
        ({"any_of": "a"}, "id: a, label: A, only_for: [floor]; id: b, label: B", ("a=?", "b=?")),
    ],
)
def test_exclusive_label_says_no_more_than_it_did(given_cell, new, expected):
    label = GarmentLabel(categories=DESK, cells={"shade": cell(**given_cell)})

    assert targets(label, lamps(ABC), lamps(new)) == expected


@pytest.mark.parametrize(
    ("given_cell", "new", "expected"),
    [
        (
            {"positives": "a", "looked_at": True},
            f"{ABC}; id: d, label: D",
            ("a=1", "b=0", "c=0", "d=?"),
        ),
        (
            {"positives": "ab", "looked_at": True},
            "id: b, label: B; id: c, label: C",
            ("b=1", "c=0"),
        ),
        ({"positives": "a"}, "id: b, label: B; id: c, label: C", ("b=?", "c=?")),
        (
            {"positives": "a", "looked_at": True},
            "id: x, label: X, was: a; id: y, label: Y, was: a; id: b, label: B",
            ("x=one of", "y=one of", "b=0"),
        ),
        # Two values were split: only one set can be said, of the other nothing.
        (
            {"positives": "ab", "looked_at": True},
            "id: x, label: X, was: a; id: y, label: Y, was: a; id: u, label: U, was: b; "
            "id: w, label: W, was: b; id: c, label: C",
            ("x=one of", "y=one of", "u=?", "w=?", "c=0"),
        ),
        # b was merged into one part of a: the other part may hold or not.
        (
            {"positives": "ab", "looked_at": True},
            "id: x, label: X, was: [a, b]; id: y, label: Y, was: a; id: c, label: C",
            ("x=1", "y=?", "c=0"),
        ),
        ({"any_of": "ab", "looked_at": True}, "id: b, label: B; id: c, label: C", ("b=?", "c=0")),
        ({"looked_at": True}, f"{ABC}; id: d, label: D", ("a=0", "b=0", "c=0", "d=?")),
    ],
)
def test_multiple_label_says_no_more_than_it_did(given_cell, new, expected):
    label = GarmentLabel(categories=DESK, cells={"shade": cell(**given_cell)})

    assert targets(label, lamps(ABC, kind="multiple"), lamps(new, kind="multiple")) == expected


@pytest.mark.parametrize(
    ("kinds", "given_cell", "expected"),
    [
        # One value was asked for, so the others are unknown once several may hold.
        (("exclusive", "multiple"), {"any_of": "a", "looked_at": True}, ("a=1", "b=?", "c=?")),
        (("multiple", "exclusive"), {"positives": "a", "looked_at": True}, ("a=1", "b=0", "c=0")),
        (
            ("multiple", "exclusive"),
            {"positives": "ab", "looked_at": True},
            ("a=one of", "b=one of", "c=0"),
        ),
        (("multiple", "exclusive"), {"looked_at": True}, ("a=0", "b=0", "c=0")),
    ],
)
def test_change_of_kind_keeps_what_still_follows(kinds, given_cell, expected):
    label = GarmentLabel(categories=DESK, cells={"shade": cell(**given_cell)})

    assert targets(label, lamps(ABC, kind=kinds[0]), lamps(ABC, kind=kinds[1])) == expected


def test_cannot_tell_stays_and_newly_inapplicable_is_said():
    label = GarmentLabel(categories=DESK, cells={"shade": CellLabel(state=CellState.CANNOT_TELL)})

    kept = migrate_label(label, compare(lamps(ABC), lamps(f"{ABC}; id: d, label: D")))
    gone = migrate_label(label, compare(lamps(ABC), lamps(ABC, where="floor")))

    assert kept.cells["shade"].state is CellState.CANNOT_TELL
    assert gone.cells["shade"].state is CellState.NOT_APPLICABLE


def test_newly_applicable_attribute_is_missing():
    label = GarmentLabel(
        categories=DESK, cells={"shade": CellLabel(state=CellState.NOT_APPLICABLE)}
    )

    moved = migrate_label(label, compare(lamps(ABC, where="floor"), lamps(ABC)))

    assert "shade" not in moved.cells


@pytest.mark.parametrize(
    ("categories", "before", "after"),
    [
        (
            "\n  - {id: desk, label: Desk}\n  - {id: tall, label: T, was: floor}\n",
            "floor",
            {"tall"},
        ),
        ("\n  - {id: lamp, label: Lamp, was: [desk, floor]}\n", "desk", {"lamp"}),
        (
            "\n  - {id: one, label: 1, was: desk}\n  - {id: two, label: 2, was: desk}\n"
            "  - {id: floor, label: F}\n",
            "desk",
            {"one", "two"},
        ),
        ("\n  - {id: desk, label: Desk}\n", "floor", set()),
    ],
)
def test_category_follows_the_migration(categories, before, after):
    first = categories.split("id: ")[1].split(",")[0]
    new = lamps(
        ABC,
        categories=categories.replace("label: 1", "label: One").replace("label: 2", "label: Two"),
        where=first,
    )

    moved = migrate_label(GarmentLabel(categories=frozenset({before})), compare(lamps(ABC), new))

    assert moved.categories == after


def test_added_category_was_not_in_the_vocabulary_of_old_labels():
    new = lamps(ABC, categories=CATEGORIES + "  - {id: wall, label: Wall}\n")

    moved = migrate_label(GarmentLabel(categories=DESK), compare(lamps(ABC), new))

    assert moved.category_vocabulary == {"desk", "floor"}


@settings(max_examples=40, deadline=None)
@given(ontologies().flatmap(lambda o: labels(o).map(lambda label: (o, label))))
def test_migrating_to_the_same_ontology_keeps_every_target(drawn):
    ontology, label = drawn

    moved = migrate_label(label, compare(ontology, ontology))

    before, after = encode(ontology, label), encode(ontology, moved)
    assert (after.category, after.values, after.any_of) == (
        before.category,
        before.values,
        before.any_of,
    )
