"""The report's files: harmless in a spreadsheet, whole without a network."""

from __future__ import annotations

import csv
import json
import re

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
