"""Where the model looked: maps for single values of single garments, and pictures of them."""

from __future__ import annotations

from tagger.explain.drawing import compose, draw
from tagger.explain.explainer import Explainer
from tagger.explain.maps import (
    CellMap,
    ExplainError,
    Region,
    hesitations,
    regions_from,
    regions_of,
)

__all__ = [
    "CellMap",
    "ExplainError",
    "Explainer",
    "Region",
    "compose",
    "draw",
    "hesitations",
    "regions_from",
    "regions_of",
]
