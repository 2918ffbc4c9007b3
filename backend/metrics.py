"""What the server counts and measures, in a registry of its own for each app."""

from __future__ import annotations

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
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "weft_requests", "Requests answered.", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "weft_request_seconds",
            "Time to answer a request.",
            ["route"],
            buckets=_FAST_S,
            registry=registry,
        )
        self.tasks = Counter(
            "weft_tasks",
            "Tasks asked for, by what became of them: ready, late or failed.",
            ["outcome"],
            registry=registry,
        )
        self.regions = Counter("weft_regions", "Regions sent.", registry=registry)
        self.dropped_cells = Counter(
            "weft_dropped_cells",
            "Regions and attribute values not sent because the project's config has no place "
            "for them or the check refused them.",
            registry=registry,
        )
        self.fetch_seconds = Histogram(
            "weft_fetch_seconds", "Time to get a picture.", buckets=_FAST_S, registry=registry
        )
        self.fetch_failures = Counter(
            "weft_fetch_failures",
            "Pictures that could not be got, by whether trying again may help.",
            ["permanent"],
            registry=registry,
        )
        self.model_seconds = Histogram(
            "weft_model_seconds", "Time of one model call.", buckets=_FAST_S, registry=registry
        )
        self.model_batch = Histogram(
            "weft_model_batch_images",
            "Pictures in one model call.",
            buckets=_SIZES,
            registry=registry,
        )
        self.model_ready = Gauge(
            "weft_model_ready", "1 when the model is loaded, else 0.", registry=registry
        )
        self.queue = Gauge(
            "weft_model_queue_images", "Pictures waiting for the model.", registry=registry
        )
        self.cache_hits = Counter(
            "weft_cache_hits", "Pictures answered from memory.", registry=registry
        )
        self.cache_bytes = Gauge(
            "weft_cache_bytes", "Memory that remembered answers take.", registry=registry
        )
        self.events = Counter(
            "weft_events", "Label Studio events received.", ["action"], registry=registry
        )

    def render(self) -> tuple[bytes, str]:
        """Return the text of all metrics and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
