from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy.stats import binomtest

from tagger.promise import PromiseCell, PromiseError, Why
from tagger.promise_pooled import PooledPromise, PooledPromises, fit_pooled

SHIFTS = {"a": 0.0, "b": -1.5, "c": 1.0}
"""How much surer, in log odds, answers are than their scores say: b's are much worse."""


def drawn(random: np.random.Generator, count: int, *, bias: float = 0.0) -> list[PromiseCell]:
    """Answers about products; half of the time one about a product is wrong if another one is."""
    scores = random.beta(8.0, 0.6, (count, len(SHIFTS))).clip(1e-6, 1 - 1e-6)
    luck = np.where(
        random.random((count, len(SHIFTS))) < 0.5,
        random.random((count, 1)),
        random.random((count, len(SHIFTS))),
    )
    is_asked = random.random((count, len(SHIFTS))) < 0.7
    odds = np.log(scores / (1 - scores)) + np.array(list(SHIFTS.values())) + bias
    right = luck < 1 / (1 + np.exp(-odds))
    return [
        PromiseCell(
            attribute=name,
            product=str(row),
            cell=f"{row}",
            is_right=bool(right[row, at]),
            score=float(scores[row, at]),
        )
        for row in range(count)
        for at, name in enumerate(SHIFTS)
        if is_asked[row, at]
    ]


def measured(found: PooledPromises, cells: list[PromiseCell]) -> float | None:
    """Average over products of the share of their accepted answers that is wrong."""
    return _measured(found, *_table(cells))


def _table(cells: list[PromiseCell]) -> tuple[np.ndarray, np.ndarray]:
    """Give scores and what is wrong by product and attribute; nothing is no score."""
    size = 1 + max(int(cell.product) for cell in cells)
    scores, wrong = np.full((size, len(SHIFTS)), np.nan), np.zeros((size, len(SHIFTS)))
    for cell in cells:
        place = int(cell.product), list(SHIFTS).index(cell.attribute)
        scores[place], wrong[place] = round(cell.score or 0.0, 4), not cell.is_right
    return scores, wrong


def _measured(found: PooledPromises, scores: np.ndarray, wrong: np.ndarray) -> float | None:
    thresholds = [found.heads[name].threshold for name in SHIFTS]
    is_in = scores >= [np.inf if one is None else one for one in thresholds]
    count = is_in.sum(axis=1)
    shares = (is_in * wrong).sum(axis=1)[count > 0] / count[count > 0]
    return float(shares.mean()) if len(shares) else None


def faultless(attribute: str, count: int) -> list[PromiseCell]:
    return [
        PromiseCell(attribute=attribute, product=str(at), cell=str(at), is_right=True, score=0.9)
        for at in range(count)
    ]


def test_the_promise_is_kept_as_often_as_stated_though_scores_of_attributes_mislead() -> None:
    population = _table(drawn(np.random.default_rng(1000), 20_000))
    errors = [
        _measured(
            fit_pooled(drawn(np.random.default_rng(seed), 400), error=0.05, confidence=0.9),
            *population,
        )
        for seed in range(300)
    ]
    broken = sum(error is not None and error > 0.05 for error in errors)

    assert sum(error is not None for error in errors) > 200
    assert binomtest(broken, 300, 0.1, alternative="greater").pvalue > 0.05


def test_many_answers_are_accepted_and_most_of_the_attributes_that_are_surer_than_they_say() -> (
    None
):
    found = fit_pooled(drawn(np.random.default_rng(1), 4000), error=0.02, confidence=0.95)

    assert found.overall.coverage > 0.4
    assert found.heads["b"].coverage < found.heads["a"].coverage < found.heads["c"].coverage
    assert found.overall.num_accepted == sum(one.num_accepted for one in found.heads.values())
    assert found.overall.n == sum(one.n for one in found.heads.values())
    error = measured(found, drawn(np.random.default_rng(2), 20_000))
    assert error is not None
    assert 0.005 < error <= 0.02
    low, high = found.overall.error_interval
    assert low < found.overall.num_wrong / found.overall.num_products < 0.02
    assert high < 0.03


