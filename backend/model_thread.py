"""The one thread that owns the model: loads it, batches what is asked, survives what fails."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

import structlog

from backend.metrics import Metrics
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.boxes import PixelBox
    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction

__all__ = ["ModelError", "ModelThread", "Priority", "limit_torch_threads"]

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
    future: Future[Any] = field(compare=False)


class ModelThread:
    """Loads a tagger in the background and runs it on batches, most urgent first."""

    def __init__(
        self,
        load: Callable[[], GarmentTagger],
        *,
        batch_size: int = 16,
        regions: Literal["auto", "detect", "whole"] = "auto",
        show_rendered: bool = False,
        metrics: Metrics | None = None,
    ) -> None:
        """Prepare; `start` starts the thread.

        Args:
            load: Loads the model; called once, in the thread.
            batch_size: Pictures a model call at most.
            regions: How garments are found.
            show_rendered: Also show values that only rendered pictures taught.
            metrics: Where to count.
        """
        self._load = load
        self._batch_size = batch_size
        self._regions = regions
        self._show_rendered = show_rendered
        self._metrics = metrics or Metrics()
        self._tagger: GarmentTagger | None = None
        self._failure = ""
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

    def predict(self, image: Image, *, priority: Priority) -> Future[ImagePrediction]:
        """Ask for the garments of an RGB picture; the future fails with `ModelError`."""
        return self._submit(image, boxes=None, priority=priority)

    def tag(
        self, image: Image, boxes: Sequence[PixelBox], *, priority: Priority
    ) -> Future[list[Garment]]:
        """Ask what is in given boxes of an RGB picture; the future fails with `ModelError`."""
        return self._submit(image, boxes=tuple(boxes), priority=priority)

    def _submit(
        self, image: Image, *, boxes: tuple[PixelBox, ...] | None, priority: Priority
    ) -> Future[Any]:
        future: Future[Any] = Future()
        with self._wake:
            refusal = "the server is stopping" if self._is_closed else self._failure
            if not refusal:
                heapq.heappush(
                    self._heap, _Work(int(priority), next(self._sequence), image, boxes, future)
                )
                self._metrics.queue.set(len(self._heap))
                self._wake.notify()
        if refusal:
            future.set_exception(ModelError(f"the model cannot answer: {refusal}"))
        return future

    def _run(self) -> None:
        try:
            tagger = self._load()
        except Exception as error:  # the thread's last handler: the server goes on without model
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            is_known = isinstance(error, CatalogError)
            log.error("model_load_failed", reason=reason, exc_info=not is_known)
            with self._wake:
                self._failure = reason
            self._settled.set()
            self._fail_waiting(reason)
            return
        self._tagger = tagger
        self._metrics.model_ready.set(1)
        self._settled.set()
        log.info("model_ready", model_version=tagger.version)
        while batch := self._next_batch():
            self._answer(tagger, batch)
        self._metrics.model_ready.set(0)

    def _next_batch(self) -> list[_Work]:
        """Wait for work; pictures go together, given boxes alone. Empty when closed."""
        with self._wake:
            while not self._heap and not self._is_closed:
                self._wake.wait()
            if self._is_closed:
                return []
            batch = [heapq.heappop(self._heap)]
            while (
                batch[0].boxes is None
                and self._heap
                and self._heap[0].boxes is None
                and len(batch) < self._batch_size
            ):
                batch.append(heapq.heappop(self._heap))
            self._metrics.queue.set(len(self._heap))
            return batch

    def _answer(self, tagger: GarmentTagger, batch: list[_Work]) -> None:
        """Run a batch; if it fails, run each picture alone, so that only the guilty one fails."""
        try:
            answers = self._call(tagger, batch)
        except Exception as error:  # whatever one picture does, the thread goes on
            if len(batch) > 1:
                log.warning("model_batch_failed", num_images=len(batch), error=repr(error)[:300])
                for work in batch:
                    self._answer(tagger, [work])
                return
            log.error("model_picture_failed", error=repr(error)[:300], exc_info=True)
            batch[0].future.set_exception(
                ModelError(f"the model failed on this picture ({type(error).__name__})")
            )
            return
        for work, answer in zip(batch, answers, strict=True):
            work.future.set_result(answer)

    def _call(self, tagger: GarmentTagger, batch: list[_Work]) -> list[Any]:
        started = time.perf_counter()
        boxes = batch[0].boxes
        answers: list[Any]
        if boxes is not None:
            answers = [tagger.tag(batch[0].image, boxes, show_rendered=self._show_rendered)]
        else:
            answers = list(
                tagger.predict(
                    [work.image for work in batch],
                    regions=self._regions,
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


def limit_torch_threads(num_threads: int) -> int:
    """Set how many cores the model uses and return the number; 0 leaves one to the server."""
    import torch

    chosen = num_threads or max(1, _num_cores() - 1)
    torch.set_num_threads(chosen)
    return chosen


def _num_cores() -> int:
    """Count the cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
