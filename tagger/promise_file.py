"""The promises of a model version: a file beside the versions, which never change themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tagger.promise import Promise, PromiseCell, PromiseError, fit_promises
from tagger.promise_pooled import PooledPromise, fit_pooled
from tagger.promise_scope import Scope

__all__ = ["PromiseSet", "fit_set", "promises_dir", "read_promises", "write_promises"]

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseSet:
    """What one version may be taken at its word for.

    Attributes:
        version: The model version; no other one's scores mean the same.
        error: The stated share of wrong answers, 0..1.
        confidence: With which it is kept, 0..1.
        scope: Whether it is kept by all accepted answers together, or by each head's.
        overall: What was shown of all together; None in scope `each`.
        source: What it was fitted on, in words.
        fitted_on: Date, `YYYY-MM-DD`.
        heads: By `category` or attribute; others are never accepted.
    """

    version: str
    error: float
    confidence: float
    source: str
    fitted_on: str
    scope: Scope
    overall: PooledPromise | None = None
    heads: Mapping[str, Promise] = field(default_factory=dict)

    def accepts(self, head: str, score: float | None) -> bool:
        """Tell whether an answer of this score, 0..1, may be taken without a look."""
        promise = self.heads.get(head)
        return promise is not None and promise.accepts(score)

    @property
    def stated(self) -> str:
        """What is promised, in words."""
        of = "all accepted answers together" if self.scope is Scope.ALL else "its accepted answers"
        return f"at most {100 * self.error:g} % of {of} are wrong, at {100 * self.confidence:g} %"

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for the file."""
        return {
            "format": _FORMAT,
            "version": self.version,
            "error": self.error,
            "confidence": self.confidence,
            "source": self.source,
            "fitted_on": self.fitted_on,
            "scope": self.scope.value,
            "overall": None if self.overall is None else self.overall.to_dict(),
            "heads": {name: promise.to_dict() for name, promise in sorted(self.heads.items())},
        }


def fit_set(
    cells: Sequence[PromiseCell],
    *,
    scope: Scope,
    never: Collection[str],
    version: str,
    error: float,
    confidence: float,
    source: str,
    fitted_on: str,
) -> PromiseSet:
    """Fit a version's promises.

    Args:
        cells: See `fit_pooled` and `fit_promises`.
        scope: What the error is the error of.
        never: Attributes that are never accepted.
        version: Whose answers they are.
        error: The stated share of wrong answers, above 0 and below 1.
        confidence: With which it is kept, above 0 and below 1.
        source: Where the cells are from, in words.
        fitted_on: Date, `YYYY-MM-DD`.

    Raises:
        PromiseError: If a stated number is out of range.
    """
    overall: PooledPromise | None = None
    if scope is Scope.ALL:
        pooled = fit_pooled(cells, error=error, confidence=confidence, never=never)
        heads, overall = pooled.heads, pooled.overall
    else:
        heads = fit_promises(cells, error=error, confidence=confidence, never=never)
    return PromiseSet(
        version=version,
        error=error,
        confidence=confidence,
        source=source,
        fitted_on=fitted_on,
        scope=scope,
        overall=overall,
        heads=heads,
    )


def promises_dir(data_dir: Path) -> Path:
    """Give the folder of promises in the data folder."""
    return data_dir / "promises"


def write_promises(folder: Path, promises: PromiseSet) -> Path:
    """Write a version's promises, in place of earlier ones, atomically; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{promises.version}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(promises.to_dict(), indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 - atomic on one file system
    return path


def read_promises(folder: Path, version: str) -> PromiseSet | None:
    """Read a version's promises; None if none were fitted, so that nothing is accepted.

    Raises:
        PromiseError: If the file is there and is not what `write_promises` writes.
    """
    path = folder / f"{version}.json"
    if not path.is_file():
        return None
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        found = PromiseSet(
            version=str(plain["version"]),
            error=float(plain["error"]),
            confidence=float(plain["confidence"]),
            source=str(plain["source"]),
            fitted_on=str(plain["fitted_on"]),
            scope=Scope(plain.get("scope", Scope.EACH)),  # older files have none
            overall=_overall(plain.get("overall")),
            heads={name: Promise.from_dict(one) for name, one in plain["heads"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PromiseError(
            f"{path}: no readable promises ({error!r}); fit them again with `weft promise`"
        ) from error
    if found.version != version or plain["format"] != _FORMAT:
        raise PromiseError(
            f"{path}: holds format {plain['format']!r} of version {found.version!r}; expected "
            f"format {_FORMAT} of {version!r}; fit them again with `weft promise`"
        )
    return found


def _overall(plain: Mapping[str, Any] | None) -> PooledPromise | None:
    return None if plain is None else PooledPromise.from_dict(plain)
