"""Check what sellers say about products against their pictures."""

from __future__ import annotations
