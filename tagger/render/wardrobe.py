"""Everything that can be drawn, by the ontology's category id."""

from __future__ import annotations

from collections.abc import Callable

from tagger.render.accessories import ACCESSORIES
from tagger.render.bags import BAGS
from tagger.render.bottoms import BOTTOMS
from tagger.render.cloth import Chooser
from tagger.render.dresses import DRESSES
from tagger.render.footwear import FOOTWEAR
from tagger.render.items import Drawing
from tagger.render.open_footwear import OPEN_FOOTWEAR
from tagger.render.outerwear import OUTERWEAR
from tagger.render.shirts import SHIRTS
from tagger.render.tops import TOPS

__all__ = ["WARDROBE"]

WARDROBE: dict[str, Callable[[Chooser], Drawing]] = {
    **TOPS,
    **SHIRTS,
    **OUTERWEAR,
    **DRESSES,
    **BOTTOMS,
    **FOOTWEAR,
    **OPEN_FOOTWEAR,
    **BAGS,
    **ACCESSORIES,
}
