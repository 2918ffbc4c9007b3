"""A project's config after a change of the ontology: every old string keeps its meaning."""

from __future__ import annotations

from ontology import parse_ontology
from ontology.check import check_label_config
from ontology.compare import compare
from ontology.config_map import ConfigMap
from ontology.keep_config import migrated_config
from ontology.label_config import build_label_config

OLD = """
format: 1
id: lamps
version: "1"
label: Lamps
categories:
  - {id: desk, label: Desk lamp}
  - {id: floor, label: Floor lamp}
  - {id: wall, label: Wall lamp}
attributes:
  - id: shade
    label: Shade
    kind: exclusive
    applies_to: [desk, floor, wall]
    values:
      - {id: cone, label: Cone}
      - {id: drum, label: Drum}
      - {id: globe, label: Globe}
  - id: power
    label: Power
    kind: multiple
    applies_to: [desk]
    values:
      - {id: mains, label: Mains}
"""


def old():
    return parse_ontology(OLD, file="old.yaml")


def changed(*pairs: tuple[str, str]):
    text = OLD
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return parse_ontology(text, file="new.yaml")


def after(*pairs: tuple[str, str]):
    """Give the new ontology and what its migrated config means."""
    new = changed(*pairs)
    xml = migrated_config(build_label_config(old()), compare(old(), new))
    assert check_label_config(xml, new) == ()
    return new, ConfigMap.parse(xml, new), xml


def test_renamed_value_keeps_its_string_and_shows_its_new_label():
    _, config, xml = after(("{id: drum, label: Drum}", "{id: barrel, label: Barrel, was: drum}"))

    assert config.choices_by_name["shade"].value_by_label["Drum"] == "barrel"
    assert config.choices_by_name["shade"].label_by_value["barrel"] == "Drum"
    assert 'value="Barrel" alias="Drum"' in xml


def test_new_label_alone_keeps_the_string_too():
    _, config, _ = after(("{id: drum, label: Drum}", "{id: drum, label: Barrel}"))

    assert config.choices_by_name["shade"].value_by_label["Drum"] == "drum"


def test_split_string_means_a_set_and_a_part_of_the_same_label_gets_a_string_of_its_own():
    _, config, _ = after(
        ("{id: drum, label: Drum}",
         "{id: drum, label: Drum}\n      - {id: tall, label: Tall, was: drum}"),
    )  # fmt: skip
    tag = config.choices_by_name["shade"]

    assert tag.legacy == {"Drum": {"drum", "tall"}}
    assert tag.value_by_label["drum"] == "drum"
    assert tag.value_by_label["Tall"] == "tall"


def test_merged_strings_mean_the_same_and_removed_ones_nothing():
    _, config, _ = after(
        ("      - {id: cone, label: Cone}\n      - {id: drum, label: Drum}\n",
         "      - {id: round, label: Round, was: [cone, drum]}\n"),
        ("      - {id: globe, label: Globe}\n", ""),
    )  # fmt: skip
    tag = config.choices_by_name["shade"]

    assert {text: tag.value_by_label[text] for text in ("Cone", "Drum")} == {
        "Cone": "round",
        "Drum": "round",
    }
    assert tag.label_by_value["round"] in {"Cone", "Drum"}
    assert tag.legacy == {"Globe": frozenset()}


def test_label_of_a_removed_value_that_another_one_takes_keeps_its_old_meaning():
    _, config, _ = after(("{id: globe, label: Globe}", "{id: ball, label: Globe}"))
    tag = config.choices_by_name["shade"]

    assert tag.legacy == {"Globe": frozenset()}
    assert tag.label_by_value["ball"] == "ball"


def test_tag_of_a_renamed_attribute_keeps_its_name():
    _, config, _ = after(
        ("- id: shade\n    label: Shade", "- id: form\n    label: Form\n    was: shade")
    )

    assert config.choices_by_name["shade"].attribute == "form"


def test_tag_of_a_removed_attribute_stays_hidden():
    _, config, xml = after((OLD[OLD.index("  - id: power") :], ""))

    assert config.hidden_tags == {"power": ("Mains", "Other / not in the list", "Cannot tell")}
    assert 'style="display: none"' in xml


def test_tag_that_comes_apart_keeps_its_name_for_most_of_its_categories():
    new, config, _ = after(
        ("{id: globe, label: Globe}", "{id: globe, label: Globe, except_for: [wall]}")
    )

    assert config.choices["shade", "desk"].name == "shade"
    assert config.choices["shade", "floor"].name == "shade"
    assert config.choices["shade", "wall"].name == "shade__wall"
    assert new.allowed("wall", "shade") == ("cone", "drum")


def test_labels_keep_their_strings_and_questions_depend_on_them():
    new, config, xml = after(
        ("{id: desk, label: Desk lamp}", "{id: table, label: Table lamp, was: desk}"),
        ("{id: wall, label: Wall lamp}",
         "{id: sconce, label: Sconce, was: wall}\n  - {id: spot, label: Spot, was: wall}"),
        ("applies_to: [desk, floor, wall]", "applies_to: [table, floor, sconce]"),
        ("applies_to: [desk]", "applies_to: [table]"),
    )  # fmt: skip

    assert config.category_by_label["Desk lamp"] == "table"
    assert config.legacy_labels == {"Wall lamp": {"sconce", "spot"}}
    # An old region is still asked about what one of the parts has, so that nothing is dropped.
    assert 'whenLabelValue="Desk lamp,Floor lamp,Sconce,Wall lamp"' in xml
    assert new.leaves == ("table", "floor", "sconce", "spot")


def test_second_change_follows_the_strings_of_the_first():
    first = changed(
        ("{id: drum, label: Drum}",
         "{id: low, label: Low, was: drum}\n      - {id: tall, label: Tall, was: drum}"),
    )  # fmt: skip
    xml = migrated_config(build_label_config(old()), compare(old(), first))
    text = first.source.replace(
        "{id: low, label: Low, was: drum}", "{id: short, label: Short, was: low}"
    ).replace("{id: tall, label: Tall, was: drum}", "{id: tall, label: Tall}")
    second = parse_ontology(text, file="third.yaml")

    tag = ConfigMap.parse(migrated_config(xml, compare(first, second)), second).choices_by_name[
        "shade"
    ]

    assert tag.legacy == {"Drum": {"short", "tall"}}
    assert tag.value_by_label["Low"] == "short"


def test_nothing_changes_in_the_meaning_when_nothing_changed():
    xml = migrated_config(build_label_config(old()), compare(old(), old()))

    config, before = (ConfigMap.parse(x, old()) for x in (xml, build_label_config(old())))
    assert config.choices_by_name == before.choices_by_name
    assert config.category_by_label == before.category_by_label
