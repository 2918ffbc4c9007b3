"""What people said about garments, as training, calibration and the gate see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagger.boxes import PixelBox, from_percent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ontology.labels import GarmentLabel

__all__ = ["CorrectedGarment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedGarment:
    """One garment of one picture, with what its annotation says.

    Attributes:
        id: `ledger/<project_uid>/<task_id>/<region_id>`.
        image: Reference of the picture, as Label Studio has it.
        digest: SHA-256 of the picture's bytes in hex where it is known, else empty.
        image_wh: Width and height of the picture in pixels.
        box_percent: `x, y, width, height` in percent of the picture.
        label: What was said; cells carry their weight, and what is missing is not there.
        is_blind: Labelled without a suggestion on the screen, or a ground truth: counts for gate
            and calibration, and is never trained on.
        is_moved: The box differs from the predicted one (IoU below 0.95) or was drawn by hand.
        region_id: Of the prediction that the garment came from, or its own.
        embedding: (C,) pooled vector of the crop; None where the box was moved or none was kept.
        encoder: Digest of the encoder that made the embedding; empty without one.
    """

    id: str
    image: str
    digest: str
    image_wh: tuple[int, int]
    box_percent: tuple[float, float, float, float]
    label: GarmentLabel
    is_blind: bool
    is_moved: bool
    region_id: str
    embedding: NDArray[np.float16] | None
    encoder: str

    @property
    def group(self) -> str:
        """What must stay on one side of a split: the picture, by content where that is known."""
        return self.digest or self.image

    @property
    def box(self) -> PixelBox:
        """The box in pixels of the picture.

        Raises:
            BoxError: If it has no area inside the picture.
        """
        names = ("x", "y", "width", "height")
        value = dict(zip(names, self.box_percent, strict=True))
        return from_percent(value, image_wh=self.image_wh)
