"""Boxes in pixels and percent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger.boxes import BoxError, PixelBox, from_percent, to_percent, whole_image

SIDES = st.integers(8, 6000)


@st.composite
def boxes_in_images(draw: st.DrawFn) -> tuple[PixelBox, tuple[int, int]]:
    width, height = draw(SIDES), draw(SIDES)
    x0 = draw(st.floats(0, width - 1))
    y0 = draw(st.floats(0, height - 1))
    x1 = draw(st.floats(x0 + 0.5, width))
    y1 = draw(st.floats(y0 + 0.5, height))
    return PixelBox(x0=x0, y0=y0, x1=x1, y1=y1), (width, height)


@given(boxes_in_images())
def test_percent_and_back_gives_the_same_box(case: tuple[PixelBox, tuple[int, int]]) -> None:
    box, image_wh = case

    back = from_percent(to_percent(box, image_wh=image_wh), image_wh=image_wh)

    assert back.xyxy == pytest.approx(box.xyxy, abs=1e-6)


@given(boxes_in_images())
def test_percent_values_stay_inside_the_image(case: tuple[PixelBox, tuple[int, int]]) -> None:
    value = to_percent(case[0], image_wh=case[1])

    assert all(0 <= number <= 100 for number in value.values())
    assert value["x"] + value["width"] <= 100
    assert value["y"] + value["height"] <= 100


@given(boxes_in_images(), boxes_in_images())
def test_overlap_is_symmetric_and_between_zero_and_one(
    left: tuple[PixelBox, tuple[int, int]], right: tuple[PixelBox, tuple[int, int]]
) -> None:
    iou = left[0].iou(right[0])

    assert iou == pytest.approx(right[0].iou(left[0]))
    assert 0 <= iou <= 1 + 1e-9


def test_a_quarter_overlap_is_one_seventh() -> None:
    left = PixelBox(x0=0, y0=0, x1=2, y1=2)

    assert left.iou(PixelBox(x0=1, y0=1, x1=3, y1=3)) == pytest.approx(1 / 7)
    assert left.iou(PixelBox(x0=2, y0=0, x1=3, y1=2)) == 0
    assert left.iou(left) == 1


@pytest.mark.parametrize(
    "edges",
    [(0, 0, 0, 5), (5, 0, 4, 5), (0, 5, 5, 5), (0, 0, math.nan, 5), (0, 0, math.inf, 5)],
)
def test_a_box_without_area_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(BoxError, match="no area"):
        PixelBox(**dict(zip(("x0", "y0", "x1", "y1"), edges, strict=True)))


def test_xywh_is_the_order_of_coco() -> None:
    box = PixelBox.from_xywh(3, 4, 10, 20)

    assert box.xyxy == (3, 4, 13, 24)
    assert box.xywh == (3, 4, 10, 20)
    assert (box.width, box.height, box.area) == (10, 20, 200)


def test_clipping_cuts_what_hangs_over_and_refuses_what_is_outside() -> None:
    hanging = PixelBox(x0=-5, y0=5, x1=200, y1=30)

    assert hanging.clip((100, 20)).xyxy == (0, 5, 100, 20)
    with pytest.raises(BoxError):
        PixelBox(x0=120, y0=0, x1=130, y1=10).clip((100, 20))


def test_a_box_outside_is_refused_but_half_a_pixel_of_rounding_is_not() -> None:
    with pytest.raises(BoxError, match="outside the image of 100 x 20 px"):
        to_percent(PixelBox(x0=0, y0=0, x1=101, y1=20), image_wh=(100, 20))

    near = PixelBox(x0=-0.4, y0=0, x1=100.4, y1=20)
    assert to_percent(near, image_wh=(100, 20)) == {"x": 0, "y": 0, "width": 100, "height": 100}


@pytest.mark.parametrize("value", [{}, {"x": 1, "y": 2, "width": 3}, {"x": "a"}, {"x": None}])
def test_a_rectangle_without_numbers_is_refused(value: dict[str, float]) -> None:
    with pytest.raises(BoxError):
        from_percent(value, image_wh=(10, 10))


def test_growing_a_box_keeps_its_centre() -> None:
    grown = PixelBox(x0=10, y0=10, x1=20, y1=30).expand(0.1)

    assert grown.xyxy == (9, 8, 21, 32)
    assert whole_image((4, 3)).xyxy == (0, 0, 4, 3)
