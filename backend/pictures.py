"""Find the garments of pictures: each is fetched and computed once, a few at a time in memory."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from backend._cache import ByteBoundedCache
from backend._full_size import at_full_size, estimate_bytes, only_what_is_sent, shrink
from backend.addresses import ImageFetchError
from backend.model_thread import ModelError, ModelThread, Priority
from ontology.errors import CatalogError
from tagger.boxes import BoxError, PixelBox, from_percent

if TYPE_CHECKING:
    from backend.images import ImageFetcher
    from backend.metrics import Metrics
    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction

    KeepPrediction = Callable[[str, ImagePrediction, GarmentTagger], None]

__all__ = ["FoundPicture", "PictureFinder", "drawn_box"]

log = structlog.get_logger(__name__)

_NUM_BATCHES_IN_MEMORY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPicture:
    """What is in one picture.

    Attributes:
        digest: SHA-256 of the file, in hex.
        prediction: Boxes in pixels of the full-size picture.
        tagger: The model that found it.
    """

    digest: str
    prediction: ImagePrediction
    tagger: GarmentTagger


class PictureFinder:
    """Takes references, gives garments; shared by all requests."""

    def __init__(
        self,
        *,
        model: ModelThread,
        images: ImageFetcher,
        metrics: Metrics,
        batch_size: int,
        cache_bytes: int,
        keep: KeepPrediction | None = None,
    ) -> None:
        """Keep the parts; nothing starts.

        Args:
            model: Owns the tagger.
            images: Fetches pictures.
            metrics: Where to count.
            batch_size: Pictures a model call.
            cache_bytes: Memory for remembered answers.
            keep: Told the digest, the prediction and the model of every picture that was computed;
                quick, and never fails.
        """
        self._keep = keep
        self._model = model
        self._images = images
        self._metrics = metrics
        self._cache: ByteBoundedCache[tuple[str, str], ImagePrediction]
        self._cache = ByteBoundedCache(cache_bytes)
        self._flights: dict[tuple[str, str, Priority], Future[FoundPicture]] = {}
        self._lock = threading.Lock()
        self._window = 2 * batch_size
        self._in_memory = threading.BoundedSemaphore(_NUM_BATCHES_IN_MEMORY * batch_size)

    def tag_drawn(
        self, reference: str, drawn: Mapping[str, Any], *, tagger: GarmentTagger, ends_at: float
    ) -> tuple[Garment, tuple[int, int]]:
        """Describe what is inside a rectangle drawn by hand.

        Returns:
            The garment, and width and height of the picture.

        Raises:
            CatalogError: If the picture or the rectangle is of no use, or the model failed.
            TimeoutError: If it is not done at `ends_at`, on the monotonic clock.
        """
        try:
            loading = self._images.pool.submit(self._images.load, reference)
            full = loading.result(timeout=max(0.0, ends_at - time.monotonic())).image
        except (RuntimeError, CancelledError) as error:  # the pool is shut down
            raise ModelError("the server is stopping") from error
        image = shrink(full)
        box = drawn_box(drawn["value"], image_wh=image.size)
        tagged = self._model.tag(image, [box], priority=Priority.PERSON, tagger=tagger)
        return tagged.result(timeout=max(0.0, ends_at - time.monotonic()))[0], full.size

    def find_all(
        self,
        references: Sequence[str],
        *,
        tagger: GarmentTagger,
        ends_at: float,
        priority: Priority,
    ) -> dict[str, FoundPicture | CatalogError]:
        """Find the garments of pictures.

        Args:
            references: Each at most once.
            tagger: The model that is to find them.
            ends_at: When to stop waiting, on the monotonic clock.
            priority: Who waits for the answer.

        Returns:
            What was found or why not; what is not a key was not ready in time.
        """
        found: dict[str, FoundPicture | CatalogError] = {}
        waiting = iter(references)
        pending: dict[Future[FoundPicture], str] = {}
        while (left_s := ends_at - time.monotonic()) > 0:
            while len(pending) < self._window and (reference := next(waiting, None)):
                pending[self._flight(reference, tagger, priority)] = reference
            done, _ = wait(pending, timeout=left_s, return_when=FIRST_COMPLETED)
            for future in done:
                found[pending.pop(future)] = _result_or_error(future)
            if not pending and not done:
                break
        return found

    def _flight(
        self, reference: str, tagger: GarmentTagger, priority: Priority
    ) -> Future[FoundPicture]:
        """Return the one computation under way for a reference, starting it if there is none.

        One that is less urgent does not count: a person would wait behind everybody else's.
        """
        digest = hashlib.sha256(reference.encode("utf-8", "surrogatepass")).hexdigest()
        key = (digest, tagger.version, priority)
        with self._lock:
            for as_urgent in Priority:
                flight = self._flights.get((digest, tagger.version, as_urgent))
                if flight is not None and as_urgent <= priority:
                    return flight
            flight = self._flights[key] = Future()
        flight.add_done_callback(lambda _: self._land(key))
        try:
            started = self._images.pool.submit(self._fetch, reference, flight, tagger, priority)
        except RuntimeError:  # the pool is shut down
            flight.set_exception(ModelError("the server is stopping"))
        else:
            started.add_done_callback(lambda done: _pass_on_failure(done, flight))
        return flight

    def _land(self, key: tuple[str, str, Priority]) -> None:
        with self._lock:
            self._flights.pop(key, None)

    def _fetch(
        self,
        reference: str,
        flight: Future[FoundPicture],
        tagger: GarmentTagger,
        priority: Priority,
    ) -> None:
        """Fetch a picture and hand it to the model; runs in a fetching thread."""
        started = time.perf_counter()
        self._in_memory.acquire()
        try:
            data = self._images.fetch_bytes(reference)
            digest = hashlib.sha256(data).hexdigest()
            known = self._cache.get((digest, tagger.version))
            if known is None:
                full = self._images.decode(data, reference=reference)
                full_wh, image = full.size, shrink(full)
        except BaseException as error:
            self._in_memory.release()
            if isinstance(error, ImageFetchError):
                self._metrics.fetch_failures.labels(permanent=str(error.is_permanent).lower()).inc()
            raise
        self._metrics.fetch_seconds.observe(time.perf_counter() - started)
        if known is not None:
            self._in_memory.release()
            self._metrics.cache_hits.inc()
            flight.set_result(FoundPicture(digest=digest, prediction=known, tagger=tagger))
            return
        computed = self._model.predict(image, priority=priority, tagger=tagger)
        computed.add_done_callback(
            lambda done: self._finish(done, flight, tagger, digest=digest, image_wh=full_wh)
        )

    def _finish(
        self,
        done: Future[ImagePrediction],
        flight: Future[FoundPicture],
        tagger: GarmentTagger,
        *,
        digest: str,
        image_wh: tuple[int, int],
    ) -> None:
        self._in_memory.release()
        try:
            whole = at_full_size(done.result(), image_wh)
            if self._keep is not None:
                self._keep(digest, whole, tagger)
            prediction = only_what_is_sent(whole)
        except Exception as error:  # goes to everybody who waits for this picture
            flight.set_exception(error)
            return
        key = (digest, tagger.version)
        self._cache.put(key, prediction, num_bytes=estimate_bytes(prediction))
        self._metrics.cache_bytes.set(self._cache.num_bytes)
        flight.set_result(FoundPicture(digest=digest, prediction=prediction, tagger=tagger))


def _result_or_error(future: Future[FoundPicture]) -> FoundPicture | CatalogError:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, CatalogError):
        return error
    log.error("picture_failed_unexpectedly", error=repr(error)[:300])
    return ModelError(f"unexpected failure ({type(error).__name__})")


def _pass_on_failure(started: Future[None], flight: Future[FoundPicture]) -> None:
    if started.cancelled():
        flight.set_exception(ModelError("the server is stopping"))
    elif (error := started.exception()) is not None and not flight.done():
        flight.set_exception(error)


def drawn_box(value: Mapping[str, Any], *, image_wh: tuple[int, int]) -> PixelBox:
    """Return the upright box around a drawn rectangle, which may be turned.

    Args:
        value: `x, y, width, height` in percent and `rotation` in degrees clockwise about the
            top left corner.
        image_wh: Width and height of the picture in pixels.

    Raises:
        BoxError: If a number is missing or nothing of it lies in the picture.
    """
    angle = value.get("rotation") or 0
    if angle == 0:
        return from_percent(value, image_wh=image_wh)
    width, height = image_wh
    try:
        x, y, w, h = (float(value[key]) / 100 for key in ("x", "y", "width", "height"))
        turn = math.radians(float(angle))
        cos, sin = math.cos(turn), math.sin(turn)
    except (KeyError, TypeError, ValueError) as error:
        raise BoxError(f"rectangle {dict(value)!r} lacks a number") from error
    corners = [(0.0, 0.0), (w * width, 0.0), (0.0, h * height), (w * width, h * height)]
    xs = [x * width + dx * cos - dy * sin for dx, dy in corners]
    ys = [y * height + dx * sin + dy * cos for dx, dy in corners]
    return PixelBox(x0=min(xs), y0=min(ys), x1=max(xs), y1=max(ys)).clip(image_wh)
