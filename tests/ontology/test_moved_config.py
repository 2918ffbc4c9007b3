"""An old config, read as one that speaks of new ids."""

from __future__ import annotations

from ontology import parse_ontology
from ontology.compare import compare
from ontology.config_map import ConfigMap
from ontology.keep_config import migrated_config
from ontology.label_config import build_label_config
from ontology.moved_config import moved_config

OLD = """
format: 1
id: lamps
version: "1"
label: Lamps
categories:
  - {id: desk, label: Desk lamp}
  - {id: wall, label: Wall lamp}
attributes:
  - id: shade
    label: Shade
    kind: exclusive
    applies_to: [desk, wall]
    values:
      - {id: cone, label: Cone}
      - {id: drum, label: Drum}
      - {id: globe, label: Globe}
  - id: power
    label: Power
    kind: multiple
    applies_to: [desk]
    values: [{id: mains, label: Mains}]
"""
NEW = (
    OLD[: OLD.index("  - id: power")]
    .replace("{id: wall, label: Wall lamp}", "{id: sconce, label: Sconce, was: wall}")
    .replace("[desk, wall]", "[desk, sconce]")
    .replace("id: shade\n", "id: form\n    was: shade\n")
    .replace("{id: cone, label: Cone}", "{id: tip, label: Tip, was: cone}")
    .replace("      - {id: globe, label: Globe}\n", "      - {id: ball, label: Ball}\n")
    .replace(
        "{id: drum, label: Drum}",
        "{id: low, label: Low, was: drum}\n      - {id: high, label: High, was: drum}",
    )
)


def ontologies():
    return parse_ontology(OLD, file="old.yaml"), parse_ontology(NEW, file="new.yaml")


def test_strings_of_the_old_config_stand_for_new_ids():
    old, new = ontologies()

    moved = moved_config(ConfigMap.parse(build_label_config(old), old), compare(old, new))
    tag = moved.choices_by_name["shade"]

    assert moved.category_by_label == {"Desk lamp": "desk", "Wall lamp": "sconce"}
    assert tag.attribute == "form"
    assert tag.value_by_label == {"Cone": "tip"}
    assert tag.legacy == {"Drum": {"low", "high"}, "Globe": frozenset()}
    assert moved.choices["form", "sconce"] == tag
    assert moved.hidden_tags == {"power": ("Mains",)}
    assert tag.cannot_tell_label == "Cannot tell"


def test_old_config_and_the_one_that_was_written_for_the_change_mean_the_same():
    old, new = ontologies()
    migration = compare(old, new)
    xml = build_label_config(old)

    moved = moved_config(ConfigMap.parse(xml, old), migration).choices_by_name["shade"]
    written = ConfigMap.parse(migrated_config(xml, migration), new).choices_by_name["shade"]

    for text, value in moved.value_by_label.items():
        assert written.value_by_label[text] == value
    assert written.legacy == moved.legacy
    assert "ball" in written.label_by_value
    assert "ball" not in moved.label_by_value  # was not offered
