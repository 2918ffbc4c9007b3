"""The common cut of garments for the upper body: body, neckline and sleeves, in centimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tagger.render.geometry import Points, bezier, clip_below, join, line, mirror, spline
from tagger.render.shading import Fold

__all__ = ["Cut", "Sleeve", "body_folds", "body_outline", "hem_curve", "neck_opening", "neckline"]
__all__ += ["opening_outline", "sleeve_folds", "sleeve_outline", "sleeve_stripe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeve:
    """A sleeve.

    Attributes:
        length: From the shoulder point, centimetres.
        degrees: Away from hanging straight down.
        cuff: Width at the end.
        bulge: How far the outer edge bows out.
        bend: Degrees by which the lower half turns inwards.
    """

    length: float
    degrees: float
    cuff: float
    bulge: float = 1.0
    bend: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Half widths from the centre line and lengths from the neck's shoulder point, centimetres."""

    neck: float = 8.5
    neck_kind: str = "round"
    neck_depth: float = 9.0
    shoulder: float = 21.0
    slope: float = 4.5
    armhole: float = 21.0
    chest: float = 25.5
    waist: float = 24.5
    hem: float = 25.0
    length: float = 68.0
    hem_drop: float = 1.2
    waist_at: float = 0.62
    strapless: bool = False

    @property
    def shoulder_point(self) -> tuple[float, float]:
        """Where shoulder and sleeve meet."""
        return (self.shoulder, self.slope)

    @property
    def underarm(self) -> tuple[float, float]:
        """Where side and sleeve meet."""
        return (self.chest, self.slope + self.armhole)


def neckline(cut: Cut) -> Points:
    """Return the front neckline's right half, from the shoulder to the centre."""
    n, d = cut.neck, cut.neck_depth
    if cut.neck_kind == "v_neck":
        return spline((n, 0), (n * 0.62, d * 0.36), (0.0, d), samples=12)
    if cut.neck_kind == "square":
        return join(line((n, 0)), line((n * 0.93, d), (0.0, d)))
    if cut.neck_kind == "boat":
        return bezier((n, 0), (n * 0.75, d * 0.9), (n * 0.35, d), (0, d))
    if cut.neck_kind == "scoop":
        return bezier((n, 0), (n * 0.98, d * 0.72), (n * 0.62, d), (0, d))
    if cut.neck_kind == "sweetheart":
        return join(
            bezier((n, 0), (n * 0.98, d * 0.5), (n, d * 0.7), (n * 0.9, d * 0.78)),
            bezier((n * 0.9, d * 0.78), (n * 0.6, d * 0.62), (n * 0.2, d * 0.7), (0, d)),
        )
    return bezier((n, 0), (n * 0.95, d * 0.62), (n * 0.55, d), (0, d))


def neck_opening(cut: Cut) -> Points:
    """Return the whole front neckline, left shoulder to right shoulder."""
    right = neckline(cut)
    left = right * (-1.0, 1.0)
    return join(left, right[::-1][1:])


def opening_outline(cut: Cut, *, rise: float = 1.6) -> Points:
    """Return the hole between the front and the back neckline; `rise` lifts the back, cm."""
    n = cut.neck
    back = bezier((n, 0), (n * 0.6, -rise), (-n * 0.6, -rise), (-n, 0))
    return join(neck_opening(cut), back[1:-1])


def body_outline(cut: Cut) -> Points:
    """Return the front's outline."""
    sx, sy = cut.shoulder_point
    ux, uy = cut.underarm
    armhole = bezier((sx, sy), (sx - 2.2, sy + cut.armhole * 0.45), (ux - 4.0, uy - 3.0), (ux, uy))
    side = spline(
        (ux, uy), (cut.waist, cut.length * cut.waist_at), (cut.hem, cut.length), samples=14
    )
    hem = bezier(
        (cut.hem, cut.length),
        (cut.hem * 0.6, cut.length + cut.hem_drop),
        (cut.hem * 0.3, cut.length + cut.hem_drop),
        (0, cut.length + cut.hem_drop),
    )
    top = neckline(cut)[::-1]
    right = join(top, armhole, side[1:], hem[1:])
    return join(right, mirror(right)[1:-1])


def hem_curve(cut: Cut, up: float) -> Points:
    """Return a curve parallel to the hem, `up` centimetres above it, inside the sides."""
    outline = clip_below(body_outline(cut), cut.length - up)
    half = max(abs(outline[:, 0])) - 0.15
    return spline(
        (-half, cut.length - up),
        (-half * 0.5, cut.length - up + cut.hem_drop * 0.8),
        (0, cut.length - up + cut.hem_drop),
        (half * 0.5, cut.length - up + cut.hem_drop * 0.8),
        (half, cut.length - up),
    )


def _axis(degrees: float) -> tuple[Points, Points]:
    angle = np.deg2rad(degrees)
    down = np.array([np.sin(angle), np.cos(angle)])
    out = np.array([np.cos(angle), -np.sin(angle)])
    return down, out


def _sleeve_edges(cut: Cut, sleeve: Sleeve) -> tuple[Points, Points]:
    """The outer edge from the shoulder and the inner edge from the underarm."""
    start, under = np.array(cut.shoulder_point), np.array(cut.underarm)
    down, out = _axis(sleeve.degrees)
    low_down, low_out = _axis(sleeve.degrees - sleeve.bend)
    half = sleeve.length * 0.52
    elbow = start + down * half + out * sleeve.bulge
    end = start + down * half + low_down * (sleeve.length - half)
    inner_end = end - low_out * sleeve.cuff
    width = float(np.linalg.norm(start - under)) * 0.5 + sleeve.cuff * 0.5
    inner_elbow = elbow - out * min(width, 1.1 * sleeve.cuff + 2.5) - down * 1.0
    outer = spline(start, start + down * half * 0.45 + out * sleeve.bulge * 0.9, elbow, end)
    if sleeve.length < 32:
        inner = spline(under, (under + inner_end) / 2 + out * 0.3, inner_end)
    else:
        inner = spline(under, inner_elbow, inner_end)
    return outer, inner


