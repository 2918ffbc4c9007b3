"""Files are read whole, and whatever is wrong with one is said with its line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology import (
    AttributeKind,
    OntologyError,
    default_ontology_path,
    load_ontology,
    parse_ontology,
)
from tests.ontology.strategies import ontologies

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"

SMALL = """\
format: 1
id: small
version: "1"
label: Small
categories:
  - id: thing
    label: Thing
    children:
      - {id: cup, label: Cup, aliases: [mug]}
      - {id: plate, label: Plate}
  - {id: fork, label: Fork}
attributes:
  - id: colour
    label: Colour
    kind: multiple
    applies_to: [thing]
    values:
      - {id: red, label: Red}
      - {id: blue, label: Blue, only_for: [cup]}
  - id: handle
    label: Handle
    kind: exclusive
    applies_to: [cup, fork]
    required_for: [cup]
    values:
      - {id: ring, label: Ring, except_for: [fork]}
      - {id: bar, label: Bar, excludes: {colour: [blue]}}
"""


def faults_of(text):
    with pytest.raises(OntologyError) as caught:
        parse_ontology(text, file="small.yaml")
    assert str(caught.value) == "\n".join(str(fault) for fault in caught.value.faults)
    return [(fault.line, fault.reason) for fault in caught.value.faults]


def changed(old, new):
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


def test_small_file_is_read_as_written():
    ontology = parse_ontology(SMALL, file="small.yaml")
    assert (ontology.id, ontology.version, ontology.label) == ("small", "1", "Small")
    assert ontology.leaves == ("cup", "plate", "fork")
    assert [c.id for c in ontology.categories] == ["thing", "cup", "plate", "fork"]
    assert ontology.attribute("colour").kind is AttributeKind.MULTIPLE
    assert ontology.cannot_tell_label == "Cannot tell"
    assert ontology.other_label == "Other / not in the list"
    assert ontology.rules[0].excludes == {"colour": frozenset({"blue"})}
    assert ontology.source == SMALL


def test_any_in_a_rule_stands_for_every_other_value():
    ontology = load_ontology(FURNITURE)
    rules = {(rule.attribute, rule.value): rule for rule in ontology.rules}
    cushions = frozenset({"seat", "back", "scatter"})
    assert rules["upholstery", "none"].excludes["cushions"] == cushions
    assert "multicolour" not in rules["colour", "multicolour"].excludes["colour"]
    assert "red" in rules["colour", "multicolour"].excludes["colour"]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("format: 1", "format: 2", 1, "'format' does not fit"),
        ("id: small", "id: Small", 2, "only the characters a-z"),
        ("id: small", "id: sm__all", 2, "two underscores"),
        ('version: "1"', "version: 1", 3, "put it in quotes"),
        ("label: Small", "label: ' '", 4, "must not be empty"),
        ("label: Small", "label: Small\nlabel: Big", 5, "written twice; first on line 4"),
        ("label: Small", "label: Small\ncolour: red", 5, "unknown key 'colour'"),
        ("label: Small", "label: Small\n1: red", 5, "not plain text"),
        ("label: Small\n", "", 1, "'label' is missing"),
        ("{id: fork, label: Fork}", "{id: fork}", 11, "'label' is missing"),
        ("{id: fork, label: Fork}", "{id: cup, label: Fork}", 11, "used twice; first on line 9"),
        ("{id: fork, label: Fork}", "{id: fork, label: CUP}", 11, "also means 'cup'"),
        ("{id: fork, label: Fork}", "{id: fork, label: Mug}", 11, "also means 'cup'"),
        ("{id: fork, label: Fork}", '{id: fork, label: "A, b"}', 11, "has a comma"),
        ("{id: fork, label: Fork}", '{id: fork, label: "A\\tb"}', 11, "printable"),
        ("{id: fork, label: Fork}", "{id: no, label: Fork}", 11, "put it in quotes"),
        ("{id: fork, label: Fork}", "{id: fork, label: Fork", 12, "not valid YAML"),
        ("label: Thing", "label: Thing\n    aliases: thing", 8, "'aliases' does not fit"),
        ("kind: multiple", "kind: many", 15, "'kind' does not fit"),
        ("kind: multiple", "kind: multiple\n    weakly_visible: 1", 16, "'weakly_visible'"),
        ("applies_to: [thing]", "applies_to: []", 16, "'applies_to' does not fit"),
        ("applies_to: [thing]", "applies_to: [thin]", 16, "unknown category 'thin'"),
        (
            "applies_to: [thing]",
            "applies_to: [thing]\n    except_for: [cup, plate]",
            17,
            "applies to no category",
        ),
        (
            "applies_to: [thing]",
            "applies_to: [thing]\n    except_for: [fork]",
            17,
            "except_for names 'fork', where this does not apply",
        ),
        ("{id: red, label: Red}", "{id: blue, label: Red}", 19, "used twice; first on line 18"),
        ("{id: red, label: Red}", "{id: red, label: BLUE}", 19, "also means 'red'"),
        ("{id: red, label: Red}", "{id: red, label: cannot tell}", 18, "the answer cannot_tell"),
        ("{id: red, label: Red}", "{id: red, label: Red, only_for: [cup]}", 13, "'plate'"),
        ("only_for: [cup]", "only_for: [fork]", 19, "only_for names 'fork'"),
        ("only_for: [cup]", "only_for: []", 19, "'only_for' does not fit"),
        ("only_for: [cup]", "only_for: [cup], except_for: [thing]", 19, "for no category"),
        ("required_for: [cup]", "required_for: [plate]", 24, "required_for names 'plate'"),
        ("except_for: [fork]", "except_for: [spoon]", 26, "unknown category 'spoon'"),
        ("{colour: [blue]}", "{color: [blue]}", 27, "unknown attribute 'color'"),
        ("{colour: [blue]}", "{colour: [pink]}", 27, "no value 'pink'"),
        ("{colour: [blue]}", "{colour: all}", 27, "'colour' does not fit"),
        ("{colour: [blue]}", "{handle: any}", 27, "exclusive; rules inside it"),
        (
            "excludes: {colour: [blue]}",
            "excludes: {colour: any}, implies: {colour: [red]}",
            27,
            "implies and excludes the same",
        ),
        ("{id: red, label: Red}", "{id: red, label: Red, implies: {colour: [red]}}", 18, "itself"),
        (
            "{id: red, label: Red}",
            "{id: red, label: Red, implies: {colour: [blue]}}",
            18,
            "'red' of 'colour' is allowed for 'plate'",
        ),
        (
            "{id: ring, label: Ring, except_for: [fork]}",
            "{id: ring, label: Ring, implies: {colour: [blue]}, excludes: {colour: [blue]}}",
            26,
            "implies and excludes",
        ),
    ],
)
def test_each_fault_is_reported_at_its_line(old, new, line, reason):
    found = faults_of(changed(old, new))
    assert any(at == line and reason in why for at, why in found), found


def test_indirect_contradiction_between_rules_is_found():
    # A red cup needs a ring, a ring needs blue, and blue excludes red.
    text = changed("{id: red, label: Red}", "{id: red, label: Red, implies: {handle: [ring]}}")
    text = text.replace("label: Blue,", "label: Blue, excludes: {colour: [red]},")
    text = text.replace("label: Ring,", "label: Ring, implies: {colour: [blue]},")
    assert [line for line, _ in faults_of(text)] == [18]


def test_all_faults_of_a_file_are_reported_in_line_order():
    text = changed("id: small", "id: SMALL").replace("kind: multiple", "kind: many")
    assert [line for line, _ in faults_of(text)] == [2, 15]
    text = changed("label: Fork", "label: Cup").replace("[thing]", "[thin]", 1)
    text = text.replace("[blue]", "[pink]")
    assert [line for line, _ in faults_of(text)] == [11, 16, 27]


@pytest.mark.parametrize("text", ["", "# nothing\n", "just text", "- a\n- b\n", "null"])
def test_file_that_is_no_ontology_is_one_fault(text):
    assert len(faults_of(text)) == 1


def test_alias_that_contains_itself_is_a_fault_and_not_a_hang():
    text = changed(
        "- id: thing\n    label: Thing\n    children:",
        "- &t\n    id: thing\n    label: Thing\n    children:\n      - *t",
    )
    assert any("contains itself" in reason for _, reason in faults_of(text))


def test_aliases_that_blow_up_are_a_fault_and_not_a_hang():
    layers = [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 9)]
    text = "\n".join(["l0: &l0 [a, b]", *layers])
    assert any("entries" in reason for _, reason in faults_of(text))


def test_deep_nesting_is_a_fault_and_not_a_crash():
    assert faults_of("[" * 5000 + "]" * 5000)


def test_control_character_is_a_fault_at_its_line():
    assert faults_of("format: 1\nid: \x01\n")[0][0] == 2


def test_missing_file_and_wrong_encoding_are_clear_errors(tmp_path):
    with pytest.raises(OntologyError, match=r"cannot read the ontology file .*none\.yaml"):
        load_ontology(tmp_path / "none.yaml")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("label: Möbel".encode("latin-1"))
    with pytest.raises(OntologyError, match="not UTF-8"):
        load_ontology(latin)


def test_byte_order_mark_is_ignored(tmp_path):
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_ontology(path).id == "small"


def test_shipped_and_fixture_ontologies_load():
    assert len(load_ontology(FURNITURE).leaves) >= 20
    if default_ontology_path().is_file():
        assert load_ontology(default_ontology_path()).leaves


def test_ontology_survives_a_trip_to_another_process():
    ontology = load_ontology(FURNITURE)
    copy = pickle.loads(pickle.dumps(ontology))  # noqa: S301  # our own bytes
    assert copy == ontology
    assert hash(copy) == hash(ontology)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ontology=ontologies())
def test_reading_the_kept_source_gives_the_same_ontology(ontology):
    assert parse_ontology(ontology.source, file="again.yaml") == ontology


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_damaged_files_give_faults_or_load_and_never_crash(data):
    lines = SMALL.splitlines()
    where = data.draw(st.integers(0, len(lines) - 1))
    junk = data.draw(st.text(alphabet=" :-[]{}&*!|>'\"#%@,abid1\t", max_size=12))
    lines[where] = data.draw(st.sampled_from([junk, lines[where] + junk, junk + lines[where]]))
    faults = ()
    try:
        loaded = parse_ontology("\n".join(lines), file="damaged.yaml")
    except OntologyError as error:
        loaded, faults = None, error.faults
    assert (loaded is None) == bool(faults)
    assert all(1 <= fault.line <= len(lines) + 1 for fault in faults)
