"""Write what the gate found as JSON for programs and as one page for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tagger.gate_page import render_page
from tagger.gate_pairs import CellOutcome
from tagger.gate_plots import Bin, answered, reliability_bins
from tagger.gate_verdict import Verdict
from tagger.metrics import calibration_error
from tagger.sources.description import CATEGORY

__all__ = ["JSON_NAME", "PAGE_NAME", "Confusion", "Reliability", "report_of", "write_report"]

PAGE_NAME = "report.html"
JSON_NAME = "report.json"
MAX_PAIRS = 15
MAX_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How scores and right answers agree, for some heads of both versions.

    Attributes:
        name: Which cells.
        live: Bins of equal mass.
        candidate: Likewise.
        live_error: Calibration error, 0..1; None for too few cells.
        candidate_error: Likewise.
    """

    name: str
    live: tuple[Bin, ...]
    candidate: tuple[Bin, ...]
    live_error: float | None
    candidate_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """One pair of categories, and how often each version took the first for the second."""

    truth: str
    answer: str
    live: int
    candidate: int


def write_report(
    verdict: Verdict,
    *,
    live: str,
    candidate: str,
    live_cells: Sequence[CellOutcome],
    candidate_cells: Sequence[CellOutcome],
    out: Path,
    now: datetime,
) -> Path:
    """Write `report.json` and `report.html` into a folder.

    Args:
        verdict: What the gate said about these cells.
        live: Name of the version that serves.
        candidate: Name of the other.
        live_cells: What `decide` was given.
        candidate_cells: Likewise.
        out: The folder; made where it is not there.
        now: Goes into the report.

    Returns:
        The page.
    """
    found = report_of(live_cells, candidate_cells)
    out.mkdir(parents=True, exist_ok=True)
    plain = {
        "format": 1,
        "created": now.isoformat(timespec="seconds"),
        "live": live,
        "candidate": candidate,
        "verdict": _plain(verdict),
        "reliability": [asdict(one) for one in found[0]],
        "confusion": [asdict(one) for one in found[1]],
    }
    (out / JSON_NAME).write_text(f"{json.dumps(plain, indent=1)}\n", encoding="utf-8")
    page = out / PAGE_NAME
    page.write_text(
        render_page(
            verdict,
            live=live,
            candidate=candidate,
            reliability=found[0],
            confusion=found[1],
            now=now,
        ),
        encoding="utf-8",
    )
    return page


def report_of(
    live: Sequence[CellOutcome], candidate: Sequence[CellOutcome]
) -> tuple[tuple[Reliability, ...], tuple[Confusion, ...]]:
    """Compare the calibration of two versions, and the categories that they confuse most."""
    reliability = []
    for name, is_category in (("attributes", False), (CATEGORY, True)):
        sides = [
            [cell for cell in side if (cell.head == CATEGORY) == is_category]
            for side in (live, candidate)
        ]
        bins = [reliability_bins(side) for side in sides]
        if all(bins):
            errors = [calibration_error(*answered(side)) for side in sides]
            reliability.append(
                Reliability(
                    name=name,
                    live=bins[0],
                    candidate=bins[1],
                    live_error=errors[0],
                    candidate_error=errors[1],
                )
            )
    return tuple(reliability), _confused(live, candidate)


def _confused(
    live: Sequence[CellOutcome], candidate: Sequence[CellOutcome]
) -> tuple[Confusion, ...]:
    counts = [
        Counter(
            (cell.truth, cell.answer)
            for cell in side
            if cell.head == CATEGORY and not cell.is_right and cell.truth
        )
        for side in (live, candidate)
    ]
    both = counts[0] + counts[1]
    pairs = sorted(both, key=lambda pair: (-both[pair], pair))[:MAX_PAIRS]
    return tuple(
        Confusion(truth=truth, answer=answer, live=counts[0][pair], candidate=counts[1][pair])
        for pair in pairs
        for truth, answer in [pair]
    )


def _plain(verdict: Verdict) -> dict[str, Any]:
    plain = asdict(verdict)
    for side in ("only_live", "only_candidate"):
        cells = plain.pop(side)
        plain[side] = {"count": len(cells), "first": list(cells[:MAX_NAMED])}
    return plain
