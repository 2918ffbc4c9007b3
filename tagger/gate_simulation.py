"""Simulate gold and candidates to learn how often the gate errs.

A product has one to three pictures; every picture has the heads that apply to it and were labelled.
The live version's answer and what the candidate makes of it come from one normal variable each per
cell, a part of which the cells of a product share: wrong answers come together, and so do flips, in
the same direction. An equally good candidate wins and loses each cell with the same chance.

Legend: N cells, G groups, H heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tagger.gate import judge
from tagger.gate_pairs import PairedCells
from tagger.gate_statistics import bounds_of, group_sums
from tagger.gate_verdict import GateConfig, Verdict
from tagger.metrics import wilson_interval

__all__ = ["Population", "Scenario", "coverage", "draw_cells", "rates", "simulate"]

_BOOTSTRAP_DRAWS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What gold looks like.

    Attributes:
        shares: Per head, the share of pictures that carry a gold label of it, 0..1.
        accuracies: Per head, the share that the live version has right, 0..1.
        pictures: Chances of a product to have one, two, ... pictures.
        shared_right: Part of the variance of being right that a product's cells share, 0..1.
        shared_flip: Likewise of being flipped.
    """

    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "common a": 1.0,
            "common b": 0.9,
            "common c": 0.8,
            "half a": 0.55,
            "half b": 0.5,
            "half c": 0.45,
            "half d": 0.4,
            "rare a": 0.2,
            "rare b": 0.15,
            "rare c": 0.1,
            "rare d": 0.05,
            "rare e": 0.03,
        }
    )
    accuracies: Mapping[str, float] = field(default_factory=lambda: {"common a": 0.9})
    pictures: tuple[float, ...] = (0.7, 0.2, 0.1)
    shared_right: float = 0.2
    shared_flip: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the candidate does to the cells.

    Attributes:
        name: In words.
        flips: Share of cells that change from right to wrong or back, in equal parts, 0..1.
        changes: True change of single heads, -1..1.
        everywhere: True change of every other head, -1..1.
        wander: Standard deviation of further true changes of the heads, which sum to nothing.
    """

    name: str
    flips: float = 0.05
    changes: Mapping[str, float] = field(default_factory=dict)
    everywhere: float = 0.0
    wander: float = 0.0


def draw_cells(
    population: Population, scenario: Scenario, *, num_groups: int, random: np.random.Generator
) -> PairedCells:
    """Draw gold of G groups with two versions' answers."""
    names = tuple(sorted(population.shares))
    sizes = 1 + random.choice(
        len(population.pictures), size=num_groups, p=np.array(population.pictures)
    )
    picture_group = np.repeat(np.arange(num_groups), sizes)
    shares = np.array([population.shares[name] for name in names])
    there = random.random((len(picture_group), len(names))) < shares
    picture, heads = np.nonzero(there)
    groups = picture_group[picture].astype(np.int64)
    accuracy = np.array([population.accuracies.get(name, 0.8) for name in names])
    live = _uniform(groups, population.shared_right, random) < accuracy[heads]
    up, down = _chances(names, scenario, random)
    place = _uniform(groups, population.shared_flip, random)
    # A cell can only be won where live is wrong, so chances are scaled to what is left to flip.
    won = ~live & (place > 1 - (up / (1 - accuracy))[heads])
    lost = live & (place < (down / accuracy)[heads])
    return PairedCells(
        groups=groups,
        heads=heads.astype(np.int64),
        live=live,
        candidate=(live | won) & ~lost,
        is_new=np.zeros(len(groups), dtype=bool),
        names=names,
    )


