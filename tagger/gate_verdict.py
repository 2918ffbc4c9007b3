"""What the gate asks for and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tagger.gate_pairs import GateError

__all__ = [
    "ALL_CELLS",
    "NEW_VALUES",
    "SMALL_HEADS",
    "Decision",
    "GateConfig",
    "HeadChange",
    "Verdict",
]

Decision = Literal["promote", "reject", "undecided"]
State = Literal["holds", "falls", "not testable", "new"]

ALL_CELLS = "all cells"
SMALL_HEADS = "small attributes"
NEW_VALUES = "new values"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """What the gate asks for.

    Attributes:
        mean_margin: Fall of the mean that is forgiven, as a share of cells.
        head_margin: Fall of one attribute that is forgiven, likewise.
        min_labels: Cells from which an attribute is tested alone.
        alpha: Chance that a bound is on the wrong side; also that any head of a candidate as good
            as live is called fallen.
        min_groups: Groups below which nothing is decided.
        min_cells: Cells below which nothing is decided.
        max_unpaired: Share of cells that only one version has above which nothing is decided.
        power: Chance of promotion of an equally good candidate, which `groups_needed` goes by.
    """

    mean_margin: float = 0.005
    head_margin: float = 0.02
    min_labels: int = 200
    alpha: float = 0.05
    min_groups: int = 50
    min_cells: int = 200
    max_unpaired: float = 0.02
    power: float = 0.8

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 < self.alpha < 0.5 or not 0 < self.power < 1:
            raise GateError(
                f"alpha {self.alpha} and power {self.power}: expected an alpha between 0 and 0.5 "
                "and a power between 0 and 1"
            )
        if min(self.mean_margin, self.head_margin, self.max_unpaired) < 0 or self.min_labels < 1:
            raise GateError(
                f"margins {self.mean_margin} and {self.head_margin}, unpaired share "
                f"{self.max_unpaired}, labels {self.min_labels}: margins and shares are 0 or more, "
                "labels 1 or more"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadChange:
    """What became of one head, in shares of cells (0..1, changes -1..1).

    Attributes:
        head: An attribute's id, `category`, or one of `ALL_CELLS`, `SMALL_HEADS`, `NEW_VALUES`.
        num_cells: Paired cells.
        num_groups: Groups that they belong to.
        live: Share that the live version has right.
        candidate: Share that the candidate has right.
        won: Cells that only the candidate has right.
        lost: Cells that only the live version has right.
        change: Candidate minus live.
        low: One-sided lower bound at `alpha`.
        high: One-sided upper bound.
        error: Standard error of the change.
        margin: The fall that is forgiven.
        p_value: Chance of so low a change if the candidate is as good; None where not tested.
        p_holm: The same, corrected for the number of tests.
        state: `falls` is proof; `holds` is its absence.
    """

    head: str
    num_cells: int
    num_groups: int
    live: float
    candidate: float
    won: int
    lost: int
    change: float
    low: float
    high: float
    error: float
    margin: float
    p_value: float | None = None
    p_holm: float | None = None
    state: State = "not testable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says, and why.

    Attributes:
        decision: `undecided` leaves it to a person.
        reasons: Whole sentences, the decisive ones first.
        mean: The change over all cells; None without a shared cell.
        heads: Heads with enough labels, in order of name.
        small: The heads with too few labels, taken together; None without any.
        not_testable: Heads with too few labels, one by one.
        new_values: Cells that the live version could not answer rightly; None without any.
        num_groups: Groups with a shared cell.
        groups_needed: How many more groups would decide; 0 where the gate decided.
        only_live: Ids of cells that only the live version has.
        only_candidate: Likewise.
        config: What was asked for.
    """

    decision: Decision
    reasons: tuple[str, ...]
    mean: HeadChange | None
    heads: tuple[HeadChange, ...]
    small: HeadChange | None
    not_testable: tuple[HeadChange, ...]
    new_values: HeadChange | None
    num_groups: int
    groups_needed: int
    only_live: tuple[str, ...] = ()
    only_candidate: tuple[str, ...] = ()
    config: GateConfig = field(default_factory=GateConfig)
