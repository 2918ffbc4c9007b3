"""Draw a synthetic fashion catalog: pictures whose labels are known exactly."""

from __future__ import annotations

from tagger.render.catalog import FORMAT, RenderError, drawable_categories, render_catalog

__all__ = ["FORMAT", "RenderError", "drawable_categories", "render_catalog"]