def _chances(
    names: tuple[str, ...], scenario: Scenario, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each head's chance of a won and of a lost cell, (H,) each."""
    change = np.array([scenario.changes.get(name, scenario.everywhere) for name in names])
    if scenario.wander:
        extra = random.normal(0.0, scenario.wander, len(names))
        change = change + extra - extra.mean()
    base = scenario.flips / 2
    return base + np.maximum(change, 0.0), base + np.maximum(-change, 0.0)


def _uniform(
    groups: NDArray[np.int64], shared: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw (N,) uniform variables that are correlated within groups."""
    own = random.standard_normal(len(groups))
    common = random.standard_normal(int(groups.max()) + 1 if len(groups) else 0)[groups]
    uniform: NDArray[np.float64] = special.ndtr(
        np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    )
    return uniform


def simulate(
    population: Population,
    scenario: Scenario,
    *,
    num_groups: int,
    draws: int,
    seed: int,
    config: GateConfig | None = None,
) -> list[Verdict]:
    """Let the gate judge a number of independent draws."""
    random = np.random.default_rng(seed)
    return [
        judge(
            draw_cells(population, scenario, num_groups=num_groups, random=random),
            config=config or GateConfig(),
        )
        for _ in range(draws)
    ]


def rates(verdicts: list[Verdict]) -> dict[str, Any]:
    """Count decisions, each with its share and a 95 % interval."""
    total = len(verdicts)
    found: dict[str, Any] = {"draws": total}
    for decision in ("promote", "reject", "undecided"):
        hits = sum(verdict.decision == decision for verdict in verdicts)
        found[decision] = {
            "share": hits / total,
            "interval": list(wilson_interval(hits, total)),
        }
    needed = [verdict.groups_needed for verdict in verdicts if verdict.decision == "undecided"]
    found["median_groups_needed"] = int(np.median(needed)) if needed else None
    cells = [verdict.mean.num_cells for verdict in verdicts if verdict.mean is not None]
    found["mean_cells"] = round(float(np.mean(cells))) if cells else 0
    return found


def coverage(
    population: Population,
    scenario: Scenario,
    *,
    head: str | None,
    num_groups: int,
    draws: int,
    seed: int,
) -> dict[str, float]:
    """Say how often two-sided 90 % intervals of three kinds hold the true change.

    Args:
        population: What gold looks like.
        scenario: What the candidate does.
        head: The head whose change is bounded; None for the mean over all cells.
        num_groups: Groups of gold.
        draws: How often.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    exact = _truth(population, scenario, head)
    hits = {"t": 0, "t with pseudo-groups": 0, "cluster bootstrap": 0}
    for _ in range(draws):
        cells = draw_cells(population, scenario, num_groups=num_groups, random=random)
        chosen = (
            np.ones(len(cells.heads), dtype=bool)
            if head is None
            else cells.heads == cells.names.index(head)
        )
        sums, counts = group_sums(cells.groups[chosen], cells.differences[chosen])
        ours = bounds_of(sums, counts)
        hits["t with pseudo-groups"] += ours.low <= exact <= ours.high
        low, high = _plain_t(sums, counts)
        hits["t"] += low <= exact <= high
        low, high = _bootstrap(sums, counts, random)
        hits["cluster bootstrap"] += low <= exact <= high
    return {name: count / draws for name, count in hits.items()}


def _truth(population: Population, scenario: Scenario, head: str | None) -> float:
    if head is not None:
        return scenario.changes.get(head, scenario.everywhere)
    shares = population.shares
    total = sum(
        share * scenario.changes.get(name, scenario.everywhere) for name, share in shares.items()
    )
    return total / sum(shares.values())


def _plain_t(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[float, float]:
    change = sums.sum() / counts.sum()
    rest = sums - change * counts
    error = np.sqrt(len(rest) / (len(rest) - 1) * (rest @ rest)) / counts.sum()
    reach = special.stdtrit(len(rest) - 1, 0.95) * error
    return float(change - reach), float(change + reach)


def _bootstrap(
    sums: NDArray[np.float64], counts: NDArray[np.float64], random: np.random.Generator
) -> tuple[float, float]:
    """Give the percentile interval of groups drawn with replacement."""
    num_groups = len(sums)
    drawn = random.multinomial(
        num_groups, np.full(num_groups, 1 / num_groups), size=_BOOTSTRAP_DRAWS
    )
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), [0.05, 0.95])
    return float(low), float(high)
