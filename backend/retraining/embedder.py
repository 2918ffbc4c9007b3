"""Embed corrected garments from their pictures, each once.

Legend: C channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from tagger.boxes import BoxError
from tagger.images import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tagger.corrections import CorrectedGarment
    from tagger.pipeline import Tagger

__all__ = ["GarmentEmbedder"]

log = structlog.get_logger(__name__)

_CHUNK = 32


class GarmentEmbedder:
    """Gives embeddings of one version; those that came with a garment are used as they are."""

    def __init__(
        self,
        tagger: Tagger,
        picture: Callable[[CorrectedGarment], Path | None],
        *,
        watch: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Embed with a loaded version.

        Args:
            tagger: The version.
            picture: Gives the file of a garment's picture, or None if it cannot be had.
            watch: Called with (done, all) garments.
        """
        self._tagger, self._picture, self._watch = tagger, picture, watch
        self._known: dict[str, NDArray[np.floating]] = {}
        self._per_picture: dict[str, int] = {}

    def __call__(self, garments: Sequence[CorrectedGarment]) -> Mapping[str, NDArray[np.floating]]:
        """Give the embeddings (C,) by garment id; those without a readable picture are left out."""
        for garment in garments:
            if (
                garment.embedding is not None
                and not garment.is_moved
                and garment.encoder == self._tagger.encoder
            ):
                self._known.setdefault(garment.id, garment.embedding)
        self._per_picture.update(Counter(garment.image for garment in garments))
        missing = [garment for garment in garments if garment.id not in self._known]
        for start in range(0, len(missing), _CHUNK):
            self._embed(missing[start : start + _CHUNK])
            self._watch(min(start + _CHUNK, len(missing)), len(missing))
        return {one.id: self._known[one.id] for one in garments if one.id in self._known}

    def _embed(self, garments: Sequence[CorrectedGarment]) -> None:
        from tagger.images import read_image
        from tagger.views import look_at

        names, looks = [], []
        for garment in garments:
            path = self._picture(garment)
            if path is None:
                continue
            try:
                image = read_image(path, name=garment.id)
                looks.append(
                    look_at(
                        image,
                        garment.box,
                        size=self._tagger.image_size,
                        is_alone=self._per_picture[garment.image] == 1,
                    )
                )
                names.append(garment.id)
            except (ImageError, BoxError) as error:
                log.warning("garment_not_embedded", garment=garment.id, reason=str(error))
        if looks:
            self._known.update(zip(names, self._tagger.run(looks).embedding, strict=True))
