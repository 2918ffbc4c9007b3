"""The evidence panel: served to whoever has its address, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.overlays import references_in
from backend.overlays_secret import OverlaySecrets, panel_address
from backend.predictor import Outcome, TaskOutcome
from backend.requests import TaskRef
from backend.review.items import put_items
from tagger.explain import CellMap
from tests.backend.review.support import Backend, running_backend

UID = "4.1795227436"


class FakeExplainer:
    """Says that the model looked at the upper left, always."""

    def __init__(self) -> None:
        self.calls = 0

    def explain(
        self, image: Any, region: Any, cells: Sequence[Any], *, contrasts: Any = (), check: Any = ()
    ) -> tuple[CellMap, ...]:
        self.calls += 1
        heat = np.zeros((7, 7), dtype=np.float32)
        heat[:3, :3] = 1.0
        return tuple(
            CellMap(
                attribute=attribute,
                value=value,
                heat=heat,
                box=(0.0, 0.0, float(image.width), float(image.height)),
                share_on_garment=0.75,
                is_trusted=False if check else None,
                contrast_with=other,
            )
            for attribute, value, other in [*((*cell, None) for cell in cells), *contrasts]
        )


@pytest.fixture
def explainer() -> FakeExplainer:
    return FakeExplainer()


@pytest.fixture
def backend(tmp_path: Path, explainer: FakeExplainer) -> Iterator[Backend]:
    with running_backend(tmp_path, explainer=explainer, blind_share=0.0) as made:
        yield made


def asked(backend: Backend, name: str = "one", *, uid: str = UID, data: Any = None) -> str:
    """Let Label Studio ask about a picture; returns its reference."""
    image = backend.item(name).image
    task = TaskRef(id=7, data={"image": image, **(data or {})})
    outcome = TaskOutcome(task=task, outcome=Outcome.READY, image=image)
    backend.reviewing.asked.note(uid, [outcome])
    return image


def address(backend: Backend, image: str, *, uid: str = UID) -> str:
    secret = OverlaySecrets.of(backend.settings).secret(uid)
    return panel_address("", secret, image_key="image").replace("$image", image)


def test_a_task_s_picture_comes_with_what_other_origins_need(backend: Backend) -> None:
    answer = backend.client.get(address(backend, asked(backend)))

    assert answer.status_code == 200
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_it_is_served_before_and_after_it_is_written_down(backend: Backend) -> None:
    where = address(backend, asked(backend))
    assert backend.client.get(where).status_code == 200
    while backend.reviewing.asked():
        pass

    assert backend.client.get(where).status_code == 200


def test_a_picture_is_explained_once(backend: Backend, explainer: FakeExplainer) -> None:
    where = address(backend, asked(backend))
    backend.client.get(where)
    backend.client.get(where)

    assert explainer.calls == 1


def test_everything_else_is_the_same_404(backend: Backend) -> None:
    mine = asked(backend)
    others = asked(backend, "two", uid="5.1")
    never = backend.item("three").image
    own = address(backend, "")
    wrong = [
        address(backend, others),
        address(backend, never),
        address(backend, "/etc/passwd"),
        address(backend, "http://169.254.169.254/"),
        address(backend, mine, uid="6.1"),
        own.replace("image=", "picture=") + mine,
        own + mine + "x" * 9000,
        f"/overlays/é/evidence.jpg?image={mine}",
        f"/overlays//evidence.jpg?image={mine}",
    ]

    answers = [backend.client.get(where) for where in wrong]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


def test_a_blind_task_s_panel_says_nothing(tmp_path: Path, explainer: FakeExplainer) -> None:
    with running_backend(tmp_path, explainer=explainer, blind_share=1.0) as backend:
        answer = backend.client.get(address(backend, asked(backend)))

    assert answer.status_code == 200
    assert explainer.calls == 0


def test_a_picture_that_is_gone_is_a_503_without_a_reason(backend: Backend) -> None:
    image = asked(backend)
    Path(image).unlink()

    answer = backend.client.get(address(backend, image))

    assert answer.status_code == 503
    assert image not in answer.text


def test_the_link_leads_to_the_task_s_item(backend: Backend) -> None:
    from dataclasses import replace

    image = asked(backend)
    where = address(backend, image).replace("evidence.jpg", "review")
    assert backend.client.get(where).headers["Location"] == "/review"
    item = replace(backend.item("one"), source="task", project_uid=UID, project_id=4, task_id=7)
    put_items(backend.database, [item])

    assert backend.client.get(where).headers["Location"] == "/review/items/one"
    assert backend.client.get(where + "x").status_code == 404


def test_projects_have_different_secrets_that_do_not_change() -> None:
    secrets = OverlaySecrets(b"key")

    assert secrets.secret(UID) == OverlaySecrets(b"key").secret(UID)
    assert len({secrets.secret(UID), secrets.secret("5.1"), OverlaySecrets(b"k").secret(UID)}) == 3
    assert len(secrets.secret(UID)) >= 32
    assert secrets.project_of(secrets.secret(UID), ["5.1", UID]) == UID


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"image=/data/upload/1/a.jpg", "/data/upload/1/a.jpg"),
        (b"image=/data/upload/1/a%20b.jpg", "/data/upload/1/a b.jpg"),
        (b"image=https://x.test/a?b=1&c=2&image=3", "https://x.test/a?b=1&c=2&image=3"),
        (b"v=1&image=/a.jpg", "/a.jpg"),
        (b"image=http://ls.test/sub/data/upload/1/a.jpg", "/data/upload/1/a.jpg"),
        (b"image=/sub/data/upload/1/a.jpg", "/data/upload/1/a.jpg"),
    ],
)
def test_the_reference_is_read_as_the_browser_puts_it(query: bytes, expected: str) -> None:
    assert expected in references_in(query, "http://ls.test/sub")


@pytest.mark.parametrize("query", [b"", b"image=", b"ximage=/a.jpg", b"v=1"])
def test_a_query_without_a_reference_names_nothing(query: bytes) -> None:
    assert references_in(query, "") == ()


def test_a_map_is_laid_over_an_item_s_picture_with_how_far_to_trust_it(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])
    backend.sign_in()

    quick = backend.client.get("/review/items/one/map/w_1/pattern/striped.jpg")
    answer = backend.client.get("/review/items/one/map/w_1/pattern/striped.jpg?checked")

    assert quick.mimetype == answer.mimetype == "image/jpeg"
    assert quick.headers["X-Weft-Share"] == answer.headers["X-Weft-Share"] == "0.750"
    assert "X-Weft-Trusted" not in quick.headers, "that takes long, so it comes second"
    assert answer.headers["X-Weft-Trusted"] == "no"
    assert backend.client.get("/review/items/one/map/w_9/pattern/x.jpg").status_code == 404
