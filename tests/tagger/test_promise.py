from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from tagger.promise import Promise, PromiseCell, PromiseError, Why, fit_promises


def cells(
    attribute: str, scores: np.ndarray, right: np.ndarray, *, products: list[str] | None = None
) -> list[PromiseCell]:
    names = products or [str(at) for at in range(len(scores))]
    return [
        PromiseCell(
            attribute=attribute,
            product=names[at],
            cell=f"{attribute}-{at}",
            is_right=bool(right[at]),
            score=float(scores[at]),
        )
        for at in range(len(scores))
    ]


def drawn(random: np.random.Generator, attribute: str, count: int) -> list[PromiseCell]:
    """Answers that are right as often as their scores say."""
    scores = random.beta(6.0, 1.0, count)
    return cells(attribute, scores, random.random(count) < scores)


def true_error(threshold: float) -> float:
    """Share of wrong answers from a threshold on, of what `drawn` draws."""
    # Scores have the density 6 s^5, and a score s is wrong with probability 1 - s.
    accepted = 1 - threshold**6
    return 1 - (6 / 7) * (1 - threshold**7) / accepted


def test_every_attribute_keeps_the_stated_error_about_as_often_as_stated() -> None:
    broken = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        found = fit_promises(
            [cell for name in "abc" for cell in drawn(random, name, 1500)],
            error=0.05,
            confidence=0.9,
        )
        thresholds = [one.threshold for one in found.values() if one.threshold is not None]
        broken += any(true_error(threshold) > 0.05 for threshold in thresholds)

    assert binomtest(broken, 40, 0.1, alternative="greater").pvalue > 0.05


def test_many_sure_answers_are_accepted() -> None:
    found = fit_promises(drawn(np.random.default_rng(1), "a", 6000), error=0.05, confidence=0.95)[
        "a"
    ]

    assert found.why is Why.SHOWN
    assert found.threshold is not None
    assert 0.02 < true_error(found.threshold) <= 0.05
    assert found.coverage == found.num_accepted / 6000
    assert found.error_interval[0] < found.num_wrong / found.num_accepted < 0.05
    assert found.accepts(found.threshold)
    assert not found.accepts(found.threshold - 0.001)
    assert not found.accepts(None)


@pytest.mark.parametrize(
    ("count", "why"),
    [
        (148, Why.TOO_FEW),  # 0.98 ** 148 is above 0.05
        (149, Why.SHOWN),
    ],
)
def test_so_few_answers_that_faultless_ones_show_nothing_are_never_accepted(
    count: int, why: Why
) -> None:
    scores = np.linspace(0.9, 1.0, count)

    found = fit_promises(
        cells("a", scores, np.ones(count, dtype=bool)), error=0.02, confidence=0.95
    )["a"]

    assert found.why is why
    assert (found.threshold is None) == (why is Why.TOO_FEW)
    assert found.n == count


def test_weakly_visible_attributes_are_never_accepted() -> None:
    scores = np.linspace(0.9, 1.0, 1000)

    found = fit_promises(
        cells("season", scores, np.ones(1000, dtype=bool)),
        error=0.02,
        confidence=0.95,
        never=["season"],
    )["season"]

    assert found.threshold is None
    assert found.why is Why.WEAKLY_VISIBLE
    assert found.error_interval == (0.0, 1.0)


def test_scores_that_say_nothing_lead_to_no_promise() -> None:
    random = np.random.default_rng(3)

    found = fit_promises(
        cells("a", random.random(2000), random.random(2000) < 0.9), error=0.02, confidence=0.95
    )["a"]

    assert found.threshold is None
    assert found.why is Why.NOT_SHOWN


def test_pictures_of_one_product_count_once() -> None:
    scores = np.linspace(0.9, 1.0, 500)
    products = [str(at // 5) for at in range(500)]

    found = fit_promises(
        cells("a", scores, np.ones(500, dtype=bool), products=products),
        error=0.02,
        confidence=0.95,
    )["a"]

    assert found.n == 100
    assert found.why is Why.TOO_FEW


def test_more_attributes_ask_for_more_answers_each() -> None:
    scores = np.linspace(0.9, 1.0, 160)
    faultless = np.ones(160, dtype=bool)

    alone = fit_promises(cells("a", scores, faultless), error=0.02, confidence=0.95)
    both = fit_promises(
        [*cells("a", scores, faultless), *cells("b", scores, faultless)],
        error=0.02,
        confidence=0.95,
    )

    assert alone["a"].why is Why.SHOWN
    # Half of the risk asks for 183 answers, so only one of the two is tested.
    assert sorted(found.why for found in both.values()) == [Why.SHOWN, Why.TOO_FEW]


def test_an_attribute_that_is_accepted_whole_hands_its_risk_on() -> None:
    scores = np.linspace(0.5, 1.0, 300)
    right = np.ones(300, dtype=bool)
    right[2] = False  # the lowest but two: all but a few are accepted first
    faultless = np.ones(300, dtype=bool)
    doubtful = cells("a", scores, right)

    with_faultless = fit_promises(
        [*doubtful, *cells("b", scores, faultless)], error=0.0165, confidence=0.95
    )
    with_hopeless = fit_promises(
        [*doubtful, *cells("b", scores, np.zeros(300, dtype=bool))], error=0.0165, confidence=0.95
    )

    assert with_faultless["b"].coverage == 1.0
    assert with_faultless["a"].coverage == 1.0
    assert with_hopeless["a"].coverage < 1.0


def test_answers_of_one_score_are_accepted_together() -> None:
    scores = np.concatenate([np.full(400, 0.95), np.full(400, 0.9)])

    found = fit_promises(cells("a", scores, scores > 0.92), error=0.02, confidence=0.95)["a"]

    assert found.threshold == 0.95
    assert found.num_accepted == 400


def test_a_cell_without_an_answer_is_never_accepted_and_counts_for_coverage() -> None:
    shown = cells("a", np.full(300, 0.9), np.ones(300, dtype=bool))
    blank = [
        PromiseCell(attribute="a", product=f"b{at}", cell=f"b{at}", is_right=False, score=None)
        for at in range(100)
    ]

    found = fit_promises([*shown, *blank], error=0.02, confidence=0.95)["a"]

    assert found.coverage == 0.75
    assert found.num_wrong == 0


def test_a_promise_survives_being_written() -> None:
    found = fit_promises(drawn(np.random.default_rng(1), "a", 900), error=0.1, confidence=0.9)["a"]

    assert Promise.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("name", ["error", "confidence"])
def test_a_stated_number_out_of_range_is_refused(name: str) -> None:
    stated = {"error": 0.02, "confidence": 0.95, name: 1.0}

    with pytest.raises(PromiseError, match=name):
        fit_promises([], **stated)
