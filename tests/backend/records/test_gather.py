from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.database import Database
from backend.records.gather import records_of
from backend.records.products import ProductTable, RecordsError, read_products
from backend.records.record import ProductRecord, RecordState, Source
from backend.records.write import RecordFormat, write_records, write_rejections
from backend.reject_reasons import read_reasons
from backend.review.items import ReviewItem, put_items
from backend.review.tables import ReviewDecisionRow
from ontology.model import Ontology
from tagger.promise_file import PromiseSet
from tagger.promise_scope import Scope
from tests.backend.ledger.conftest import memory_database
from tests.backend.ledger.support import (
    annotation,
    box,
    choice,
    ledger,
    put,
    recorded_ontology,
    told,
)
from tests.tagger.promised import promise_set

ANNOTATED = "/data/upload/4/10.jpg"


@pytest.fixture
def database() -> Iterator[Database]:
    made = memory_database()
    yield made
    made.close()


@pytest.fixture
def ontology() -> Ontology:
    return recorded_ontology()


def region(name: str = "w_1", **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "box": [40.0, 50.0, 200.0, 300.0],
        "primary": True,
        "category": "shirt",
        "category_score": 0.99,
        "attributes": {
            "sleeve": [{"value": "short", "score": 0.97}],
            "pattern": [{"value": "striped", "score": 0.6}],
        },
        **fields,
    }


def item(name: str, **fields: Any) -> ReviewItem:
    base = ReviewItem(
        id=name,
        source="audit",
        image=f"{name}.jpg",
        product_id="P1",
        regions=[region()],
        model_version="v1",
    )
    return replace(base, **fields)


def decide(database: Database, number: int, item_id: str, action: str, **fields: Any) -> None:
    with database.transaction() as session:
        session.add(
            ReviewDecisionRow(
                **{
                    "id": number,
                    "item_id": item_id,
                    "reviewer": "Asha",
                    "role": "reviewer",
                    "action": action,
                    "attribute": None,
                    "before": {},
                    "after": {},
                    "reason": "",
                    "seconds": 2.0,
                    "is_gold": False,
                    "decided_at": datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=number),
                    **fields,
                }
            )
        )


def promises(version: str) -> PromiseSet | None:
    if version != "v1":
        return None
    return promise_set(scope=Scope.EACH, category=0.95, sleeve=0.95, pattern=0.95)


def made(database: Database, **more: Any) -> dict[str, ProductRecord]:
    found = records_of(database, ontology=recorded_ontology(), promises=promises, **more)
    return {record.product_id: record for record in found}


def test_what_the_promise_accepts_is_taken_and_what_it_does_not_is_suggested(
    database: Database,
) -> None:
    put_items(database, [item("a")])

    record = made(database)["P1"]

    assert record.category.values == ("shirt",)
    assert record.cells["sleeve"].state is RecordState.AUTO_ACCEPTED
    assert record.cells["sleeve"].by == "v1"
    assert record.cells["pattern"].state is RecordState.UNDECIDED
    assert record.cells["pattern"].suggestion == ("striped",)


def test_a_version_without_promises_is_never_taken_at_its_word(database: Database) -> None:
    put_items(database, [item("a", model_version="v2")])

    record = made(database)["P1"]

    assert record.category.state is RecordState.UNDECIDED
    assert not any(cell.values for cell in record.cells.values())


def test_a_reviewer_comes_before_the_model_and_what_is_taken_back_does_not_count(
    database: Database,
) -> None:
    put_items(database, [item("a")])
    fixed = {"region": "w_1", "values": ["long"]}
    decide(database, 1, "a", "fix", attribute="sleeve", after=fixed)
    decide(database, 2, "a", "cannot_tell", attribute="pattern", after={"region": "w_1"})
    decide(database, 3, "a", "undo", after={"undone": [2]})

    cells = made(database)["P1"].cells

    assert (cells["sleeve"].values, cells["sleeve"].by) == (("long",), "Asha")
    assert cells["sleeve"].source is Source.REVIEWER
    assert cells["pattern"].state is RecordState.UNDECIDED


def test_an_item_that_was_accepted_whole_holds_as_it_was_predicted(database: Database) -> None:
    put_items(database, [item("a")])
    decide(database, 1, "a", "accept")

    cells = made(database)["P1"].cells

    assert cells["pattern"].values == ("striped",)
    assert cells["pattern"].source is Source.REVIEWER


