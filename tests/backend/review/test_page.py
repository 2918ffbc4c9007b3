"""Reviewing through the pages, as a browser without scripts does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.review.items import decisions_of, put_items
from tests.backend.review.support import TOKEN, Backend, finding, region, running_backend
from tests.tagger.promised import promised


def test_the_queue_shows_the_riskiest_first_and_why(backend: Backend) -> None:
    put_items(backend.database, [backend.item("low", risk=0.2), backend.item("high", risk=0.9)])

    page = backend.client.get("/review").text

    assert page.index("items/high") < page.index("items/low")
    assert "claimed plain, seen striped" in page


def test_an_item_shows_claim_prediction_and_probability(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", claim_text={"pattern": "pla&in"})])

    page = backend.client.get("/review/items/one").text

    assert "claimed: pla&amp;in" in page
    assert "55&nbsp;%" in page
    assert page.index(">Pattern<") < page.index(">Sleeve<"), "what needs a look comes first"


def test_an_answer_that_the_promise_accepts_says_so(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", model_version="fake-1")])
    assert "auto-accepted" not in backend.client.get("/review/items/one").text

    promised(backend.settings.data_dir, color=0.7, sleeve=0.91, pattern=None)

    page = backend.client.get("/review/items/one").text
    said = "at most 2 % of all accepted answers together are wrong, at 95 % confidence"
    assert page.count(f"auto-accepted by promise: {said}") == 1
    assert page.index(">Color<") < page.index("auto-accepted by promise") < page.index(">Sleeve<")


def test_a_decision_that_answers_the_question_closes_the_item_and_goes_on(
    backend: Backend,
) -> None:
    put_items(backend.database, [backend.item("one", risk=0.9), backend.item("two", risk=0.1)])

    answer = backend.cell("one", "fix", "pattern", "plain")

    assert backend.state("one") == "fixed"
    assert answer.headers["Location"] == "/review/next?after=one"
    assert backend.client.get("/review/next?after=one").headers["Location"] == "/review/items/two"


def test_another_decision_leaves_the_item_open(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    answer = backend.cell("one", "cannot_tell", "color")

    assert backend.state("one") == "open"
    assert answer.headers["Location"].startswith("/review/items/one#c")
    assert "cannot tell" in backend.client.get("/review/items/one").text


def test_accepting_the_rest_closes_the_item(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one"), backend.item("two")])

    backend.decide("one", "accept")
    backend.cell("two", "cannot_tell", "color")
    backend.decide("two", "accept")

    assert (backend.state("one"), backend.state("two")) == ("accepted", "fixed")


def test_rejecting_needs_a_listed_reason(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    assert backend.decide("one", "reject", reason="because").status_code == 400
    backend.decide("one", "reject", reason="wrong_product")

    assert backend.state("one") == "rejected"
    assert decisions_of(backend.database)[-1].reason == "wrong_product"


def test_undo_takes_back_the_last_decision_and_shows_its_item(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.cell("one", "cannot_tell", "color")
    backend.decide("one", "accept")

    answer = backend.client.post("/review/undo", data={"csrf": backend.token()})

    assert answer.headers["Location"] == "/review/items/one"
    assert backend.state("one") == "open"
    assert list(backend.standing("one").cells) == [("w_1", "color")]
    backend.client.post("/review/undo", data={"csrf": backend.token()})
    assert backend.standing("one").cells == {}
    assert [d.action for d in decisions_of(backend.database)] == [
        "cannot_tell",
        "accept",
        "undo",
        "undo",
    ], "nothing is ever removed"


def test_undo_leaves_other_reviewers_decisions_alone(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.decide("one", "accept")
    backend.sign_in("Ben")

    backend.client.post("/review/undo", data={"csrf": backend.token()})

    assert backend.state("one") == "accepted"


@pytest.mark.parametrize(
    ("attribute", "values"),
    [("pattern", ["checked"]), ("heel", ["flat"]), ("pattern", ["plain", "floral"]), ("color", [])],
)
def test_values_that_are_not_legal_are_refused(
    backend: Backend, attribute: str, values: list[str]
) -> None:
    put_items(backend.database, [backend.item("one")])

    backend.cell("one", "fix", attribute, *values)

    assert decisions_of(backend.database) == ()
    assert "Not taken" in backend.client.get("/review").text


def test_whoever_is_not_signed_in_sees_and_changes_nothing(tmp_path: Path) -> None:
    with running_backend(tmp_path) as backend:
        put_items(backend.database, [backend.item("one")])

        for path in ("", "/items/one", "/items/one/picture.jpg", "/grid", "/next"):
            answer = backend.client.get(f"/review{path}")
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/review/sign-in")
        assert backend.client.post("/review/items/one/decide").status_code == 403
        assert backend.client.post("/review/undo").status_code == 403


def test_a_form_of_another_site_is_refused(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    for token in ("", "x", "é"):
        form = {"action": "accept", "csrf": token}
        assert backend.client.post("/review/items/one/decide", data=form).status_code == 403
    assert decisions_of(backend.database) == ()


def test_signing_out_takes_a_form_of_this_session(backend: Backend) -> None:
    assert backend.client.get("/review/sign-out").status_code == 405, "a link or picture cannot"
    assert backend.client.post("/review/sign-out", data={"csrf": "x"}).status_code == 403
    assert backend.client.get("/review").status_code == 200, "still there"

    answer = backend.client.post("/review/sign-out", data={"csrf": backend.token()})

    assert answer.headers["Location"] == "/review/sign-in"
    assert backend.client.get("/review").status_code == 303


def test_only_listed_names_with_the_secret_get_in(tmp_path: Path) -> None:
    with running_backend(tmp_path, review_secret="s3cret") as backend:
        assert backend.sign_in("Ada", secret="wrong").status_code == 403
        assert backend.sign_in("Eve", secret="s3cret").status_code == 403
        assert backend.sign_in("Ada", secret="s3cret").status_code == 303
        assert backend.client.get("/review").status_code == 200


def test_without_a_secret_other_machines_stay_outside(tmp_path: Path) -> None:
    with running_backend(tmp_path) as backend:
        elsewhere = {"REMOTE_ADDR": "10.1.2.3"}
        page = backend.client.get("/review/sign-in", environ_base=elsewhere)
        token = TOKEN.search(page.text)
        assert token is not None

        form = {"csrf": token.group(1), "name": "Ada"}
        answer = backend.client.post("/review/sign-in", data=form, environ_base=elsewhere)

        assert answer.status_code == 403
        assert "WEFT_REVIEW_SECRET" in answer.text


def test_signing_in_leads_to_no_other_host(tmp_path: Path) -> None:
    with running_backend(tmp_path) as backend:
        page = backend.client.get("/review/sign-in")
        token = TOKEN.search(page.text)
        assert token is not None
        form = {"csrf": token.group(1), "name": "Ada"}

        answer = backend.client.post("/review/sign-in?next=//evil.example/review", data=form)

        assert answer.headers["Location"] == "/review"


def test_pages_load_nothing_from_elsewhere(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", claim_text={"title": "<script>alert(1)"})])

    answer = backend.client.get("/review/items/one")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "<script>alert" not in answer.text


def test_a_value_is_accepted_over_a_sample_and_then_over_all(backend: Backend) -> None:
    put_items(
        backend.database,
        [backend.item(f"i{number:02d}", findings=[finding("color")]) for number in range(15)],
    )
    where = "/review/grid?attribute=pattern&value=striped"
    answer = backend.client.get(where + "&all=1")
    assert answer.status_code == 303, "the sample comes first"
    shown = _shown(backend.client.get(where).text)
    assert len(shown) == 12

    form = {"csrf": backend.token(), "attribute": "pattern", "value": "striped", "shown": shown}
    answer = backend.client.post("/review/grid", data=form)
    assert "all=1" in answer.headers["Location"]
    rest = _shown(backend.client.get(answer.headers["Location"]).text)
    backend.client.post("/review/grid", data={**form, "shown": rest, "all": "1"})

    assert set(shown) | set(rest) == {f"i{number:02d}|w_1" for number in range(15)}
    decided = decisions_of(backend.database)
    assert {(d.action, d.attribute) for d in decided} == {("accept", "pattern")}
    assert len(decided) == 15


def test_a_wrong_one_in_the_sample_stays_open_and_stops_the_rest(backend: Backend) -> None:
    put_items(backend.database, [backend.item("a"), backend.item("b")])
    form = {
        "csrf": backend.token(),
        "attribute": "pattern",
        "value": "striped",
        "shown": ["a|w_1", "b|w_1"],
        "wrong": ["b|w_1"],
    }

    answer = backend.client.post("/review/grid", data=form)

    assert answer.headers["Location"] == "/review"
    assert (backend.state("a"), backend.state("b")) == ("accepted", "open")
    assert backend.client.post("/review/grid", data={**form, "all": "1"}).status_code == 403


def test_what_was_accepted_together_is_taken_back_together(backend: Backend) -> None:
    put_items(backend.database, [backend.item("a"), backend.item("b")])
    shown = ["a|w_1", "b|w_1"]
    form = {"csrf": backend.token(), "attribute": "pattern", "value": "striped", "shown": shown}
    backend.client.post("/review/grid", data=form)

    backend.client.post("/review/undo", data={"csrf": backend.token()})

    assert (backend.state("a"), backend.state("b")) == ("open", "open")


def test_pictures_that_are_gone_meanwhile_are_not_accepted_and_the_page_says_so(
    backend: Backend,
) -> None:
    put_items(backend.database, [backend.item("a")])
    form = {"csrf": backend.token(), "attribute": "pattern", "value": "striped"}
    (backend.folder / "a.jpg").unlink()

    answer = backend.client.post("/review/grid", data={**form, "shown": ["a|w_1"]})
    said = backend.client.get("/review").text
    backend.cell("a", "accept", "pattern")

    assert answer.headers["Location"] == "/review/grid?attribute=pattern&value=striped"
    assert 'role="alert">Not taken: ' in said
    assert 'role="alert">Not taken: ' in backend.client.get("/review").text
    assert decisions_of(backend.database) == ()


def test_a_picture_is_shown_without_what_its_file_says_otherwise(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    small = backend.client.get("/review/items/one/picture.jpg?small")

    assert small.mimetype == "image/jpeg"
    assert 0 < len(small.data) < 20_000
    assert backend.client.get("/review/items/one/masks.png").status_code == 404
    assert backend.client.get("/review/items/none/picture.jpg").status_code == 404


def test_masks_are_laid_over_the_picture(backend: Backend) -> None:
    import numpy as np

    from tagger.run_length import encode_mask

    mask = np.zeros((500, 400), dtype=bool)
    mask[100:200, 50:100] = True
    item = backend.item("one", regions=[region(mask=dict(encode_mask(mask)))])
    put_items(backend.database, [item])

    assert backend.client.get("/review/items/one/masks.png").mimetype == "image/png"


def _shown(page: str) -> list[str]:
    import re

    return re.findall(r'name="shown" value="([^"]+)"', page)
