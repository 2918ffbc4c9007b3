"""Heat of a finding over its picture, with the maps of `tagger.explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ontology.model import AttributeId, ValueId
from tagger.audit.columns import CATEGORY
from tagger.boxes import PixelBox
from tagger.explain.drawing import draw
from tagger.explain.explainer import Explainer
from tagger.explain.maps import Region

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.audit.findings import AuditReport, Finding
    from tagger.audit.page import Overlay
    from tagger.pipeline import Tagger

__all__ = ["heat_overlay"]


def heat_overlay(tagger: Tagger, report: AuditReport, *, limit: int = 200) -> Overlay:
    """Draw where the model looked for what it saw in place of a claim; maps are of attributes.

    Args:
        tagger: The version that made the report.
        report: Says where the garments are.
        limit: Maps that are made; each is a forward pass. Boxes only beyond that.
    """
    explainer = Explainer(tagger)
    places = {
        region["id"]: (region, len(regions) == 1)
        for listing in report.listings
        for regions in listing.regions.values()
        for region in regions
    }
    left = limit

    def overlay(image: Image, finding: Finding) -> Image | None:
        nonlocal left
        place = places.get(finding.region_id)
        if place is None or finding.attribute in ("", CATEGORY) or left <= 0:
            return None
        value = finding.seen.split(", ")[0]
        left -= 1
        region, is_alone = place
        maps = explainer.explain(
            image,
            Region(box=PixelBox.from_xywh(*region["box"]), is_alone=is_alone),
            [(AttributeId(finding.attribute), ValueId(value))],
        )
        return draw(image, maps[0])

    return overlay