def test_a_claim_counts_unless_a_finding_or_the_picture_contradicts_it(
    database: Database,
) -> None:
    unsure = region(attributes={"pattern": [{"value": "striped", "score": 0.6}]})
    claims = {"category": ["shirt"], "sleeve": ["long"], "color": ["red"], "pattern": ["plain"]}
    finding = {"attribute": "color", "claim": "red", "risk": 0.9, "reason": "blue is seen"}
    told_by = {"seller": "Shop & Co"}
    put_items(
        database,
        [item("a", regions=[unsure], claims=claims, findings=[finding], claim_text=told_by)],
    )

    record = made(database)["P1"]

    assert record.seller == "Shop & Co"
    assert record.cells["sleeve"].values == ("long",)
    assert (record.cells["sleeve"].source, record.cells["sleeve"].by) == (
        Source.SELLER,
        "Shop & Co",
    )
    assert record.cells["color"].reasons == ("claim_contradicted: blue is seen",)
    assert record.cells["pattern"].reasons == ("claim_contradicted: the picture shows striped",)


def test_views_of_one_product_make_one_record(database: Database) -> None:
    other = region(attributes={"sleeve": [{"value": "long", "score": 0.7}]})
    put_items(database, [item("a"), item("b", regions=[other])])

    record = made(database)["P1"]

    assert record.pictures == ("a.jpg", "b.jpg")
    assert record.cells["sleeve"].state is RecordState.UNDECIDED
    assert "views_disagree" in record.cells["sleeve"].reasons


def annotate(database: Database, *, ground_truth: bool = False) -> None:
    said = annotation(
        1,
        10,
        box("r", "Shirt"),
        choice("r", "sleeve", "long"),
        ground_truth=ground_truth,
        completed_by=7,
    )
    put(database, told("CREATED", said))
    ledger(database).take_up_all()


@pytest.mark.parametrize(
    ("ground_truth", "source"), [(False, Source.ANNOTATORS), (True, Source.GROUND_TRUTH)]
)
def test_annotators_are_named_and_come_before_the_model(
    ground_truth: bool, source: Source, database: Database
) -> None:
    annotate(database, ground_truth=ground_truth)
    answers = [{"image": ANNOTATED, "model_version": "v1", "regions": [region()]}]

    record = made(
        database,
        products=ProductTable(products={ANNOTATED: "P9"}, sellers={"P9": "Shop"}),
        predictions=answers,
    )["P9"]

    assert record.category.by == "annotator 7"
    assert record.cells["sleeve"].values == ("long",)
    assert record.cells["sleeve"].source is source
    assert record.seller == "Shop"


def test_two_sellers_products_with_one_picture_stay_two_records(database: Database) -> None:
    copied = {"image": "same.jpg"}
    items = [
        item("a", product_id="P1", claims={"color": ["red"]}, claim_text={"seller": "A"}, **copied),
        item(
            "b", product_id="P2", claims={"color": ["blue"]}, claim_text={"seller": "B"}, **copied
        ),
    ]
    put_items(database, items)

    records = made(database)

    assert {name: record.seller for name, record in records.items()} == {"P1": "A", "P2": "B"}
    assert [records[name].cells["color"].values for name in ("P1", "P2")] == [("red",), ("blue",)]
    assert records["P2"].cells["color"].by == "B"


def test_two_sellers_products_with_one_id_stay_two_records(
    database: Database, ontology: Ontology, tmp_path: Path
) -> None:
    items = [
        item("a", claims={"color": ["red"]}, claim_text={"seller": "A"}),
        item("b", claims={"color": ["blue"]}, claim_text={"seller": "B"}),
    ]
    put_items(database, items)
    decide(database, 1, "b", "reject", reason="no_product")

    records = list(records_of(database, ontology=ontology, promises=promises))

    assert [(one.product_id, one.seller, one.pictures) for one in records] == [
        ("P1", "A", ("a.jpg",)),
        ("P1", "B", ("b.jpg",)),
    ]
    assert [one.cells["color"].values for one in records] == [("red",), ("blue",)]
    told = write_rejections(records, tmp_path, reasons=read_reasons(), ontology=ontology)
    assert told == {"B.csv": 1}, "A has been refused nothing"


def test_an_item_that_names_no_seller_is_of_the_only_one(database: Database) -> None:
    put_items(database, [item("a", claim_text={"seller": "A"}), item("b")])

    (record,) = made(database).values()

    assert (record.seller, record.pictures) == ("A", ("a.jpg", "b.jpg"))


def test_a_picture_of_no_known_product_is_a_product_of_its_own(database: Database) -> None:
    annotate(database)

    assert list(made(database)) == [ANNOTATED]


