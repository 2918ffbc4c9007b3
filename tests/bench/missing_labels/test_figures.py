"""Figures of made-up answers, and their table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bench.missing_labels.cells import HeadCells, View
from bench.missing_labels.figures import summarise
from bench.missing_labels.table import render

HEAD = ("lamps", "shade")
NAMES = (
    "four-state",
    "blank means no",
    "blank means no, weight 0.1",
    "four-state, nothing hidden",
)


@dataclass(frozen=True)
class Product:
    group: str


def _cells(num_right: int, *, num_answered: int = 20) -> HeadCells:
    """Twenty cells of four labels; the first `num_right` forced answers are right."""
    truth = np.arange(20) % 4
    is_right = np.arange(20) < num_right
    answered = np.arange(20) < num_answered
    view = View(
        answered=answered, right=is_right | ~answered, overlap=(answered & is_right).astype(float)
    )
    return HeadCells(
        rows=np.arange(20),
        truth=truth,
        forced=np.where(is_right, truth, (truth + 1) % 4),
        views={"shared": view, "alone": view},
        tuned_coverage={"shared": 0.5, "alone": 0.25},
        open_overlap=num_right / 20,
    )


@pytest.fixture
def figures():
    runs = [
        {
            NAMES[0]: {HEAD: _cells(16 + seed % 2)},
            NAMES[1]: {HEAD: _cells(12, num_answered=0)},
            NAMES[2]: {HEAD: _cells(14)},
            NAMES[3]: {HEAD: _cells(18)},
        }
        for seed in range(4)
    ]
    return summarise(runs, {"lamps": [Product(f"product {at}") for at in range(20)]})


def test_levels_are_means_over_seeds(figures):
    (head,) = figures["heads"]

    assert (head["dataset"], head["attribute"], head["cells"]) == ("lamps", "shade", 20)
    assert head["arms"]["four-state"]["top1"] == pytest.approx(0.825)
    assert head["arms"]["blank means no"]["top1"] == pytest.approx(0.6)
    assert figures["mean"]["arms"] == head["arms"]


def test_differences_carry_an_interval_over_seeds_and_one_over_products(figures):
    found = figures["mean"]["differences"]["blank means no"]["top1"]

    assert found["mean"] == pytest.approx(0.225)
    # Half of the seeds differ by 0.2 and half by 0.25: s = 0.0289, t(3) = 3.182.
    assert found["seeds"] == pytest.approx([0.225 - 0.0459, 0.225 + 0.0459], abs=2e-4)
    low, high = found["products"]
    assert 0.0 < low < 0.225 < high


def test_what_is_never_answered_has_no_error_and_coverage_0(figures):
    arm = figures["mean"]["arms"]["blank means no"]

    assert arm["coverage"] == 0.0
    assert arm["error"] is None
    assert figures["mean"]["arms"]["four-state"]["error"] == pytest.approx(0.175)


def test_a_search_over_thresholds_has_no_interval_over_products(figures):
    found = figures["mean"]["differences"]["blank means no"]["best_average_accuracy"]

    assert set(found) == {"mean", "seeds"}


def test_the_table_prints_levels_and_differences_in_points(figures):
    training = {"products": 1000, "given": 4000, "hidden": 2000, "blank": 9000}
    text = render({**figures, "training": training, "seeds": 4, "validation_products": 20})

    assert "1,000 training products, 4,000 labelled cells of which 2,000 are hidden" in text
    assert "| forced top-1 | 0.825 | 0.600 | 0.700 | 0.900 |" in text
    assert "| error among answered at 0.5 | 0.175 | none |" in text
    assert "+22.5 (+17.9 to +27.1; " in text
    assert "| lamps | shade | 20 | 0.825 / 0.600 |" in text
