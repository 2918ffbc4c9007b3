"""Labels of one ontology, read from the ledger after the ontology has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.database import Database, EventRow, LabelConfigRow
from backend.events import store_event
from backend.ledger.derive import Ledger
from backend.ledger.migrate_labels import record_change
from backend.ledger.read import corrected_garments
from backend.ledger.rules import Rules
from ontology import CellState, Ontology, encode, layout, load_ontology, parse_ontology
from ontology.compare import compare
from ontology.config_map import ConfigMap
from ontology.keep_config import migrated_config
from ontology.label_config import build_label_config
from tagger.corrections import CorrectedGarment
from tests.backend.ledger.conftest import memory_database
from tests.backend.ledger.support import (
    annotation,
    box,
    changes,
    choice,
    dump,
    fetched,
    moment,
    prediction,
    put,
    task_snapshot,
    told,
)

FURNITURE = Path(__file__).parents[2] / "fixtures" / "furniture.yaml"
CHANGED_AT = 500.0
CHANGES = (
    # Renamed, merged, split, added and removed.
    ("{id: metal, label: Metal, aliases", "{id: steel, label: Steel, was: metal, aliases"),
    ("aliases: [steel, iron]", "aliases: [iron]"),
    ("implies: {material: [metal]}", "implies: {material: [steel]}"),
    (
        "- {id: oak, label: Oak, translations: {de: Eiche}}\n      - {id: pine, label: Pine}",
        "- {id: wood, label: Wood, was: [oak, pine]}\n      - {id: bamboo, label: Bamboo}",
    ),
    ("implies: {material: [oak, pine]}", "implies: {material: [wood]}"),
    ("implies: {material: [oak, pine, plastic]}", "implies: {material: [wood, plastic]}"),
    (
        "- {id: striped, label: Striped}",
        "- {id: wide_stripes, label: Wide stripes, was: striped}\n"
        "      - {id: narrow_stripes, label: Narrow stripes, was: striped}",
    ),
    (
        "- {id: blue, label: Blue}",
        "- {id: navy, label: Navy, was: blue}\n"
        "      - {id: sky, label: Sky, was: blue}\n"
        "      - {id: teal, label: Teal}",
    ),
    ("      - {id: checked, label: Checked}\n", ""),
    (
        "- {id: sofa, label: Sofa, aliases: [couch, settee], translations: {de: Sofa}}",
        "- {id: sofa, label: Sofa, was: sofa}\n"
        "          - {id: chaise, label: Chaise longue, was: sofa}",
    ),
    ("[sofa, armchair, bench, sofa_bed]", "[sofa, chaise, armchair, bench, sofa_bed]"),
    (
        "[sofa, armchair, bean_bag, sofa_bed, double_bed]",
        "[sofa, chaise, armchair, bean_bag, sofa_bed, double_bed]",
    ),
)


@lru_cache
def first() -> Ontology:
    return load_ontology(FURNITURE)


@lru_cache
def second() -> Ontology:
    text = FURNITURE.read_text("utf-8")
    for old, new in CHANGES:
        assert old in text, old
        text = text.replace(old, new)
    return parse_ontology(text, file="second.yaml")


@lru_cache
def first_xml() -> str:
    return build_label_config(first())


@lru_cache
def second_xml() -> str:
    return migrated_config(first_xml(), compare(first(), second()))


def region(
    region_id: str, category: str, *, ontology: Ontology, xml: str, **said: Iterable[str]
) -> list[dict[str, Any]]:
    """Answer as a person does who sees a config."""
    config = ConfigMap.parse(xml, ontology)
    found = [
        box(region_id, config.label_by_category[category], from_name=config.label_tag)  # type: ignore[index]
    ]
    for attribute, values in said.items():
        tag = config.choices[attribute, category]  # type: ignore[index]
        texts = [
            tag.cannot_tell_label if value == "?" else tag.label_by_value[value]  # type: ignore[index]
            for value in values
        ]
        found.append(choice(region_id, tag.name, *map(str, texts)))
    return found


def old_region(region_id: str, category: str, **said: Iterable[str]) -> list[dict[str, Any]]:
    return region(region_id, category, ontology=first(), xml=first_xml(), **said)


def new_region(region_id: str, category: str, **said: Iterable[str]) -> list[dict[str, Any]]:
    return region(region_id, category, ontology=second(), xml=second_xml(), **said)


def submitted(number: int, xml: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = told("CREATED", annotation(number, number, *results, **more))
    return body | {"project": body["project"] | {"label_config": xml}}


def change(database: Database, *, at: float = CHANGED_AT) -> None:
    """Change from the first ontology to the second, config included."""
    record_change(
        database, compare(first(), second()), config=second_xml(), clock=lambda: moment(at)
    )


def ledger(database: Database, ontology: Ontology) -> Ledger:
    made = Ledger(database=database, rules=Rules(ontology=ontology, blind_share=0.0))
    made.take_up_all()
    return made


def garments(database: Database, ontology: Ontology) -> dict[str, CorrectedGarment]:
    found = corrected_garments(database, ontology=ontology, accepted_weight=0.25)
    return {garment.region_id: garment for garment in found}


def target(garment: CorrectedGarment, ontology: Ontology, attribute: str, value: str) -> int:
    """Return the target of one value: 1, 0, or -1 for unknown."""
    where = layout(ontology).positions[attribute, value]  # type: ignore[index]
    return encode(ontology, garment.label).values[where]


def some_of(garment: CorrectedGarment, attribute: str) -> frozenset[str]:
    return frozenset(map(str, garment.label.cells[attribute].any_of))  # type: ignore[index]


def test_value_that_is_added_later_is_unknown_for_labels_made_before(database: Database) -> None:
    old = old_region("old", "chair", material=["plastic"], colour=["red"])
    put(database, submitted(1, first_xml(), *old, created=1))
    ledger(database, first())
    change(database)
    new = new_region("new", "chair", material=["plastic"], colour=["red"])
    put(database, submitted(2, second_xml(), *new, created=600))
    ledger(database, second()).rederive()

    found = garments(database, second())

    for attribute, added, present in (("material", "bamboo", "wood"), ("colour", "teal", "grey")):
        assert target(found["old"], second(), attribute, added) == -1
        assert target(found["new"], second(), attribute, added) == 0
        assert target(found["old"], second(), attribute, present) == 0
    assert target(found["old"], second(), "material", "plastic") == 1
    assert target(found["old"], second(), "colour", "red") == 1


@pytest.fixture
def changed(database: Database) -> Database:
    """Annotations under the first ontology, then the change, nothing derived in between."""
    shown = old_region("kept", "chair", material=["metal"], upholstery_pattern=["striped"])
    kept = old_region("kept", "chair", material=["metal"], upholstery_pattern=["striped"])
    put(database, fetched(prediction(7, 1, *shown)))
    put(database, submitted(1, first_xml(), *kept, parent=7))
    more = {
        "put": old_region(
            "put",
            "sofa",
            material=["oak"],
            upholstery_pattern=["checked"],
            colour=["red", "blue"],
            finish="?",
        ),
        "blank": old_region("blank", "mirror"),
    }
    for number, results in enumerate(more.values(), 2):
        put(database, submitted(number, first_xml(), *results))
    shown = old_region("cleared", "chair", upholstery_pattern=["striped"])
    put(database, fetched(prediction(8, 4, *shown)))
    put(database, submitted(4, first_xml(), *shown[:1], parent=8))
    change(database)
    return database


def test_labels_come_in_the_ids_of_the_new_ontology_with_their_four_states(
    changed: Database,
) -> None:
    ledger(changed, second())

    found = garments(changed, second())

    kept, given = found["kept"], found["put"]
    assert some_of(kept, "material") == {"steel"}
    assert kept.label.cells["material"].weight == 0.25  # type: ignore[index]
    assert some_of(kept, "upholstery_pattern") == {"wide_stripes", "narrow_stripes"}
    assert given.label.categories == {"sofa", "chaise"}
    assert some_of(given, "material") == {"wood"}
    assert given.label.cells["finish"].state is CellState.CANNOT_TELL  # type: ignore[index]
    assert "upholstery_pattern" not in given.label.cells  # what was said is not in the list now
    assert given.label.cells["colour"].positives == {"red"}  # type: ignore[index]
    assert some_of(given, "colour") == {"navy", "sky"}
    assert [target(given, second(), "colour", name) for name in ("red", "green", "teal")] == [
        1,
        0,
        -1,
    ]
    states = encode(second(), found["blank"].label).states
    assert states["material"] is CellState.MISSING  # type: ignore[index]
    assert states["finish"] is CellState.NOT_APPLICABLE  # type: ignore[index]
    cleared = found["cleared"].label.cells["upholstery_pattern"]  # type: ignore[index]
    assert cleared.negatives == {"wide_stripes", "narrow_stripes"}
    assert changes(changed)["put", "upholstery_pattern"] == "blank"


def test_every_label_fits_the_new_ontology(changed: Database) -> None:
    ledger(changed, second())

    for garment in garments(changed, second()).values():
        encode(second(), garment.label)


def test_going_back_gives_what_was_said_under_the_first_ontology(changed: Database) -> None:
    new = new_region(
        "new", "chaise", material=["wood"], upholstery_pattern=["wide_stripes"], colour=["teal"]
    )
    put(changed, submitted(9, second_xml(), *new, created=600))
    ledger(changed, second())
    ledger(changed, first())

    found = garments(changed, first())

    assert some_of(found["put"], "material") == {"oak"}
    assert some_of(found["put"], "upholstery_pattern") == {"checked"}
    assert found["put"].label.cells["colour"].positives == {"red", "blue"}  # type: ignore[index]
    assert found["put"].label.categories == {"sofa"}
    assert found["new"].label.categories == {"sofa"}
    assert some_of(found["new"], "material") == {"oak", "pine"}
    assert some_of(found["new"], "upholstery_pattern") == {"striped"}
    assert "colour" not in found["new"].label.cells  # only a value that is not there any more
    assert target(found["new"], first(), "upholstery_pattern", "checked") == -1  # not offered


def test_going_back_by_a_migration_keeps_renamed_values(changed: Database) -> None:
    back = migrated_config(second_xml(), compare(second(), first()))
    record_change(changed, compare(second(), first()), config=back, clock=lambda: moment(700))
    new = new_region("new", "chair", material=["steel"])
    put(changed, submitted(9, second_xml(), *new, created=600))
    ledger(changed, first())

    assert some_of(garments(changed, first())["new"], "material") == {"metal"}


def test_ledger_made_again_is_the_one_that_grew_with_the_changes(database: Database) -> None:
    bodies = [
        submitted(n, first_xml(), *old_region(f"r{n}", "sofa", material=[value]), created=n)
        for n, value in enumerate(("oak", "metal", "plastic"), 1)
    ]
    for body in bodies:
        put(database, body)
        ledger(database, first())
    change(database)
    put(database, submitted(9, second_xml(), *new_region("n", "chaise", material=["bamboo"])))
    made = ledger(database, second())
    grown = dump(database)
    made.rederive()

    assert dump(database) == grown
    other = memory_database()
    for row in reversed(_events(database)):
        _copy(row, database, other)
    ledger(other, second())
    assert dump(other) == grown
    other.close()


def test_change_that_another_process_records_is_noticed(database: Database) -> None:
    put(database, submitted(1, first_xml(), *old_region("r", "chair", material=["metal"])))
    made = ledger(database, second())  # promoted before the change was recorded
    assert "material" not in garments(database, second())["r"].label.cells
    change(database)
    made.take_up_all()

    assert some_of(garments(database, second())["r"], "material") == {"steel"}


def test_old_answer_that_became_known_after_the_change_refuses_nothing_new(
    database: Database,
) -> None:
    change(database)
    results = old_region("r", "chair", material=["plastic"], colour=["red"])
    body = task_snapshot(1, [annotation(1, 1, *results, created=10, updated=10)], at=900)
    put(database, body | {"project": body["project"] | {"label_config": second_xml()}})
    ledger(database, second())

    found = garments(database, second())["r"]

    assert target(found, second(), "material", "bamboo") == -1
    assert target(found, second(), "colour", "teal") == -1
    assert target(found, second(), "material", "wood") == 0


def test_answer_shown_again_after_the_change_keeps_what_it_was_offered(
    database: Database,
) -> None:
    results = old_region("r", "chair", material=["plastic"])
    said = annotation(1, 1, *results, created=10, updated=10)
    body = told("CREATED", said)
    put(database, body | {"project": body["project"] | {"label_config": first_xml()}})
    change(database)
    again = task_snapshot(1, [said], at=900)
    put(database, again | {"project": again["project"] | {"label_config": second_xml()}})
    ledger(database, second())

    assert target(garments(database, second())["r"], second(), "material", "bamboo") == -1


def _events(database: Database) -> list[tuple[str, str | None, datetime]]:
    with database.transaction() as session:
        rows = session.scalars(select(EventRow).order_by(EventRow.id))
        return [(row.body, row.label_config_sha256, row.received_at) for row in rows]


def _copy(row: tuple[str, str | None, datetime], database: Database, other: Database) -> None:
    import json

    body, sha256, at = row
    content = json.loads(body)
    if sha256 is not None:
        with database.transaction() as session:
            content["project"]["label_config"] = session.get_one(LabelConfigRow, sha256).xml
    store_event(other, content, clock=lambda: at)
