"""The table of training runs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.database import Base

__all__ = ["OPEN_STATES", "RunKind", "RunState", "RunTrigger", "TrainingRunRow"]


class RunKind(StrEnum):
    """How much is trained.

    Attributes:
        FAST: The heads, on embeddings that were kept.
        FULL: The whole network, on pictures.
    """

    FAST = "fast"
    FULL = "full"


class RunTrigger(StrEnum):
    """What asked for a run."""

    START_TRAINING = "start_training"
    COUNT = "count"
    SCHEDULE = "schedule"
    COMMAND = "command"
    ONTOLOGY = "ontology"


class RunState(StrEnum):
    """Where a run is.

    Attributes:
        QUEUED: Waits for its turn.
        RUNNING: A candidate is being made.
        GATING: The candidate is compared with the live version.
        PROMOTED: The candidate is live.
        REJECTED: The gate refused the candidate.
        UNDECIDED: There is too little gold to decide; a person may promote.
        FAILED: Something went wrong; the note says what.
        INTERRUPTED: Its process died; it is taken up again.
    """

    QUEUED = "queued"
    RUNNING = "running"
    GATING = "gating"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


OPEN_STATES = (RunState.QUEUED, RunState.INTERRUPTED, RunState.RUNNING, RunState.GATING)


class TrainingRunRow(Base):
    """One training run.

    Attributes:
        pid: Of the process that works on it, or did.
        progress: 0..1 of the present phase.
        note: What it does now, or why it ended as it did.
        candidate: The version that it made; empty until then.
        live_version: The version that it started from.
        counts: Garments by what became of them, and `usable` at the time it was asked for.
        verdict: The gate's decision and where its report is.
        attempts: How often a process took it up.
    """

    __tablename__ = "training_runs"
    __table_args__ = (Index("ix_training_runs_state", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    trigger: Mapped[str]
    state: Mapped[str]
    pid: Mapped[int | None]
    progress: Mapped[float]
    note: Mapped[str]
    candidate: Mapped[str]
    live_version: Mapped[str]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    verdict: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int]
