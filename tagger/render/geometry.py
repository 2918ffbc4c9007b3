"""Curves and outlines in centimetres: x to the right, y down, x = 0 on the garment's centre line.

An outline is an (N, 2) array whose last point is joined to its first; a curve is the same, open.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Points",
    "band",
    "bezier",
    "bounds",
    "clip_below",
    "clip_line",
    "ellipse",
    "join",
    "line",
    "loop",
    "mirror",
    "offset",
    "rectangle",
    "rotate",
    "rounded",
    "shift",
    "spline",
    "sub_curve",
]

Points = NDArray[np.float64]
Pair = Sequence[float] | Points


def line(*points: Pair) -> Points:
    """Return the straight line through the points, corners kept."""
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


def spline(*points: Pair, samples: int = 10) -> Points:
    """Return a smooth open curve through the points (Catmull-Rom), `samples` a span."""
    knots = line(*points)
    if len(knots) < 3:
        return knots
    ends = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    return _catmull_rom(ends, samples)


def loop(*points: Pair, samples: int = 10) -> Points:
    """Return a smooth closed outline through the points."""
    knots = line(*points)
    return _catmull_rom(np.vstack([knots[-1], knots, knots[:2]]), samples)[:-1]


def _catmull_rom(padded: Points, samples: int) -> Points:
    t = np.linspace(0.0, 1.0, samples, endpoint=False)[:, None]
    pieces = []
    for i in range(1, len(padded) - 2):
        a, b, c, d = padded[i - 1 : i + 3]
        pieces.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    pieces.append(padded[-2:-1])
    return np.vstack(pieces)


def bezier(start: Pair, first: Pair, second: Pair, end: Pair, *, samples: int = 24) -> Points:
    """Return a cubic Bezier curve."""
    a, b, c, d = line(start, first, second, end)
    t = np.linspace(0.0, 1.0, samples)[:, None]
    curve: Points = a * (1 - t) ** 3 + 3 * b * t * (1 - t) ** 2 + 3 * c * t**2 * (1 - t) + d * t**3
    return curve


def join(*pieces: Points) -> Points:
    """Chain curves into one; the joints stay corners."""
    return np.vstack(pieces)


def mirror(curve: Points) -> Points:
    """Reflect at x = 0 and reverse, so that a right half followed by its mirror closes."""
    return (curve * (-1.0, 1.0))[::-1]


def shift(curve: Points, dx: float, dy: float) -> Points:
    """Move a curve."""
    moved: Points = curve + np.array([dx, dy])
    return moved


def rotate(curve: Points, degrees: float, about: Pair = (0.0, 0.0)) -> Points:
    """Turn a curve clockwise as seen in a picture (y down)."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned: Points = (curve - about) @ matrix + about
    return turned


def ellipse(centre: Pair, rx: float, ry: float, *, samples: int = 40) -> Points:
    """Return an ellipse's outline."""
    t = np.linspace(0.0, 2 * np.pi, samples, endpoint=False)
    return np.stack([centre[0] + rx * np.cos(t), centre[1] + ry * np.sin(t)], axis=1)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Points:
    """Return a rectangle's outline."""
    return line((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def rounded(outline: Points, radius: float, *, samples: int = 6) -> Points:
    """Round the corners of a polygon; a corner never eats more than 45 % of a side."""
    pieces = []
    for before, corner, after in zip(
        np.roll(outline, 1, axis=0), outline, np.roll(outline, -1, axis=0), strict=True
    ):
        to_before, to_after = before - corner, after - corner
        start = corner + to_before * min(0.45, radius / max(_length(to_before), 1e-9))
        end = corner + to_after * min(0.45, radius / max(_length(to_after), 1e-9))
        t = np.linspace(0.0, 1.0, samples)[:, None]
        pieces.append(start * (1 - t) ** 2 + 2 * corner * t * (1 - t) + end * t**2)
    return np.vstack(pieces)


def _length(way: Points) -> float:
    return float(np.hypot(way[0], way[1]))


def offset(curve: Points, distance: float) -> Points:
    """Move an open curve sideways, to the left of its direction for positive distances."""
    tangent = np.gradient(curve, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    moved: Points = curve + distance * np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    return moved


def band(curve: Points, width: float) -> Points:
    """Return the outline of a strip between a curve and its sideways copy."""
    return np.vstack([curve, offset(curve, width)[::-1]])


def sub_curve(curve: Points, start: float, end: float, *, samples: int = 24) -> Points:
    """Return the part of a curve between two shares of its length, 0 to 1."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    where = np.linspace(start, end, samples) * at[-1]
    return np.stack([np.interp(where, at, curve[:, 0]), np.interp(where, at, curve[:, 1])], axis=1)


def bounds(*curves: Points) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of everything given."""
    points = np.vstack(curves)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def clip_below(outline: Points, y: float) -> Points:
    """Return the part of an outline that lies below a horizontal line (larger y)."""
    return _clip(outline, outline[:, 1] - y)


def clip_line(outline: Points, start: Pair, end: Pair) -> Points:
    """Return the part of an outline on the right hand of the way from `start` to `end`."""
    (x0, y0), (x1, y1) = start, end
    side = (x1 - x0) * (outline[:, 1] - y0) - (y1 - y0) * (outline[:, 0] - x0)
    return _clip(outline, side)


def _clip(outline: Points, inside: NDArray[np.float64]) -> Points:
    """Keep where `inside` is positive (Sutherland and Hodgman, one plane)."""
    kept = []
    for i in range(len(outline)):
        j = (i + 1) % len(outline)
        if inside[i] >= 0:
            kept.append(outline[i])
        if (inside[i] >= 0) != (inside[j] >= 0):
            t = inside[i] / (inside[i] - inside[j])
            kept.append(outline[i] + t * (outline[j] - outline[i]))
    return np.asarray(kept) if len(kept) >= 3 else outline[:3]
