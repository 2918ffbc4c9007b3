"""Faults of pictures, planted into drawings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tagger.audit.duplicates import fingerprint, same_pictures
from tagger.audit.findings import FindingKind
from tagger.audit.pictures import PictureLimits, mark_picture, part_boxes
from tagger.audit.seen import picture_path


def _product(seed=0, size=(480, 640), box=(120, 120, 360, 520)):
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, (238, 238, 236))
    x0, y0, x1, y1 = box
    size_wh = ((y1 - y0) // 8 + 1, (x1 - x0) // 8 + 1, 3)
    cloth = random.integers((20, 40, 90), (90, 130, 230), size_wh, dtype=np.uint8)  # like no skin
    patch = Image.fromarray(cloth).resize((x1 - x0, y1 - y0), Image.Resampling.NEAREST)
    image.paste(patch, (x0, y0))
    return image


def _faults(image):
    return [kind for kind, _ in mark_picture(image).faults(PictureLimits())]


def test_a_clean_picture_has_no_fault():
    assert _faults(_product()) == []


def test_small_dark_blurred_and_cropped_pictures_are_told():
    image = _product()

    assert _faults(image.resize((150, 200))) == [FindingKind.SMALL_PICTURE]
    assert FindingKind.DARK_PICTURE in _faults(image.point(lambda v: v * 0.2))
    assert FindingKind.BLURRED_PICTURE in _faults(image.filter(ImageFilter.GaussianBlur(9)))
    assert FindingKind.CROPPED_PICTURE in _faults(_product(box=(40, 0, 440, 520)))


@pytest.mark.parametrize(
    "box", [(0, 120, 300, 520), (180, 120, 480, 520), (120, 0, 360, 400), (120, 240, 360, 640)]
)
def test_a_product_that_is_cut_at_any_side_is_told(box):
    assert _faults(_product(box=box)) == [FindingKind.CROPPED_PICTURE]


def test_a_cut_is_told_from_a_third_of_the_product_on_and_for_people_later():
    image = _product(box=(120, 120, 360, 640))
    image.paste((238, 238, 236), (120, 560, 300, 640))  # a fourth of the width reaches the side
    fine = mark_picture(image)
    cut = mark_picture(_product(box=(120, 240, 360, 640)))
    half = replace(cut, contact=0.5, has_skin=False)

    assert 0.2 < fine.contact < 0.3
    assert list(replace(fine, has_skin=False).faults(PictureLimits())) == []
    assert [kind for kind, _ in half.faults(PictureLimits())] == [FindingKind.CROPPED_PICTURE]
    assert list(replace(half, has_skin=True).faults(PictureLimits())) == []


def test_a_product_that_covers_much_of_the_border_is_told_to_be_cut():
    wide = mark_picture(_product(size=(1000, 200), box=(25, 0, 975, 160)))

    assert not wide.is_plain
    assert FindingKind.CROPPED_PICTURE in dict(wide.faults(PictureLimits()))


def _person(image):
    """Draw the skin of a head and two hands."""
    pen = ImageDraw.Draw(image)
    for box in ((200, 20, 280, 130), (90, 400, 130, 470), (350, 400, 390, 470)):
        pen.ellipse(box, fill=(224, 172, 140))
    return image


def test_people_are_cut_off_above_and_below_but_not_left_and_right():
    below = mark_picture(_person(_product(box=(120, 120, 360, 640))))
    beside = mark_picture(_person(_product(box=(0, 130, 360, 630))))

    assert below.has_skin
    assert beside.has_skin
    assert below.contact == 0
    assert [kind for kind, _ in beside.faults(PictureLimits())] == [FindingKind.CROPPED_PICTURE]


def test_pale_cloth_on_a_person_is_neither_writing_nor_makes_several_things():
    image = _person(_product(box=(150, 420, 330, 640)))  # head, hands, trousers: nothing between
    pen = ImageDraw.Draw(image)
    for y in range(150, 400, 12):
        pen.line((140, y, 340, y), fill=(229, 229, 227), width=2)

    assert FindingKind.WATERMARK not in _faults(image)
    assert len(part_boxes(image)) == 1


def test_two_people_side_by_side_are_two_things():
    page = Image.new("RGB", (960, 640), (238, 238, 236))
    for left in (0, 480):
        page.paste(_person(_product(box=(150, 420, 330, 640))), (left, 0))

    assert len(part_boxes(page)) == 2


def test_a_floor_is_neither_a_cut_product_nor_a_thing_of_its_own():
    image = _product(box=(120, 60, 360, 400))
    image.paste((120, 110, 100), (0, 520, 480, 640))

    assert FindingKind.CROPPED_PICTURE not in _faults(image)
    assert len(part_boxes(image)) == 1


def test_writing_over_the_background_is_told():
    image = _product()
    pen = ImageDraw.Draw(image)
    for y in range(10, 640, 40):
        for x in range(0, 480, 70):
            pen.text((x, y), "SAMPLE", fill=(205, 205, 205), font_size=18)

    assert FindingKind.WATERMARK in _faults(image)


def test_separate_things_are_told_apart_on_a_plain_background():
    image = _product(box=(30, 150, 210, 480))
    image.paste(_product(seed=1).crop((120, 120, 300, 450)), (270, 150))

    assert len(part_boxes(image)) == 2
    assert len(part_boxes(_product())) < 2


def test_a_smaller_recompressed_copy_is_the_same_picture_and_another_colour_is_not():
    image = _product()
    recoloured = Image.merge("RGB", image.split()[::-1]).point(lambda v: min(255, int(v * 1.1)))
    prints = {
        "original": fingerprint(image),
        "copy": fingerprint(image.resize((240, 320))),
        "recoloured": fingerprint(recoloured),
        "other": fingerprint(_product(seed=5, box=(60, 200, 420, 380))),
    }

    found = same_pictures(prints)

    assert found["original"] == ("copy",)
    assert set(found) == {"original", "copy"}


def _sandal(colour):
    image = Image.new("RGB", (480, 640), (240, 240, 238))
    pen = ImageDraw.Draw(image)
    pen.ellipse((100, 290, 380, 350), fill=colour)
    pen.line((200, 300, 300, 340), fill=(250, 250, 250), width=6)
    return image


def test_small_things_of_one_shape_are_told_apart_by_colour():
    sandal = _sandal((40, 60, 140))
    prints = {
        "blue": fingerprint(sandal),
        "brown": fingerprint(_sandal((90, 50, 60))),
        "copy": fingerprint(sandal.resize((300, 400))),
    }

    assert same_pictures(prints) == {"blue": ("copy",), "copy": ("blue",)}


@pytest.mark.parametrize(
    "reference",
    ["../secret.jpg", "/etc/passwd", "sub/../../secret.jpg", "", "a\0b", "http://host/a.jpg"],
)
def test_references_never_lead_out_of_the_folder(tmp_path, reference):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    folder = tmp_path / "pictures"
    folder.mkdir()

    assert isinstance(picture_path(reference, folder), str)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "own.jpg").write_bytes(b"x")

    assert isinstance(picture_path("link.jpg", folder), str)
    assert picture_path("own.jpg", folder) == (folder / "own.jpg").resolve()
