"""What the corrections say about the model and the work: acceptance, clicks, time and drift."""

from __future__ import annotations

__all__: list[str] = []
