"""Garment colours by the catalog's colour ids, and colours that go together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from tagger.render.fabric import RGB

__all__ = ["COLOURS", "accent", "jitter", "mix", "pick_colour", "thread"]

COLOURS: dict[str, RGB] = {
    "black": (32, 32, 35),
    "charcoal": (66, 68, 73),
    "grey": (142, 144, 148),
    "grey_melange": (172, 174, 178),
    "white": (240, 240, 241),
    "off_white": (236, 231, 219),
    "cream": (237, 224, 192),
    "beige": (214, 196, 166),
    "taupe": (140, 124, 110),
    "tan": (186, 136, 86),
    "khaki": (166, 148, 104),
    "brown": (108, 70, 46),
    "coffee_brown": (74, 50, 38),
    "rust": (168, 74, 36),
    "mustard": (206, 156, 38),
    "yellow": (240, 208, 62),
    "orange": (228, 116, 40),
    "peach": (244, 178, 148),
    "red": (192, 32, 40),
    "maroon": (108, 24, 36),
    "burgundy": (92, 20, 44),
    "pink": (236, 142, 172),
    "magenta": (190, 36, 118),
    "mauve": (170, 128, 152),
    "lavender": (180, 164, 214),
    "purple": (104, 54, 138),
    "blue": (46, 94, 176),
    "navy_blue": (32, 42, 84),
    "turquoise_blue": (52, 170, 190),
    "teal": (22, 108, 114),
    "sea_green": (70, 152, 120),
    "green": (42, 122, 66),
    "olive": (100, 102, 54),
    "lime_green": (154, 196, 60),
}

_NEUTRALS = ("white", "off_white", "black", "charcoal", "grey", "navy_blue", "beige")


def pick_colour(
    rng: np.random.Generator, names: Sequence[str], allowed: Collection[str] | None = None
) -> str:
    """Draw one of the names, only among the allowed ones if any of them is."""
    usable = [name for name in names if allowed is None or name in allowed] or list(names)
    return usable[int(rng.integers(len(usable)))]


def jitter(rng: np.random.Generator, name: str, amount: float = 7.0) -> RGB:
    """Return the colour, a little off, as dye lots are."""
    base = np.asarray(COLOURS[name]) + rng.normal(0.0, amount, 3) * (0.5, 0.5, 0.5)
    base += rng.normal(0.0, amount * 0.6)
    red, green, blue = np.clip(base, 12, 248)
    return float(red), float(green), float(blue)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Blend two colours; `share` is that of the second."""
    a, b = np.asarray(first), np.asarray(second)
    red, green, blue = a * (1 - share) + b * share
    return float(red), float(green), float(blue)


def accent(rng: np.random.Generator, name: str) -> str:
    """Return a colour that can be told apart from the given one and goes with it."""
    here = np.asarray(COLOURS[name])
    names = _NEUTRALS if rng.random() < 0.55 else tuple(COLOURS)
    far = [n for n in names if np.linalg.norm(np.asarray(COLOURS[n]) - here) > 105]
    far = far or [n for n in COLOURS if np.linalg.norm(np.asarray(COLOURS[n]) - here) > 105]
    return far[int(rng.integers(len(far)))]


def thread(colour: RGB) -> RGB:
    """Return the colour of a seam's thread: a shade lighter on dark cloth, darker on light."""
    bright = sum(colour) / 3
    return mix(colour, (255.0, 255.0, 255.0), 0.28) if bright < 90 else mix(colour, (0, 0, 0), 0.28)
