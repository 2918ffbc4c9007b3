from __future__ import annotations

import numpy as np
import pytest

from tagger.render import geometry


def area(outline) -> float:
    x, y = outline[:, 0], outline[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def test_spline_passes_through_its_points():
    points = [(0, 0), (3, 1), (5, 4), (9, 4)]

    curve = geometry.spline(*points, samples=8)

    for point in points:
        assert np.linalg.norm(curve - point, axis=1).min() < 1e-9


def test_a_right_half_and_its_mirror_close_symmetrically():
    right = geometry.line((0, 0), (4, 1), (3, 6), (0, 7))
    outline = geometry.join(right, geometry.mirror(right)[1:-1])

    assert outline[:, 0].min() == -outline[:, 0].max()
    assert area(outline) == pytest.approx(2 * area(right))


def test_rotation_turns_clockwise_in_a_picture():
    [turned] = geometry.rotate(geometry.line((1, 0)), 90)

    assert turned == pytest.approx((0, 1))


def test_clip_below_keeps_the_lower_part():
    square = geometry.rectangle(0, 0, 10, 10)

    assert area(geometry.clip_below(square, 7)) == pytest.approx(30)


def test_clip_line_keeps_the_right_hand_side():
    square = geometry.rectangle(0, 0, 10, 10)

    assert geometry.clip_line(square, (0, 4), (10, 4))[:, 1].min() == pytest.approx(4)
    assert geometry.clip_line(square, (10, 4), (0, 4))[:, 1].max() == pytest.approx(4)


def test_band_is_as_wide_as_asked():
    strip = geometry.band(geometry.line((0, 0), (5, 0), (10, 0)), 2.0)

    assert area(strip) == pytest.approx(20)


def test_rounding_takes_a_little_off_the_corners():
    square = geometry.rectangle(0, 0, 10, 10)

    assert 95 < area(geometry.rounded(square, 1.5)) < 100


def test_sub_curve_takes_shares_of_the_length():
    part = geometry.sub_curve(geometry.line((0, 0), (10, 0)), 0.25, 0.75)

    assert part[0] == pytest.approx((2.5, 0))
    assert part[-1] == pytest.approx((7.5, 0))
