"""The report's files: harmless in a spreadsheet, whole without a network."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

import pytest
from PIL import Image

from tagger.audit.findings import AuditReport, Finding, FindingKind, ListingResult
from tagger.audit.page import render_page
from tagger.audit.report import COLUMNS, write_csv, write_json


@pytest.fixture
def report():
    finding = Finding(
        kind=FindingKind.CONTRADICTS_PICTURE,
        product_id="=HYPERLINK(1)",
        attribute="shade",
        claim="<script>alert(1)</script>",
        seen="drum",
        risk=0.91,
        reason="claimed <script>",
        picture="a.jpg",
        region_id="r1",
    )
    region = {"id": "r1", "box": [1.0, 2.0, 30.0, 40.0], "primary": True}
    listing = ListingResult(
        product_id="=HYPERLINK(1)",
        title="A <b>lamp</b>",
        claims={"shade": ("globe",)},
        claim_text={"shade": "<script>alert(1)</script>"},
        pictures=("a.jpg", "gone.jpg"),
        regions={"a.jpg": [region]},
        findings=(finding,),
    )
    return AuditReport(model_version="v1", listings=(listing,), notes=("line 3: <i>",))


def _open(reference):
    return Image.new("RGB", (80, 100), (10, 200, 30)) if reference == "a.jpg" else None


def test_cells_of_the_table_start_no_formula(report, tmp_path):
    write_csv(report, tmp_path / "f.csv")
    with (tmp_path / "f.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)

    assert tuple(row) == COLUMNS
    assert row["product_id"] == "'=HYPERLINK(1)"
    assert row["risk"] == "0.91"


def test_the_json_holds_listings_findings_and_notes(report, tmp_path):
    write_json(report, tmp_path / "a.json")
    plain = json.loads((tmp_path / "a.json").read_text())

    assert plain["counts"] == {"contradicts_picture": 1}
    assert plain["listings"][0]["findings"][0]["seen"] == "drum"
    assert plain["notes"] == ["line 3: <i>"]


def test_the_page_needs_nothing_from_outside_and_shows_sellers_words_as_text(report):
    page = render_page(report, open_picture=_open)

    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "url(" not in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert '<rect class="primary" x="1.0"' in page


def test_heat_is_shown_for_the_finding_that_has_it(report):
    drawn = Image.new("RGB", (80, 100))
    page = render_page(report, open_picture=_open, overlay=lambda image, finding: drawn)

    assert "where the model looked for drum" in page
    assert "where the model looked" not in render_page(report, open_picture=_open)


def test_what_is_not_shown_is_counted(report):
    assert "1 more listings" in render_page(report, open_picture=_open, num_shown=0)


@pytest.fixture
def sold(report):
    (wrong,) = report.listings
    shown = {"claims": {}, "claim_text": {}, "pictures": (), "regions": {}}

    def listing(product, seller, *kinds):
        findings = tuple(
            Finding(kind=kind, product_id=product, reason="r", risk=0.5) for kind in kinds
        )
        return ListingResult(
            product_id=product, title="", seller=seller, findings=findings, **shown
        )

    blurred, contradicts = FindingKind.BLURRED_PICTURE, FindingKind.CONTRADICTS_PICTURE
    return AuditReport(
        model_version="v1",
        listings=(
            replace(wrong, seller="+Shop <1>"),
            listing("a", "B", contradicts, contradicts, blurred),
            listing("b", "B", FindingKind.WRONG_GARMENT),
            listing("c", "B"),
            listing("d", "B", blurred),
            listing("e", ""),
        ),
    )


def test_sellers_are_summed_up_with_the_most_contradicted_first(sold):
    plain = [seller.to_dict() for seller in sold.sellers]

    assert [one["seller"] for one in plain] == ["B", "+Shop <1>", ""]
    assert plain[0] == {
        "seller": "B",
        "num_listings": 4,
        "num_faulty": 3,
        "num_contradicted": 2,
        "share_contradicted": 0.5,
        "counts": {"contradicts_picture": 2, "wrong_garment": 1, "blurred_picture": 2},
    }
    assert sold.to_dict()["sellers"] == plain
    assert plain[2]["share_contradicted"] == 0.0


def test_every_file_names_the_seller(sold, tmp_path):
    write_csv(sold, tmp_path / "f.csv")
    with (tmp_path / "f.csv").open(newline="") as stream:
        sellers = {row["product_id"]: row["seller"] for row in csv.DictReader(stream)}
    page = render_page(sold, open_picture=_open)

    assert sellers["'=HYPERLINK(1)"] == "'+Shop <1>"
    assert sellers["a"] == "B"
    assert sold.to_dict()["listings"][1]["seller"] == "B"
    assert "<caption>Sellers</caption>" in page
    assert "seller: +Shop &lt;1&gt;" in page
    assert "<td>2 (50%)</td>" in page


def test_without_sellers_nothing_is_summed_up(report):
    assert report.sellers == ()
    assert "Sellers" not in render_page(report, open_picture=_open)
