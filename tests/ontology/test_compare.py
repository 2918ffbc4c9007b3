"""What became of every entry: declared moves, and what comparing finds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ontology import OntologyError, parse_ontology
from ontology.compare import compare, read_declared
from ontology.migration import Migration

HEAD = "format: 1\nid: lamps\nversion: '1'\nlabel: Lamps\n"


def lamps(categories: str, *attributes: str):
    text = f"{HEAD}categories:\n{categories}\nattributes:\n" + "\n".join(attributes or ["  []"])
    return parse_ontology(text, file="lamps.yaml")


def flat(*entries: str) -> str:
    return "\n".join(f"  - {{{entry}}}" for entry in entries)


def attribute(id_: str, values: Sequence[str], *, more: str = "") -> str:
    listed = "\n".join(f"      - {{{value}}}" for value in values)
    return (
        f"  - id: {id_}\n    label: {id_}\n    kind: exclusive\n    applies_to: [desk]\n"
        f"    {more}\n    values:\n{listed}"
    )


DESK = flat("id: desk, label: Desk")
OLD = lamps(DESK, attribute("shade", ["id: cone, label: Cone", "id: drum, label: Drum"]))


def shade(*values: str, more: str = "") -> Migration:
    return compare(OLD, lamps(DESK, attribute("shade", values, more=more)), file="new.yaml")


def moves(migration: Migration) -> dict[str, tuple[str, ...]]:
    return dict(migration.values["shade", "shade"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ["id: cone, label: Cone", "id: drum, label: Drum"],
            {"cone": ("cone",), "drum": ("drum",)},
        ),
        (
            ["id: cone, label: Other words", "id: drum, label: D"],
            {"cone": ("cone",), "drum": ("drum",)},
        ),
        (["id: cone, label: Cone"], {"cone": ("cone",), "drum": ()}),
        (
            ["id: tip, label: Tip, was: cone", "id: drum, label: D"],
            {"cone": ("tip",), "drum": ("drum",)},
        ),
        (["id: any, label: Any, was: [cone, drum]"], {"cone": ("any",), "drum": ("any",)}),
        (
            ["id: low, label: L, was: drum", "id: high, label: H, was: drum", "id: cone, label: C"],
            {"cone": ("cone",), "drum": ("low", "high")},
        ),
        # A value that stays is one of the parts when another one was it too.
        (
            ["id: cone, label: C", "id: drum, label: D", "id: low, label: L, was: drum"],
            {"cone": ("cone",), "drum": ("drum", "low")},
        ),
        # Two values exchange their ids.
        (
            ["id: cone, label: D, was: drum", "id: drum, label: C, was: cone"],
            {"cone": ("drum",), "drum": ("cone",)},
        ),
    ],
)
def test_values_go_where_the_new_file_says(values, expected):
    assert moves(shade(*values)) == expected


def test_added_value_has_no_source():
    migration = shade("id: cone, label: C", "id: drum, label: D", "id: globe, label: G")

    assert migration.value_sources["shade", "globe"] == ()
    assert not migration.is_identity


def test_same_file_changes_nothing():
    assert compare(OLD, OLD).is_identity


@pytest.mark.parametrize(
    ("values", "line", "word"),
    [
        (["id: cone, label: C", "id: tip, label: T, was: cube"], 15, "'cube'"),
        # `drum` would vanish without a word although the old file has it.
        (["id: drum, label: D, was: cone"], 14, "'drum'"),
    ],
)
def test_what_does_not_fit_both_files_is_a_fault_with_file_and_line(values, line, word):
    with pytest.raises(OntologyError) as caught:
        shade(*values)

    (fault,) = caught.value.faults
    assert (fault.file, fault.line) == ("new.yaml", line)
    assert word in fault.reason


def test_was_of_an_earlier_change_is_history():
    once = lamps(DESK, attribute("shade", ["id: tip, label: T, was: cone", "id: drum, label: D"]))
    grown = ["id: tip, label: T, was: cone", "id: drum, label: D", "id: globe, label: G"]
    again = lamps(DESK, attribute("shade", grown))

    assert moves(compare(once, again)) == {"tip": ("tip",), "drum": ("drum",)}


def test_migration_file_says_what_the_ontology_file_does_not():
    new = lamps(DESK, attribute("shape", ["id: tip, label: T", "id: drum, label: D"]))
    text = "format: 1\nattributes: {shape: shade}\nvalues:\n  shape: {tip: [cone]}\n"

    migration = compare(OLD, new, declared=read_declared(text, file="m.yaml"))

    assert migration.attributes == {"shade": ("shape",)}
    assert migration.values["shade", "shape"] == {"cone": ("tip",), "drum": ("drum",)}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("format: 1\nvalues:\n  shade: {globe: cone}\n", 3),  # not in the new file
        ("format: 1\nvalues:\n  shade:\n    cone: [cube]\n", 4),  # not in the old file
        ("format: 1\nrenamed: {}\n", 2),
        ("format: 1\ncategories: {desk: 3}\n", 2),
    ],
)
def test_wrong_migration_file_is_a_fault_with_its_line(text, line):
    with pytest.raises(OntologyError) as caught:
        compare(OLD, OLD, declared=read_declared(text, file="m.yaml"))

    assert {(fault.file, fault.line) for fault in caught.value.faults} == {("m.yaml", line)}


def test_values_follow_a_merged_and_a_split_attribute():
    cone, drum = "id: cone, label: Cone", "id: drum, label: Drum"
    both = lamps(DESK, attribute("top", [cone]), attribute("side", [drum]))
    one = lamps(DESK, attribute("shade", [cone, drum], more="was: [top, side]"))

    merged = compare(both, one)
    assert merged.values == {
        ("top", "shade"): {"cone": ("cone",)},
        ("side", "shade"): {"drum": ("drum",)},
    }
    assert merged.inverted().attributes == {"shade": ("top", "side")}

    new = lamps(
        DESK,
        attribute("top", [cone], more="was: shade"),
        attribute("side", [drum], more="was: shade"),
    )
    split = compare(OLD, new)
    assert split.attributes == {"shade": ("top", "side")}
    assert split.values["shade", "top"] == {"cone": ("cone",), "drum": ()}


def test_leaf_that_gets_children_is_split_into_them_and_back():
    fine = lamps(
        "  - id: desk\n    label: Desk\n    children:\n"
        "      - {id: arm, label: Arm}\n      - {id: foot, label: Foot}"
    )
    coarse = lamps(DESK)

    assert compare(coarse, fine).categories == {"desk": ("arm", "foot")}
    assert compare(fine, coarse).categories == {"arm": ("desk",), "foot": ("desk",)}


def test_removed_leaf_becomes_nothing():
    two = lamps(flat("id: desk, label: Desk", "id: lantern, label: Lantern"))

    assert compare(two, lamps(DESK)).categories == {"desk": ("desk",), "lantern": ()}


def test_going_back_undoes_renames_and_makes_a_split_a_merge():
    forward = shade(
        "id: tip, label: T, was: cone",
        "id: low, label: L, was: drum",
        "id: high, label: H, was: drum",
    )

    back = forward.inverted()

    assert back.values["shade", "shade"] == {"tip": ("cone",), "low": ("drum",), "high": ("drum",)}
    assert back.inverted().values == forward.values
