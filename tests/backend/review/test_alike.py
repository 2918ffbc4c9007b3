"""Labelled garments beside one in doubt."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from backend.review.items import put_items
from tests.backend.labelled import annotate, remember
from tests.backend.review.support import Backend, region

PAGE = "/review/items/one/alike/w_doubt/sleeve"


@pytest.fixture
def labelled(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Give a backend with two labelled garments, the first of which looks like the item's."""
    remember(backend.database, "w_a", np.array([1.0, 0.0]), "da")
    remember(backend.database, "w_b", np.array([0.0, 1.0]), "db")
    remember(backend.database, "w_doubt", np.array([1.0, 0.2]), "dd")
    annotate(backend.database, 1, "w_a", "long")
    annotate(backend.database, 2, "w_b", "short")
    put_items(backend.database, [backend.item("one", regions=[region("w_doubt")])])
    return backend


def test_what_people_said_of_similar_garments_is_shown_nearest_first(labelled: Backend) -> None:
    page = labelled.client.get(PAGE).text

    assert page.index("<strong>long<") < page.index("<strong>short<")
    assert "0.98" in page
    assert f'href="{PAGE}"' in labelled.client.get("/review/items/one").text


def test_the_pictures_are_cut_to_the_garment(
    labelled: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (400, 500), "white").save(labelled.folder / "one.jpg")
    images, load = labelled.service.images, labelled.service.images.load
    own = str(labelled.folder / "one.jpg")
    monkeypatch.setattr(images, "load", lambda reference: load(own))

    answer = labelled.client.get(f"{PAGE}/0.jpg")

    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.data)).width == 30 * 400 / 100
    assert labelled.client.get(f"{PAGE}/7.jpg").status_code == 404


def test_without_a_labelled_garment_the_page_says_so(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one", regions=[region("w_doubt")])])

    assert "No labelled picture" in backend.client.get(PAGE).text


def test_a_region_that_the_item_does_not_have_is_not_found(backend: Backend) -> None:
    put_items(backend.database, [backend.item("one")])

    assert backend.client.get(PAGE).status_code == 404


def test_only_who_is_signed_in_sees_them(labelled: Backend) -> None:
    stranger = labelled.app.test_client()

    assert stranger.get(PAGE).status_code in (303, 403)
    assert stranger.get(f"{PAGE}/0.jpg").status_code in (303, 403)
