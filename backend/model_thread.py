"""The one thread that owns the model: loads it, batches what is asked, survives what fails."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import structlog

from backend.metrics import Metrics
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.boxes import PixelBox
    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction, Regions

__all__ = ["ModelError", "ModelThread", "Priority"]

log = structlog.get_logger(__name__)


class ModelError(CatalogError):
    """The model could not answer: it is not loaded, was stopped, or failed on a picture."""


class Priority(IntEnum):
    """Who is waiting; a lower number is served first."""

    PERSON = 0
    REQUEST = 1
    BACKGROUND = 2


@dataclass(order=True, slots=True)
class _Work:
    priority: int
    sequence: int
    image: Image = field(compare=False)
    boxes: tuple[PixelBox, ...] | None = field(compare=False)
    tagger: GarmentTagger | None = field(compare=False)
    regions: Regions | None = field(compare=False)
    future: Future[Any] = field(compare=False)


class ModelThread:
    """Loads a tagger in the background and runs it on batches, most urgent first."""

    def __init__(
        self,
        load: Callable[[], GarmentTagger],
        *,
        batch_size: int = 16,
        regions: Regions = "auto",
        show_rendered: bool = False,
        metrics: Metrics | None = None,
        renew: Callable[[], GarmentTagger | None] | None = None,
        renew_every_s: float = 3.0,
    ) -> None:
        """Prepare; `start` starts the thread.

        Args:
            load: Loads the first model; called once, in the thread.
            batch_size: Pictures a model call at most.
            regions: How garments are found.
            show_rendered: Also show values that only rendered pictures taught.
            metrics: Where to count.
            renew: Loads the model that is to be served from now on, or gives None if that is the
                present one; called in the thread, between batches.
            renew_every_s: Seconds between two calls of it at least.
        """
        self._load = load
        self._renew = renew
        self._renew_every_s = renew_every_s
        self._fault = ""
        self._batch_size = batch_size
        self._regions = regions
        self._show_rendered = show_rendered
        self._metrics = metrics or Metrics()
        self._tagger: GarmentTagger | None = None
        self._failure = ""
        self._renew_at = time.monotonic() + renew_every_s
        self._settled = threading.Event()
        self._heap: list[_Work] = []
        self._wake = threading.Condition()
        self._sequence = itertools.count()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def start(self) -> None:
        """Start loading; returns at once."""
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop after the batch under way; what still waits fails with `ModelError`."""
        with self._wake:
            self._is_closed = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._fail_waiting("the server is stopping")

    @property
    def state(self) -> str:
        """`loading`, `ready`, or `failed: why`."""
        if self._tagger is not None:
            return "ready"
        return f"failed: {self._failure}" if self._failure else "loading"

    @property
    def version(self) -> str:
        """The version that answers new requests; empty while there is none."""
        return self._tagger.version if self._tagger is not None else ""

    @property
    def fault(self) -> str:
        """Why the version that is to be served is not, so that an earlier one is; mostly empty."""
        return self._fault

    @property
    def num_waiting(self) -> int:
        """Pictures that wait for the model."""
        return len(self._heap)

    def wait_settled(self, timeout_s: float) -> GarmentTagger:
        """Wait until the model is loaded and return it.

        Raises:
            ModelError: If it could not be loaded, or not in this time.
        """
        self._settled.wait(max(0.0, timeout_s))
        if self._tagger is None:
            raise ModelError(
                f"the model could not be loaded: {self._failure}"
                if self._failure
                else "the model is still loading"
            )
        return self._tagger

    def predict(
        self,
        image: Image,
        *,
        priority: Priority,
        tagger: GarmentTagger | None = None,
        regions: Regions | None = None,
    ) -> Future[ImagePrediction]:
        """Ask for the garments of an RGB picture; the future fails with `ModelError`.

        Args:
            image: The picture.
            priority: Who waits.
            tagger: What `wait_settled` gave, to be answered by it even if it is replaced meanwhile.
            regions: How garments are found; None for the usual way.
        """
        return self._submit(image, None, priority, tagger, regions)

    def tag(
        self,
        image: Image,
        boxes: Sequence[PixelBox],
        *,
        priority: Priority,
        tagger: GarmentTagger | None = None,
    ) -> Future[list[Garment]]:
        """Ask what is in given boxes of an RGB picture; otherwise as `predict`."""
        return self._submit(image, tuple(boxes), priority, tagger)

    def _submit(
        self,
        image: Image,
        boxes: tuple[PixelBox, ...] | None,
        priority: Priority,
        tagger: GarmentTagger | None,
        regions: Regions | None = None,
    ) -> Future[Any]:
        future: Future[Any] = Future()
        with self._wake:
            refusal = "the server is stopping" if self._is_closed else self._failure
            if not refusal:
                number = next(self._sequence)
                work = _Work(int(priority), number, image, boxes, tagger, regions, future)
                heapq.heappush(self._heap, work)
                self._metrics.queue.set(len(self._heap))
                self._wake.notify()
        if refusal:
            future.set_exception(ModelError(f"the model cannot answer: {refusal}"))
        return future

    def _run(self) -> None:
        try:
            self._serve(self._load())
        except Exception as error:  # the thread's last handler: the server goes on without model
            reason = _reason(error)
            log.error("model_load_failed", reason=reason, exc_info=_is_odd(error))
            with self._wake:
                self._failure = reason
            self._settled.set()
            self._fail_waiting(reason)
        while not self._is_closed and (self._tagger is not None or self._renew is not None):
            self._renew_if_due()
            if batch := self._next_batch():
                self._answer(batch)
        self._metrics.model_ready.set(0)

    def _serve(self, tagger: GarmentTagger) -> None:
        """Let a model answer from now on; what was asked of another one is still answered by it."""
        with self._wake:
            self._tagger, self._failure = tagger, ""
        self._metrics.model_ready.set(1)
        self._settled.set()
        log.info("model_ready", model_version=tagger.version)

    def _renew_if_due(self) -> None:
        """Take over what is to be served now; if it is of no use, the present model stays."""
        if self._renew is None or time.monotonic() < self._renew_at:
            return
        fault = ""
        try:
            if (tagger := self._renew()) is not None:
                self._serve(tagger)
        except Exception as error:  # whatever is wrong with the new one, the thread goes on
            fault = _reason(error)
            if fault != self._fault:
                log.error("model_not_renewed", reason=fault, exc_info=_is_odd(error))
        self._fault = fault
        self._renew_at = time.monotonic() + self._renew_every_s

    def _next_batch(self) -> list[_Work]:
        """Wait for work; pictures go together, given boxes alone. Empty when closed or idle."""
        with self._wake:
            if not self._heap and not self._is_closed:
                self._wake.wait(self._renew_every_s if self._renew is not None else None)
            if self._is_closed or not self._heap:
                return []
            batch = [heapq.heappop(self._heap)]
            while (
                self._heap
                and batch[0].boxes is self._heap[0].boxes is None
                and batch[0].tagger is self._heap[0].tagger
                and batch[0].regions == self._heap[0].regions
                and len(batch) < self._batch_size
            ):
                batch.append(heapq.heappop(self._heap))
            self._metrics.queue.set(len(self._heap))
            return batch

    def _answer(self, batch: list[_Work]) -> None:
        """Run a batch; if it fails, run each picture alone, so that only the guilty one fails."""
        try:
            answers = self._call(batch)
        except Exception as error:  # whatever one picture does, the thread goes on
            if len(batch) > 1:
                log.warning("model_batch_failed", num_images=len(batch), error=repr(error)[:300])
                for work in batch:
                    self._answer([work])
                return
            log.error("model_picture_failed", error=repr(error)[:300], exc_info=True)
            batch[0].future.set_exception(
                ModelError(f"the model failed on this picture ({type(error).__name__})")
            )
            return
        for work, answer in zip(batch, answers, strict=True):
            work.future.set_result(answer)

    def _call(self, batch: list[_Work]) -> list[Any]:
        tagger = batch[0].tagger or self.wait_settled(0)
        started = time.perf_counter()
        boxes = batch[0].boxes
        answers: list[Any]
        if boxes is not None:
            answers = [tagger.tag(batch[0].image, boxes, show_rendered=self._show_rendered)]
        else:
            answers = list(
                tagger.predict(
                    [work.image for work in batch],
                    regions=batch[0].regions or self._regions,
                    show_rendered=self._show_rendered,
                )
            )
        if len(answers) != len(batch):
            raise ModelError(f"{len(answers)} answers for {len(batch)} pictures")
        self._metrics.model_batch.observe(len(batch))
        self._metrics.model_seconds.observe(time.perf_counter() - started)
        return answers

    def _fail_waiting(self, reason: str) -> None:
        with self._wake:
            waiting, self._heap = self._heap, []
            self._metrics.queue.set(0)
        for work in waiting:
            work.future.set_exception(ModelError(f"the model cannot answer: {reason}"))


def _is_odd(error: Exception) -> bool:
    return not isinstance(error, CatalogError)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
