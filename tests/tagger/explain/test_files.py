"""Overlays and their record on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tagger.explain import ExplainError
from tagger.explain.files import ALL, Wanted, explain_picture


@pytest.fixture(scope="module")
def picture():
    pixels = np.full((120, 90, 3), 245, dtype=np.uint8)
    pixels[30:90, 25:65] = np.random.default_rng(1).integers(0, 120, (60, 40, 3))
    return Image.fromarray(pixels)


def test_every_answer_gets_an_overlay_of_the_pictures_size_and_a_record(tagger, picture, tmp_path):
    [record] = explain_picture(tagger, picture, tmp_path, wanted=Wanted(check=False))

    shown = [one for one in record["maps"] if one["contrast_with"] is None]
    assert shown
    assert json.loads(json.dumps(record)) == record
    for one in record["maps"]:
        with Image.open(tmp_path / one["overlay"]) as overlay:
            assert overlay.size == picture.size
        assert 0.0 <= one["share_on_garment"] <= 1.0
    assert (tmp_path / ALL).is_file()


def test_an_attribute_that_is_not_answered_is_explained_by_its_most_probable_value(
    tagger, picture, tmp_path
):
    [record] = explain_picture(tagger, picture, tmp_path, wanted=Wanted(attribute="power"))

    assert {one["attribute"] for one in record["maps"]} == {"power"}
    assert all(one["faithfulness"] is not None for one in record["maps"])


def test_a_value_can_be_asked_for_that_the_model_does_not_answer(tagger, picture, tmp_path):
    [record] = explain_picture(
        tagger, picture, tmp_path, wanted=Wanted(attribute="power", value="solar", check=False)
    )

    assert [one["value"] for one in record["maps"]] == ["solar"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"attribute": "wattage"}, "unknown attribute 'wattage'; expected one of shade"),
        ({"attribute": "powr"}, "unknown attribute 'powr'; did you mean power?"),
        ({"attribute": "power", "value": "steam"}, "unknown value 'steam' of power; expected one"),
        ({"attribute": "power", "value": "bateri"}, r"did you mean battery\?"),
    ],
)
def test_what_does_not_exist_is_refused_before_the_model_runs(
    tagger, picture, tmp_path, monkeypatch, asked, message
):
    monkeypatch.setattr(type(tagger), "predict", lambda *_given, **_options: pytest.fail("ran"))

    with pytest.raises(ExplainError, match=message):
        explain_picture(tagger, picture, tmp_path / "out", wanted=Wanted(**asked))

    assert not (tmp_path / "out").exists()


def test_what_the_garment_cannot_have_is_refused_with_what_it_can(tagger, picture, tmp_path):
    category = tagger.predict([picture])[0].garments[0].category
    asked = {
        (attribute.id, value.id): attribute.id in tagger.ontology.applicable(category)
        for attribute in tagger.ontology.attributes
        for value in attribute.values
        if value.id not in tagger.ontology.allowed(category, attribute.id)
    }

    assert asked
    for (attribute, value), has_attribute in asked.items():
        message = f"{value!r} is not a legal value of {attribute} for {category}"
        if not has_attribute:
            message = f"no garment in the picture has the attribute {attribute!r}"
        wanted = Wanted(attribute=attribute, value=value, check=False)
        with pytest.raises(ExplainError, match=message):
            explain_picture(tagger, picture, tmp_path, wanted=wanted)
