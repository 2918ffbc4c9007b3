"""Jackets, blazers, coats and waistcoats."""

from __future__ import annotations

from collections.abc import Callable

from tagger.render.cloth import Chooser
from tagger.render.items import Drawing
from tagger.render.jackets import jacket
from tagger.render.tailoring import tailored

__all__ = ["OUTERWEAR"]


OUTERWEAR: dict[str, Callable[[Chooser], Drawing]] = {
    "jacket": jacket,
    "blazer": tailored,
    "coat": tailored,
    "waistcoat": tailored,
}
