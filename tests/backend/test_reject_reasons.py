from __future__ import annotations

from pathlib import Path

import pytest

from backend.reject_reasons import RejectReasonError, read_reasons


def test_every_reason_that_a_reviewer_can_give_has_a_text_for_the_seller() -> None:
    reasons = read_reasons()

    assert "wrong_product" in reasons
    for reason in reasons.values():
        text = reason.message({"product": "P-1", "attribute": "", "claim": "red"})
        assert "P-1" in text
        assert "{" not in text


def test_where_something_is_not_known_the_vaguer_text_is_sent() -> None:
    reason = read_reasons()["wrong_details"]
    known = {"product": "P-1", "attribute": "Colour", "claim": "tee", "seen": "Blue"}

    assert "says Colour: tee, but its pictures show Blue" in reason.message(known)
    assert "says something else than its pictures show" in reason.message(known | {"seen": ""})


def test_a_file_of_ones_own_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("reasons: [{code: late, label: Late, text: 'Too late: {product}'}]", "utf-8")

    assert list(read_reasons(path)) == ["late"]
    assert read_reasons(path)["late"].message({"product": "x"}) == "Too late: x"
    assert len(read_reasons(tmp_path / "absent.yaml")) > 5


def test_a_vaguer_text_that_is_left_empty_is_none(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("reasons: [{code: a, label: b, text: 'not {claim}', vague: }]", "utf-8")

    assert "None" not in read_reasons(path)["a"].message({})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reasons: 3", "expected `reasons`"),
        ("reasons: [{code: a, label: b}]", "expected `reasons`"),
        ("reasons: [{code: a, label: b, text: 'see {price}'}]", "price"),
        ("reasons: [{code: a, label: b, text: c}, {code: a, label: b, text: c}]", "once"),
        ("reasons: [{code: a, label: b, text: c, vague: 'see {price}'}]", "price"),
        ("reasons: []", "expected reasons"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")

    with pytest.raises(RejectReasonError, match=message):
        read_reasons(path)
