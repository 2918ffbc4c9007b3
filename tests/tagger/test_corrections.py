import pytest

from ontology.labels import GarmentLabel
from tagger.corrections import CorrectedGarment


def _garment(**changes):
    plain = {
        "id": "ledger/1.5/7/abc",
        "image": "/data/upload/1/a.png",
        "digest": "",
        "image_wh": (200, 100),
        "box_percent": (10.0, 20.0, 50.0, 40.0),
        "label": GarmentLabel(),
        "is_blind": False,
        "is_moved": False,
        "region_id": "abc",
        "embedding": None,
        "encoder": "",
    }
    return CorrectedGarment(**{**plain, **changes})


def test_the_box_is_in_pixels_of_the_picture():
    assert _garment().box.xyxy == pytest.approx((20, 20, 120, 60))


def test_pictures_are_grouped_by_content_where_that_is_known():
    assert _garment().group == "/data/upload/1/a.png"
    assert _garment(digest="ff").group == "ff"
