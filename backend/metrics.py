"""What the server counts and measures, in a registry of its own for each app."""

from __future__ import annotations

from functools import partial

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

__all__ = ["Metrics"]

_FAST_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 100)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one server process; all names start with `weft_`."""

    def __init__(self) -> None:
        """Create every metric at zero, so that a dashboard sees it from the start."""
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        seconds = partial(Histogram, buckets=_FAST_S, registry=self.registry)
        sizes = partial(Histogram, buckets=_SIZES, registry=self.registry)
        self.requests = counter("weft_requests", "Requests answered.", ["route", "status"])
        self.request_seconds = seconds(
            "weft_request_seconds", "Time to answer a request.", ["route"]
        )
        self.tasks = counter(
            "weft_tasks",
            "Tasks asked for, by what became of them: ready, late or failed.",
            ["outcome"],
        )
        self.regions = counter("weft_regions", "Regions sent.")
        self.dropped_cells = counter(
            "weft_dropped_cells",
            "Regions and attribute values not sent because the project's config has no place "
            "for them or the check refused them.",
        )
        self.fetch_seconds = seconds("weft_fetch_seconds", "Time to get a picture.")
        self.fetch_failures = counter(
            "weft_fetch_failures",
            "Pictures that could not be got, by whether trying again may help.",
            ["permanent"],
        )
        self.model_seconds = seconds("weft_model_seconds", "Time of one model call.")
        self.model_batch = sizes("weft_model_batch_images", "Pictures in one model call.")
        self.model_ready = gauge("weft_model_ready", "1 when the model is loaded, else 0.")
        self.queue = gauge("weft_model_queue_images", "Pictures waiting for the model.")
        self.cache_hits = counter("weft_cache_hits", "Pictures answered from memory.")
        self.cache_bytes = gauge("weft_cache_bytes", "Memory that remembered answers take.")
        self.events = counter("weft_events", "Label Studio events received.", ["action"])

    def render(self) -> tuple[bytes, str]:
        """Return the text of all metrics and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
