"""The probability that a claim is wrong, given what the model makes of the pictures.

A claim c is right with probability 1 - b before anybody looked. If it is wrong, the truth is
another value v and the seller hit on c with probability r(c), the share of c among all claims. With
the model's calibrated probabilities p(v | picture), Bayes' rule gives

    odds(wrong) = b / (1 - b) * r(c) / (1 - r(c)) * (1 - p(c)) / p(c)

A calibration that was measured on labelled pictures stretches and shifts what the picture adds, per
attribute (Platt 1999).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tagger.audit.findings import FindingKind

__all__ = ["MIN_RISK", "RiskModel", "Stretch", "evidence", "shipped_risk", "shipped_trust"]

BASE_RATE = 0.05
MIN_RISK = 0.35
"""Contradictions are reported from here on: a look costs little where one in three is right."""

_FLOOR = 1e-4


def evidence(*, claimed: float, share: float) -> float:
    """Give what a picture adds to the log-odds that a claim is wrong.

    Args:
        claimed: Probability of what is claimed, 0..1.
        share: Chance that a wrong claim is this one, 0..1.
    """
    claimed = min(max(claimed, _FLOOR), 1.0 - _FLOOR)
    share = min(max(share, _FLOOR), 1.0 - _FLOOR)
    return math.log(share / (1.0 - share)) + math.log((1.0 - claimed) / claimed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How the evidence x of an attribute becomes calibrated log-odds: `slope * x + shift`.

    Attributes:
        n: Labelled claims that it was measured on.
    """

    slope: float = 1.0
    shift: float = 0.0
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModel:
    """Gives the risk of claims.

    Attributes:
        base_rate: Share of claims that are wrong, over all, 0..1.
        stretches: Per `category` or attribute; others are taken as they are.
        measured_on: The model version that `stretches` were measured with; empty if none.
    """

    base_rate: float = BASE_RATE
    stretches: Mapping[str, Stretch] = field(default_factory=dict)
    measured_on: str = ""

    def log_odds(self, attribute: str, *, claimed: float, share: float) -> float:
        """Give the log-odds that a claim is wrong.

        Args:
            attribute: `category` or an attribute's id.
            claimed: Probability of what is claimed, 0..1.
            share: Chance that a wrong claim is this one, 0..1.
        """
        stretch = self.stretches.get(attribute, Stretch())
        prior = math.log(self.base_rate / (1.0 - self.base_rate))
        return prior + stretch.slope * evidence(claimed=claimed, share=share) + stretch.shift

    def risk(self, attribute: str, *, claimed: float, share: float) -> float:
        """Give the probability that a claim is wrong, 0..1; arguments as in `log_odds`."""
        value = self.log_odds(attribute, claimed=claimed, share=share)
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RiskModel:
        """Read what `python -m bench.audit calibrate` wrote."""
        return cls(
            base_rate=float(plain.get("base_rate", BASE_RATE)),
            stretches={
                name: Stretch(slope=float(s["slope"]), shift=float(s["shift"]), n=int(s["n"]))
                for name, s in plain.get("stretches", {}).items()
            },
            measured_on=str(plain.get("measured_on", "")),
        )


def _shipped() -> dict[str, Any]:
    file = Path(__file__).with_name("risk.json")
    if not file.is_file():
        return {}
    plain: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return plain


def shipped_trust() -> dict[FindingKind, float]:
    """Give how often a fault of a picture that is found is one, per kind, 0..1."""
    return {FindingKind(kind): float(p) for kind, p in _shipped().get("trust", {}).items()}


def shipped_risk(model_version: str) -> RiskModel:
    """Give the risk model that was measured with a version; the plain rule for any other."""
    found = RiskModel.from_dict(_shipped())
    return found if found.measured_on == model_version else RiskModel()
