"""Pictures for reviewers: small copies, masks, and where the model looked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from backend._cache import ByteBoundedCache
from backend.model_thread import Priority
from backend.review.drawn import masks_png, to_jpeg
from backend.review.items import ReviewError
from ontology.model import AttributeId, ValueId

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from backend.predictor import PredictionService
    from backend.review.items import ReviewItem
    from backend.review.seen import Seen, SeenPictures
    from tagger.explain import CellMap, Region
    from tagger.pipeline import GarmentTagger

__all__ = ["Evidence", "Explains", "Overlay", "make_explainer"]

_T = TypeVar("_T")

_CACHE_BYTES = 96 * 1024 * 1024
_SIDES_PX = (240, 1200)
_TIMEOUT_S = 30.0


class Explains(Protocol):
    """What is needed of `tagger.explain.Explainer`."""

    def explain(
        self,
        image: Image,
        region: Region,
        cells: Sequence[tuple[AttributeId, ValueId]],
        *,
        contrasts: Sequence[tuple[AttributeId, ValueId, ValueId]] = (),
        check: Any = (),
    ) -> tuple[CellMap, ...]:
        """Make the maps of one garment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A picture with a map over it, and how far to trust it.

    Attributes:
        jpeg: The picture.
        share_on_garment: Share of the heat on the garment, 0..1; None without a mask.
        is_trusted: None if nothing was measured.
    """

    jpeg: bytes
    share_on_garment: float | None
    is_trusted: bool | None


def make_explainer(tagger: GarmentTagger) -> Explains | None:
    """Make an explainer of a loaded model; None of anything else."""
    from tagger.explain import Explainer
    from tagger.pipeline import Tagger

    return Explainer(tagger) if isinstance(tagger, Tagger) else None


class Evidence:
    """Makes pictures, one explanation at a time, and keeps the last ones."""

    def __init__(
        self,
        service: PredictionService,
        seen: SeenPictures,
        *,
        explainer_of: Callable[[GarmentTagger], Explains | None] = make_explainer,
    ) -> None:
        """Keep the parts.

        Args:
            service: Fetches pictures and predicts.
            seen: What was predicted lately.
            explainer_of: Makes what explains a model's answers.
        """
        self._service = service
        self._seen = seen
        self._explainer_of = explainer_of
        self._cache: ByteBoundedCache[tuple[Any, ...], Any] = ByteBoundedCache(_CACHE_BYTES)
        self._sizes: ByteBoundedCache[str, tuple[int, int]] = ByteBoundedCache(1_000_000)
        self._explaining = threading.Lock()

    def image_wh(self, item: ReviewItem) -> tuple[int, int]:
        """Return width and height of an item's picture in pixels.

        Raises:
            ReviewError: If the item has no picture.
            ImageFetchError: If the picture cannot be got.
        """
        if not item.image:
            raise ReviewError("the listing has no picture that can be shown")
        for region in item.regions:
            if region.get("image_wh"):
                width, height = region["image_wh"]
                return int(width), int(height)
        known = self._sizes.get(item.image)
        if known is None:
            known = self._service.images.load(item.image).image.size
            self._sizes.put(item.image, known, num_bytes=100)
        return known

    def picture(self, reference: str, *, is_small: bool) -> bytes:
        """Return a copy of a picture as JPEG, without what else the file says.

        Raises:
            ImageFetchError: If the picture cannot be got.
        """
        side = _SIDES_PX[0 if is_small else 1]
        return self._kept(
            ("picture", reference, side),
            lambda: to_jpeg(self._service.images.load(reference).image, side),
        )

    def masks(self, item: ReviewItem) -> bytes:
        """Return the masks of all regions as one transparent PNG.

        Raises:
            ReviewError: If no region has a mask.
        """
        key = ("masks", item.id, item.updated_at)
        return self._kept(key, lambda: masks_png([r.get("mask") for r in item.regions]))

    def overlay(
        self,
        item: ReviewItem,
        region_id: str,
        attribute: str,
        value: str,
        *,
        against: str = "",
        is_checked: bool = False,
    ) -> Overlay:
        """Return an item's picture with the map of one value over it.

        Args:
            item: Whose picture.
            region_id: Of the garment.
            attribute: Its id.
            value: Its id.
            against: Another value: show what speaks for the first and against this one.
            is_checked: Also measure how faithful the map is, which takes far longer.

        Raises:
            ReviewError: If there is no such region, or the model cannot be explained.
            CatalogError: If the picture or the value is of no use.
        """
        from tagger.explain import draw, regions_from

        regions = regions_from(item.regions)
        at = next((n for n, r in enumerate(item.regions) if str(r["id"]) == region_id), None)
        if at is None:
            raise ReviewError(f"item {item.id!r} has no region {region_id!r}")

        def make() -> Overlay:
            image = self._service.images.load(item.image).image
            cell = (AttributeId(attribute), ValueId(value))
            explainer = self._explainer()
            contrasts = [(*cell, ValueId(against))] if against else []
            with self._explaining:
                (found,) = explainer.explain(
                    image,
                    regions[at],
                    [] if against else [cell],
                    contrasts=contrasts,
                    check=[cell] * is_checked,
                )
            return Overlay(
                jpeg=to_jpeg(draw(image, found), _SIDES_PX[1]),
                share_on_garment=found.share_on_garment,
                is_trusted=found.is_trusted,
            )

        version = self._service.model_version
        key = (
            "overlay",
            item.image,
            item.updated_at,
            region_id,
            attribute,
            value,
            against,
            version,
            is_checked,
        )
        return self._kept(key, make)

    def cut(self, reference: str, box_percent: tuple[float, float, float, float]) -> bytes:
        """Return one garment of a picture as a small JPEG.

        Args:
            reference: Of the picture.
            box_percent: `x, y, width, height` in percent of the picture.

        Raises:
            ImageFetchError: If the picture cannot be got.
        """

        def make() -> bytes:
            image = self._service.images.load(reference).image
            x, y, width, height = (share / 100 for share in box_percent)
            left, top = round(x * image.width), round(y * image.height)
            right = max(left + 1, round((x + width) * image.width))
            bottom = max(top + 1, round((y + height) * image.height))
            return to_jpeg(image.crop((left, top, right, bottom)), _SIDES_PX[0])

        return self._kept(("cut", reference, box_percent), make)

    def embedding(
        self, item: ReviewItem, region_id: str
    ) -> tuple[NDArray[np.floating], str] | None:
        """Return the vector (C,) of one garment and what made it; None if the model makes none.

        Raises:
            ReviewError: If there is no such region.
            CatalogError: If the picture is of no use.
        """
        from tagger.boxes import PixelBox
        from tagger.pipeline import Tagger
        from tagger.views import look_at

        region = next((r for r in item.regions if str(r["id"]) == region_id), None)
        if region is None:
            raise ReviewError(f"item {item.id!r} has no region {region_id!r}")
        tagger = self._service.model.wait_settled(_TIMEOUT_S)
        if not isinstance(tagger, Tagger):
            return None
        x, y, width, height = region["box"]
        look = look_at(
            self._service.images.load(item.image).image,
            PixelBox(x0=x, y0=y, x1=x + width, y1=y + height),
            size=tagger.image_size,
            is_alone=len(item.regions) == 1,
        )
        with self._explaining:
            return tagger.run([look]).embedding[0], tagger.encoder

    def panel(self, reference: str) -> bytes:
        """Return one picture with every decided attribute of every garment and its map.

        Raises:
            CatalogError: If the picture is of no use, or the model cannot answer.
            TimeoutError: If the model is too busy.
        """
        key = ("panel", reference, self._service.model_version)
        return self._kept(key, lambda: self._panel(reference))

    def _panel(self, reference: str) -> bytes:
        from tagger.explain import compose, regions_of

        seen = self._seen.look(
            self._service, reference, timeout_s=_TIMEOUT_S, priority=Priority.PERSON
        )
        explainer = self._explainer(seen)
        garments = []
        for garment, region in zip(
            seen.prediction.garments, regions_of(seen.prediction), strict=True
        ):
            answers = [
                (attribute, answer.value, answer.score)
                for attribute, found in garment.attributes.items()
                for answer in found
            ]
            with self._explaining:
                maps = explainer.explain(seen.image, region, [(a, v) for a, v, _ in answers])
            garments.append(
                (region, [(*answer, m) for answer, m in zip(answers, maps, strict=True)])
            )
        return to_jpeg(compose(seen.image, garments, seen.tagger.ontology), None)

    def _explainer(self, seen: Seen | None = None) -> Explains:
        tagger = seen.tagger if seen is not None else self._service.model.wait_settled(_TIMEOUT_S)
        explainer = self._explainer_of(tagger)
        if explainer is None:
            raise ReviewError(f"model {tagger.version} cannot be explained")
        return explainer

    def _kept(self, key: tuple[Any, ...], make: Callable[[], _T]) -> _T:
        found: _T | None = self._cache.get(key)
        if found is None:
            found = make()
            body = found.jpeg if isinstance(found, Overlay) else found
            self._cache.put(
                key, found, num_bytes=500 + (len(body) if isinstance(body, bytes) else 0)
            )
        return found
