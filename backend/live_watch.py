"""Return to the version before when annotators accept the live one's answers less, beyond chance.

The worker compares both versions' shares of accepted answers by a sequential test that keeps its
level however often it looks (`backend.stats.sequential`). Blind tasks do not count: nothing was
filled in there. What was withdrawn is kept beside the versions; it is not promoted again by itself,
and if a person promotes it all the same, the watch leaves that decision alone.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from backend.database import utc_now
from backend.stats.acceptance import task_scores
from backend.stats.facts import read_labelled
from backend.stats.sequential import Comparison, SequentialLimits, compare
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from backend.database import Database
    from tagger.registry import ModelStore

__all__ = [
    "LiveWatch",
    "WatchError",
    "Withdrawal",
    "compare_versions",
    "is_withdrawn",
    "withdrawals",
]

log = structlog.get_logger(__name__)

_FILE = "withdrawn.json"


class WatchError(CatalogError):
    """The list of withdrawn versions cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A version that was rolled back by itself.

    Attributes:
        at: When, in ISO 8601.
        mean: Mean share of its answers that were accepted, a task; `mean_before` that of the
            version that was returned to.
        num: Tasks behind it, as `num_before`.
        is_done: Whether the roll-back has happened; not so only when the process was killed
            between deciding and doing.
    """

    version: str
    returned_to: str
    at: str
    mean: float
    mean_before: float
    num: int
    num_before: int
    is_done: bool


def withdrawals(models_dir: Path) -> list[Withdrawal]:
    """List the versions that were rolled back by themselves, oldest first.

    Raises:
        WatchError: If the file is damaged; says how to mend it.
    """
    path = models_dir / _FILE
    if not path.exists():
        return []
    try:
        return [Withdrawal(**item) for item in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise WatchError(
            f"{path} is not a list of withdrawn versions: {error}; delete it to start anew"
        ) from error


def is_withdrawn(models_dir: Path, version: str) -> bool:
    """Whether a version must not become live without a person's decision."""
    return any(item.version == version for item in withdrawals(models_dir))


def compare_versions(
    database: Database, *, live: str, before: str, limits: SequentialLimits | None = None
) -> Comparison:
    """Compare what was accepted of two versions' answers."""
    labelled = read_labelled(database, versions=(live, before))
    return compare(
        task_scores(labelled, version=before), task_scores(labelled, version=live), limits=limits
    )


class LiveWatch:
    """A chore of the worker."""

    def __init__(
        self,
        *,
        database: Database,
        store: ModelStore,
        limits: SequentialLimits | None = None,
        on_rollback: Callable[[Withdrawal], None] = lambda _: None,
        every_s: float = 60.0,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Put the parts together.

        Args:
            database: Holds the ledger.
            store: The versions; the serving thread notices by itself what is live there.
            limits: When a fall is beyond chance.
            on_rollback: Told of every roll-back.
            every_s: How often to look, in seconds.
            clock: Gives the present moment, aware.
            monotonic: Gives seconds that never go back.
        """
        self._database = database
        self._store = store
        self._limits = limits or SequentialLimits()
        self._on_rollback = on_rollback
        self._every_s = every_s
        self._clock = clock
        self._monotonic = monotonic
        self._next_at = 0.0

    def __call__(self) -> bool:
        """Look if that is due, and roll back if called for; never has more to do at once.

        Raises:
            ModelStoreError: If the version to return to is missing or damaged; the live one stays.
        """
        if self._monotonic() < self._next_at:
            return False
        self._next_at = self._monotonic() + self._every_s
        previous = self._store.previous()
        live = self._store.live().name
        known = {item.version: item for item in withdrawals(self._store.root)}
        for item in known.values():
            if not item.is_done and item.version != live:
                self._note(replace(item, is_done=True))  # killed after the deed
        if previous is None:
            return False
        if live in known:
            if not known[live].is_done:
                self._roll_back(known[live])
            return False
        found = compare_versions(
            self._database, live=live, before=previous.name, limits=self._limits
        )
        if found.is_alarm:
            self._roll_back(self._decision(live, previous.name, found))
        return False

    def _decision(self, live: str, previous: str, found: Comparison) -> Withdrawal:
        return Withdrawal(
            version=live,
            returned_to=previous,
            at=self._clock().isoformat(timespec="seconds"),
            mean=round(found.mean, 4),
            mean_before=round(found.mean_before, 4),
            num=found.num,
            num_before=found.num_before,
            is_done=False,
        )

    def _roll_back(self, decision: Withdrawal) -> None:
        """Note the decision, act on it, note that it is done; a kill in between is caught up."""
        self._note(decision)
        done = replace(decision, is_done=True)
        if self._store.live().name != decision.version:
            self._note(done)
            return  # a person was quicker
        self._store.rollback()
        self._note(done)
        log.error("version_rolled_back", **asdict(done))
        self._on_rollback(done)

    def _note(self, decision: Withdrawal) -> None:
        others = [
            item for item in withdrawals(self._store.root) if item.version != decision.version
        ]
        plain: list[dict[str, Any]] = [asdict(item) for item in (*others, decision)]
        self._store.root.mkdir(parents=True, exist_ok=True)
        partial = self._store.root / f"{_FILE}.partial"
        partial.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, self._store.root / _FILE)  # noqa: PTH105 - atomic on one file system
