"""Whole predictions of pictures, with scores and masks, for whoever looks closer than annotators.

What was computed last is remembered; anything else is computed again, behind those who wait.
"""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend._full_size import at_full_size, shrink
from backend.model_thread import Priority

if TYPE_CHECKING:
    from PIL.Image import Image

    from backend.predictor import PredictionService
    from tagger.pipeline import GarmentTagger, ImagePrediction

__all__ = ["Seen", "SeenPictures"]

_KEPT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture and what is in it.

    Attributes:
        image: Upright RGB at full size.
        digest: SHA-256 of the file, in hex.
        prediction: Boxes in pixels of `image`; masks may be those of a smaller copy.
    """

    image: Image
    digest: str
    prediction: ImagePrediction
    tagger: GarmentTagger


class SeenPictures:
    """Remembers whole predictions by picture and model version; thread-safe."""

    def __init__(self, *, kept: int = _KEPT) -> None:
        """Remember nothing yet; at most `kept` predictions."""
        self._kept = kept
        self._known: OrderedDict[tuple[str, str], ImagePrediction] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, digest: str, prediction: ImagePrediction, tagger: GarmentTagger) -> None:
        """Remember a prediction; quick, and never fails.

        Args:
            digest: SHA-256 of the picture's bytes in hex.
            prediction: Boxes in pixels of the upright picture.
            tagger: What made it.
        """
        garments = tuple(dataclasses.replace(g, embedding=None) for g in prediction.garments)
        with self._lock:
            self._known[digest, tagger.version] = dataclasses.replace(prediction, garments=garments)
            while len(self._known) > self._kept:
                self._known.popitem(last=False)

    def look(
        self,
        service: PredictionService,
        reference: str,
        *,
        timeout_s: float,
        priority: Priority = Priority.BACKGROUND,
    ) -> Seen:
        """Fetch a picture and find what is in it.

        Args:
            service: Fetches and predicts.
            reference: As in a task's data.
            timeout_s: Longest wait for the model, in seconds.
            priority: Who waits.

        Raises:
            CatalogError: If the picture is of no use, or the model failed.
            TimeoutError: If it takes longer.
        """
        tagger = service.model.wait_settled(timeout_s)
        data = service.images.fetch_bytes(reference)
        digest = hashlib.sha256(data).hexdigest()
        image = service.images.decode(data, reference=reference)
        with self._lock:
            known = self._known.get((digest, tagger.version))
        if known is None:
            computed = service.model.predict(shrink(image), priority=priority, tagger=tagger)
            known = at_full_size(computed.result(timeout=timeout_s), image.size)
            self.note(digest, known, tagger)
        return Seen(image=image, digest=digest, prediction=known, tagger=tagger)