def test_scores_that_promise_too_much_lead_to_no_promise() -> None:
    found = fit_pooled(drawn(np.random.default_rng(1), 500, bias=-4.0), error=0.02, confidence=0.95)

    assert {one.why for one in found.heads.values()} == {Why.NOT_SHOWN}
    assert found.overall.num_accepted == 0
    assert found.overall.error_interval == (0.0, 1.0)


@pytest.mark.parametrize(("count", "is_shown"), [(174, False), (176, True)])
def test_so_few_products_that_faultless_ones_show_nothing_are_never_accepted(
    count: int, is_shown: bool
) -> None:
    # 85 in a hundred products are the proof part, and 149 faultless ones show 2 % at 95 %.
    found = fit_pooled(faultless("a", count), error=0.02, confidence=0.95)

    assert (found.heads["a"].threshold is not None) == is_shown
    assert found.heads["a"].why is (Why.SHOWN if is_shown else Why.TOO_FEW)


def test_answers_about_one_product_do_not_count_several_times() -> None:
    cells = [cell for name in "abc" for cell in faultless(name, 100)]

    found = fit_pooled(cells, error=0.02, confidence=0.95)

    assert {one.why for one in found.heads.values()} == {Why.TOO_FEW}


def test_right_answers_that_happen_to_be_drawn_do_not_hide_the_wrong_ones() -> None:
    def lot(attribute: str, product: int) -> str:
        return hashlib.sha256(f"drawn\n{attribute}\n{product}".encode()).hexdigest()

    lucky = [
        PromiseCell(
            attribute=name,
            product=str(at),
            cell=str(at),
            is_right=at % 10 > 0 or lot(name, at) < lot(other, at),
            score=0.95,
        )
        for name, other in ("ab", "ba")
        for at in range(1000)
    ]

    found = fit_pooled(lucky, error=0.02, confidence=0.95)

    assert found.overall.num_accepted == 0


def test_weakly_visible_and_rare_attributes_are_never_accepted() -> None:
    cells = [*faultless("a", 400), *faultless("season", 400), *faultless("rare", 29)]

    found = fit_pooled(cells, error=0.02, confidence=0.95, never=["season"])

    assert found.heads["a"].threshold is not None
    assert found.heads["season"].threshold is None
    assert found.heads["season"].why is Why.WEAKLY_VISIBLE
    assert found.heads["rare"].threshold is None
    assert found.heads["rare"].why is Why.TOO_FEW


def test_what_is_accepted_does_not_depend_on_the_order_of_cells() -> None:
    cells = drawn(np.random.default_rng(1), 1000)

    forward = fit_pooled(cells, error=0.05, confidence=0.9)
    backward = fit_pooled(cells[::-1], error=0.05, confidence=0.9)

    assert forward == backward


def test_a_cell_without_an_answer_is_never_accepted_and_counts_for_coverage() -> None:
    blank = [
        PromiseCell(attribute="a", product=f"b{at}", cell=f"b{at}", is_right=False, score=None)
        for at in range(400)
    ]

    found = fit_pooled([*faultless("a", 400), *blank], error=0.02, confidence=0.95)

    assert found.overall.num_wrong == 0
    assert found.overall.n > found.overall.num_accepted > 0


def test_what_all_answers_keep_survives_being_written() -> None:
    found = fit_pooled(drawn(np.random.default_rng(1), 900), error=0.1, confidence=0.9).overall

    assert PooledPromise.from_dict(found.to_dict()) == found


def test_no_cells_promise_nothing() -> None:
    assert fit_pooled([], error=0.02, confidence=0.95).overall.num_accepted == 0


@pytest.mark.parametrize("name", ["error", "confidence"])
def test_a_stated_number_out_of_range_is_refused(name: str) -> None:
    with pytest.raises(PromiseError, match=name):
        fit_pooled([], **{"error": 0.02, "confidence": 0.95, name: 1.0})
