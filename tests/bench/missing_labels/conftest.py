"""The same tiny catalog as the tagger's tests."""

from __future__ import annotations

from tests.tagger.conftest import lamps

__all__ = ["lamps"]
