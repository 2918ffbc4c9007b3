"""YAML is read with the line of every entry."""

from __future__ import annotations

from ontology._yaml import read_yaml

TEXT = """\
name: x
items:
  - a
  - key: [1, 2]

    other: {deep: true}
"""


def test_data_is_that_of_the_text():
    document = read_yaml(TEXT, file="f")
    assert document.data == {
        "name": "x",
        "items": ["a", {"key": [1, 2], "other": {"deep": True}}],
    }
    assert document.faults == []


def test_lines_are_those_of_keys_and_items():
    document = read_yaml(TEXT, file="f")
    assert document.line(()) == 1
    assert document.line(("items",)) == 2
    assert document.line(("items", 1)) == 4
    assert document.line(("items", 1, "other", "deep")) == 6


def test_line_of_what_is_not_there_is_that_of_the_entry_around_it():
    document = read_yaml(TEXT, file="f")
    assert document.line(("items", 1, "other", "gone", 3)) == 6
    assert document.line(("gone",)) == 1


def test_shared_entries_are_read_in_both_places():
    document = read_yaml("a: &x [1]\nb: *x\n", file="f")
    assert document.data == {"a": [1], "b": [1]}


def test_two_documents_in_a_file_are_a_fault():
    document = read_yaml("a: 1\n---\nb: 2\n", file="f")
    assert [fault.line for fault in document.faults] == [2]


def test_unreadable_scalar_is_a_fault_at_its_line():
    document = read_yaml("a: 1\nb: 2020-99-99\nc: !!python/object:x {}\nd: !mine 3\n", file="f")
    assert [fault.line for fault in document.faults] == [2, 4]
