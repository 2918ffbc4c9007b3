"""Promises made by hand, for whatever reads them."""

from __future__ import annotations

from pathlib import Path

from tagger.promise import Promise, Why
from tagger.promise_file import PromiseSet, promises_dir, write_promises
from tagger.promise_scope import Scope


def promise(threshold: float | None) -> Promise:
    """Promise one attribute from a score on; None promises nothing."""
    return Promise(
        threshold=threshold,
        coverage=0.5,
        error_interval=(0.0, 0.02),
        n=400,
        num_accepted=200,
        num_wrong=0,
        why=Why.SHOWN if threshold is not None else Why.NOT_SHOWN,
    )


def promise_set(
    version: str = "v1", *, scope: Scope = Scope.ALL, **thresholds: float | None
) -> PromiseSet:
    """Make what a version promises, by attribute."""
    return PromiseSet(
        version=version,
        error=0.02,
        confidence=0.95,
        source="a test",
        fitted_on="2026-11-21",
        scope=scope,
        heads={name: promise(threshold) for name, threshold in thresholds.items()},
    )


def promised(data_dir: Path, version: str = "fake-1", **thresholds: float | None) -> PromiseSet:
    """Write what a version promises to where a server reads it."""
    made = promise_set(version, **thresholds)
    write_promises(promises_dir(data_dir), made)
    return made