def sleeve_outline(cut: Cut, sleeve: Sleeve, *, tuck: float = 4.0) -> Points:
    """Return the right sleeve's outline; it reaches `tuck` centimetres under the body."""
    outer, inner = _sleeve_edges(cut, sleeve)
    low_down, _ = _axis(sleeve.degrees - sleeve.bend)
    middle = (outer[-1] + inner[-1]) / 2 + low_down * 0.5
    hidden = line(np.array(cut.underarm) - (tuck, 0.0), np.array(cut.shoulder_point) - (tuck, -0.5))
    return join(outer, line(middle), inner[::-1], hidden)


def sleeve_stripe(
    cut: Cut, sleeve: Sleeve, up: float, width: float, *, taper: float = 0.0
) -> Points:
    """Return a strip across the sleeve.

    Args:
        cut: The body.
        sleeve: The right sleeve.
        up: Where it starts, centimetres above the sleeve's end.
        width: Its height.
        taper: Share by which its lower edge is narrower.
    """
    outer, inner = _sleeve_edges(cut, sleeve)
    low_down, _ = _axis(sleeve.degrees - sleeve.bend)
    corners = []
    for back in (up, up - width):
        a, b = outer[-1] - low_down * back, inner[-1] - low_down * back
        corners.append(_snap(a, b, outer, inner))
    (a0, b0), (a1, b1) = corners
    a1, b1 = a1 + (b1 - a1) * taper / 2, b1 + (a1 - b1) * taper / 2
    bow = low_down * 0.5
    return join(
        spline(a0, (a0 + b0) / 2 + bow, b0, samples=6),
        spline(b1, (a1 + b1) / 2 + bow, a1, samples=6),
    )


def _snap(a: Points, b: Points, outer: Points, inner: Points) -> tuple[Points, Points]:
    """Move both ends onto the sleeve's edges."""
    near_a = outer[np.argmin(np.linalg.norm(outer - a, axis=1))]
    near_b = inner[np.argmin(np.linalg.norm(inner - b, axis=1))]
    across = (b - a) / max(1e-9, float(np.linalg.norm(b - a)))
    return a + across * float((near_a - a) @ across), b + across * float((near_b - b) @ across)


def sleeve_folds(cut: Cut, sleeve: Sleeve, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Return folds at the underarm, the elbow and above the cuff."""
    outer, inner = _sleeve_edges(cut, sleeve)
    down, out = _axis(sleeve.degrees)
    folds = []
    root = inner[0]
    for turn in (0.25, 0.6):
        end = root + (-out * 0.3 + out * turn + down) * min(12.0, sleeve.length * 0.5)
        folds.append(_fold(root - out * 1.0, end, 1.2, float(rng.uniform(0.5, 1.0))))
    if sleeve.length > 32:
        for _ in range(int(rng.integers(3, 6))):
            t = float(rng.uniform(0.35, 0.92))
            a = outer[int(t * (len(outer) - 1))]
            b = inner[int(t * (len(inner) - 1))]
            tilt = down * float(rng.uniform(-4.0, 4.0))
            from_inner = rng.random() < 0.65
            start, end = (b, a + tilt) if from_inner else (a, b + tilt)
            folds.append(
                _fold(start, start + (end - start) * 0.8, 1.0, float(rng.uniform(0.5, 1.0)))
            )
    return tuple(folds)


def body_folds(cut: Cut, rng: np.random.Generator, *, strength: float = 1.0) -> tuple[Fold, ...]:
    """Return drag lines from the underarms and soft drapes down the front."""
    ux, uy = cut.underarm
    folds = []
    for side in (-1, 1):
        for dx, dy in ((12.0, 4.0), (10.0, 12.0), (5.0, 20.0)):
            reach = float(rng.uniform(0.7, 1.15))
            end = (side * (ux - dx * reach), uy + dy * reach)
            height = strength * float(rng.uniform(0.4, 1.0))
            folds.append(
                Fold(start=(side * (ux - 0.5), uy - 0.5), end=end, width=1.4, height=height)
            )
        if rng.random() < 0.8:
            y = cut.length * float(rng.uniform(0.55, 0.75))
            end = (side * cut.waist * float(rng.uniform(0.2, 0.5)), y + float(rng.uniform(-3, 6)))
            folds.append(
                Fold(start=(side * cut.waist, y), end=end, width=1.6, height=0.7 * strength)
            )
    for _ in range(int(rng.integers(3, 6))):
        x = float(rng.uniform(-0.8, 0.8)) * cut.hem
        top = cut.length * float(rng.uniform(0.45, 0.7))
        folds.append(
            Fold(
                start=(x, cut.length + 2.0),
                end=(x * float(rng.uniform(0.7, 1.0)), top),
                width=float(rng.uniform(1.6, 3.0)),
                height=strength * float(rng.uniform(0.45, 1.1)),
            )
        )
    return tuple(folds)


def _fold(start: Points, end: Points, width: float, height: float) -> Fold:
    return Fold(
        start=(float(start[0]), float(start[1])),
        end=(float(end[0]), float(end[1])),
        width=width,
        height=height,
    )
