"""The gate keeps its promises on simulated gold, and the simulation is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from tagger.gate_simulation import Population, Scenario, coverage, draw_cells, rates, simulate

POPULATION = Population()


def shares(scenario: Scenario, *, num_groups: int, draws: int = 60) -> dict[str, float]:
    found = rates(simulate(POPULATION, scenario, num_groups=num_groups, draws=draws, seed=7))
    return {name: found[name]["share"] for name in ("promote", "reject", "undecided")}


def test_equal_candidates_flip_as_many_cells_as_asked_and_gain_nothing() -> None:
    random = np.random.default_rng(1)
    cells = draw_cells(POPULATION, Scenario(name="", flips=0.06), num_groups=30_000, random=random)

    assert np.mean(cells.differences != 0) == pytest.approx(0.06, abs=0.003)
    assert np.mean(cells.differences) == pytest.approx(0.0, abs=0.002)


def test_a_fall_is_as_large_as_asked() -> None:
    random = np.random.default_rng(1)
    scenario = Scenario(name="", changes={"half b": -0.05}, everywhere=0.01)
    cells = draw_cells(POPULATION, scenario, num_groups=30_000, random=random)
    own = cells.heads == cells.names.index("half b")

    assert np.mean(cells.differences[own]) == pytest.approx(-0.05, abs=0.006)
    assert np.mean(cells.differences[~own]) == pytest.approx(0.01, abs=0.003)


def test_the_same_seed_gives_the_same_verdicts() -> None:
    first, second = (
        simulate(POPULATION, Scenario(name=""), num_groups=100, draws=3, seed=5) for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("flips", [0.03, 0.08])
@pytest.mark.parametrize("num_groups", [200, 1000])
def test_candidates_as_good_as_live_are_seldom_rejected(flips: float, num_groups: int) -> None:
    assert shares(Scenario(name="", flips=flips), num_groups=num_groups)["reject"] <= 0.10


def test_falls_of_five_points_in_two_attributes_are_caught() -> None:
    scenario = Scenario(name="", changes={"half b": -0.05, "common c": -0.05})

    assert shares(scenario, num_groups=1000)["reject"] >= 0.95


def test_a_fall_of_everything_is_never_promoted() -> None:
    assert shares(Scenario(name="", everywhere=-0.02), num_groups=500)["promote"] <= 0.02


def test_a_better_candidate_passes_with_a_few_hundred_groups() -> None:
    assert shares(Scenario(name="", everywhere=0.02), num_groups=500)["promote"] >= 0.9


def test_as_much_gold_as_is_asked_for_lets_equal_candidates_pass() -> None:
    verdicts = simulate(POPULATION, Scenario(name=""), num_groups=500, draws=60, seed=3)
    asked = [verdict.groups_needed for verdict in verdicts if verdict.decision == "undecided"]
    enough = 500 + int(np.median(asked))

    assert shares(Scenario(name=""), num_groups=enough)["promote"] >= 0.65


@pytest.mark.parametrize("head", [None, "rare b"])
def test_bounds_hold_the_true_change_as_often_as_they_say(head: str | None) -> None:
    held = coverage(POPULATION, Scenario(name=""), head=head, num_groups=200, draws=150, seed=2)

    assert held["t with pseudo-groups"] >= 0.83