def test_every_format_says_the_same(database: Database, ontology: Ontology, tmp_path: Path) -> None:
    from pyarrow import parquet

    put_items(database, [item("a", claims={"color": ["red"]}), item("b", product_id="P2")])
    records = list(made(database).values())
    for form in RecordFormat:
        path = tmp_path / f"out.{form}"
        assert write_records(records, path, format_=form, ontology=ontology) == 2

    plain = json.loads((tmp_path / "out.json").read_text("utf-8"))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    for one, row, line in zip(plain, rows, table, strict=True):
        cells = {cell["attribute"]: cell for cell in line["cells"]}
        assert one["product_id"] == row["product_id"] == line["product_id"]
        assert set(cells) == {"category", *one["attributes"]}
        for name, cell in {"category": one["category"], **one["attributes"]}.items():
            assert " ".join(cell["value"]) == row[name] == " ".join(cells[name]["value"])
            assert cell["state"] == row[f"{name}.state"] == cells[name]["state"]
            assert cell["source"] == (row[f"{name}.source"] or None) == cells[name]["source"]
    assert plain[0]["attributes"]["color"]["source"] == "seller"


def test_a_seller_is_told_why_a_listing_was_refused(
    database: Database, ontology: Ontology, tmp_path: Path
) -> None:
    put_items(database, [item("a", claim_text={"seller": "../Shop"})])
    decide(database, 1, "a", "reject", reason="no_product")

    files = write_rejections(
        made(database).values(), tmp_path / "out", reasons=read_reasons(), ontology=ontology
    )

    (name,) = files
    assert (tmp_path / "out" / name).parent == tmp_path / "out"
    assert files[name] == 1
    with (tmp_path / "out" / name).open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["reason"] == "no_product"
    assert "P1" in row["message"]


FINDINGS = [
    {"kind": "contradicts_picture", "attribute": "pattern", "claim": "dots", "seen": "striped"},
    {"kind": "wrong_garment", "attribute": "category", "claim": "Frock", "seen": "shirt"},
    {"kind": "missing_mandatory", "attribute": "sleeve", "claim": "", "seen": "short"},
]


@pytest.mark.parametrize(
    ("reason", "findings", "message"),
    [
        ("wrong_details", FINDINGS, "says Pattern: dots, but its pictures show striped"),
        ("wrong_category", FINDINGS, "under Frock, but its pictures show Shirt"),
        ("missing_attribute", FINDINGS, "does not say this: Sleeve"),
        ("wrong_details", [], "says something else than its pictures show"),
        ("wrong_category", [], "a category that its pictures do not show"),
        ("missing_attribute", [], "leaves a mandatory answer out"),
    ],
)
def test_a_refusal_names_what_is_wrong_where_that_is_known(
    database: Database,
    ontology: Ontology,
    tmp_path: Path,
    reason: str,
    findings: list[dict[str, Any]],
    message: str,
) -> None:
    put_items(database, [item("a", claims={"category": ["dress"]}, findings=findings)])
    decide(database, 1, "a", "reject", reason=reason)

    write_rejections(made(database).values(), tmp_path, reasons=read_reasons(), ontology=ontology)

    (path,) = tmp_path.iterdir()
    with path.open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert message in row["message"]


def test_what_a_reviewer_put_in_place_counts_before_findings(
    database: Database, ontology: Ontology, tmp_path: Path
) -> None:
    claims = {"color": ["red"]}
    words = {"color": "cherry", "seller": "Shop"}
    put_items(database, [item("a", claims=claims, claim_text=words, findings=FINDINGS)])
    decide(database, 1, "a", "fix", attribute="color", after={"region": "w_1", "values": ["blue"]})
    decide(database, 2, "a", "reject", reason="wrong_details")

    write_rejections(made(database).values(), tmp_path, reasons=read_reasons(), ontology=ontology)

    told = (tmp_path / "Shop.csv").read_text("utf-8")
    assert "Shop,P1,wrong_details" in told
    assert ": cherry, but its pictures show blue" in told


def test_a_category_below_the_claimed_one_is_no_fault(
    database: Database, ontology: Ontology, tmp_path: Path
) -> None:
    claims = {"category": ["footwear"]}
    boot = region(category="boot", attributes={})
    put_items(database, [item("a", claims=claims, regions=[boot], claim_text={"seller": "Shop"})])
    fixed = {"region": "w_1", "values": ["sandal"]}
    decide(database, 1, "a", "fix", attribute="category", after=fixed)
    decide(database, 2, "a", "reject", reason="wrong_details")

    write_rejections(made(database).values(), tmp_path, reasons=read_reasons(), ontology=ontology)

    assert "Sandal" not in (tmp_path / "Shop.csv").read_text("utf-8")


def test_a_quote_that_is_not_closed_in_a_table_of_products_is_named(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text('image,product_id\na,b\nc,"d\ne,f\ng,h\n', encoding="utf-8")

    with pytest.raises(RecordsError, match=r"products\.csv:3: "):
        read_products(path)


def test_a_table_of_products_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("picture,product_id\na,b\n", encoding="utf-8")

    with pytest.raises(RecordsError, match="no column image"):
        read_products(path)
