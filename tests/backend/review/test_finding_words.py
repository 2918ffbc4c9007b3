"""Why an item needs a look, in words."""

from __future__ import annotations

from typing import Any

import pytest

from backend.review.finding_words import finding_line, finding_text
from backend.review.items import put_items
from backend.review.wording import Wording
from tests.backend.review.support import Backend, finding, ontology


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "claim contradicts picture: Pattern, claimed plain, seen striped"),
        ({"kind": "low_confidence", "claim": ""}, "low confidence: Pattern, seen striped"),
        ({"kind": "unknown_words", "seen": ""}, "unknown words: Pattern, claimed plain"),
        ({"kind": "missing_mandatory", "claim": "", "seen": ""}, "missing mandatory: Pattern"),
        (
            {"kind": "no_garment", "attribute": "", "claim": "", "seen": "", "reason": "too far"},
            "no garment: too far",
        ),
    ],
)
def test_a_line_of_the_queue_leaves_out_what_is_not_known(
    fields: dict[str, Any], line: str
) -> None:
    assert finding_line(finding(**fields), Wording(ontology())) == line


def test_several_values_that_were_seen_have_their_labels() -> None:
    found = finding("category", claim="", seen="shirt, bag")

    assert finding_line(found, Wording(ontology())).endswith("Category, seen Shirt, Bag")
    assert finding_text(found, Wording(ontology())).endswith(": Shirt, Bag")


def test_the_queue_ends_no_line_with_seen_nothing(backend: Backend) -> None:
    missing = finding(kind="missing_mandatory", claim="", seen="", reason="not said")
    put_items(backend.database, [backend.item("one", findings=[missing])])

    page = backend.client.get("/review").text

    assert "<li>missing mandatory: Pattern</li>" in page
