from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tagger.select.batch import BatchRule, SelectionError, choose_batch, gradient_residuals

NO_RANDOM = BatchRule(random_share=0.0, max_similarity=2.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def garments(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    random = rng(seed)
    logits = random.normal(size=(count, 4)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    embeddings = random.normal(size=(count, 8)).astype(np.float32)
    return gradient_residuals([shares.astype(np.float32)]), embeddings


def test_a_sure_garment_has_a_short_residual_and_a_missing_head_none() -> None:
    shares = np.array([[0.99, 0.01], [0.5, 0.5], [0.0, 0.0]])
    lengths = np.linalg.norm(gradient_residuals([shares]), axis=1)
    assert lengths[1] > 10 * lengths[0]
    assert lengths[2] == 0.0


def test_a_head_with_many_values_does_not_drown_the_others() -> None:
    few = np.array([[0.6, 0.4], [0.9, 0.1]])
    many = np.full((2, 40), 1 / 40)
    residuals = gradient_residuals([few, many])
    assert np.mean((residuals[:, :2] ** 2).sum(axis=1)) == pytest.approx(1.0, rel=1e-4)
    assert np.mean((residuals[:, 2:] ** 2).sum(axis=1)) == pytest.approx(1.0, rel=1e-4)


def test_the_product_of_residual_and_embedding_is_what_distances_are_of() -> None:
    residuals, embeddings = garments(40)
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    written_out = (residuals[:, :, None] * directions[:, None, :]).reshape(40, -1)
    first = choose_batch(residuals, embeddings, count=1, rng=rng(), rule=NO_RANDOM)[0].at
    assert first == int((written_out**2).sum(axis=1).argmax())
    seconds = np.bincount(
        [
            choose_batch(residuals, embeddings, count=2, rng=rng(seed), rule=NO_RANDOM)[1].at
            for seed in range(3000)
        ],
        minlength=40,
    )
    squares = np.minimum(
        (written_out**2).sum(axis=1), ((written_out - written_out[first]) ** 2).sum(axis=1)
    )
    assert np.abs(seconds / 3000 - squares / squares.sum()).max() < 0.03


def test_the_batch_is_the_same_for_the_same_seed_and_has_nothing_twice() -> None:
    residuals, embeddings = garments(200)
    batch = choose_batch(residuals, embeddings, count=50, rng=rng(3))
    again = choose_batch(residuals, embeddings, count=50, rng=rng(3))
    assert batch == again
    assert len({one.at for one in batch}) == 50
    assert sum(one.is_random for one in batch) == 10
    assert [one.is_random for one in batch] == [False] * 40 + [True] * 10


def test_of_near_duplicates_one_is_taken() -> None:
    residuals, embeddings = garments(10)
    repeated = np.repeat(embeddings, 20, axis=0)
    rule = BatchRule(random_share=0.0, max_similarity=0.99)
    batch = choose_batch(np.repeat(residuals, 20, axis=0), repeated, count=60, rng=rng(), rule=rule)
    assert sorted(one.at // 20 for one in batch) == list(range(10))
    assert all(one.num_alike == 19 for one in batch)


def test_the_random_slice_is_drawn_from_all_alike() -> None:
    residuals, embeddings = garments(20)
    residuals[0] *= 1000.0
    rule = BatchRule(random_share=0.5, max_similarity=2.0)
    hits = sum(
        one.at == 0
        for seed in range(1000)
        for one in choose_batch(residuals, embeddings, count=2, rng=rng(seed), rule=rule)
        if one.is_random
    )
    assert 25 <= hits <= 80  # one in twenty


def test_more_than_there_is_gives_all_of_it() -> None:
    residuals, embeddings = garments(5)
    assert len(choose_batch(residuals, embeddings, count=9, rng=rng(), rule=NO_RANDOM)) == 5


def test_garments_that_teach_nothing_are_chosen_all_the_same() -> None:
    batch = choose_batch(np.zeros((4, 3)), garments(4)[1], count=3, rng=rng(), rule=NO_RANDOM)
    assert len({one.at for one in batch}) == 3


@pytest.mark.parametrize("budget", [0, -3])
def test_a_budget_that_is_none_is_refused(budget: int) -> None:
    with pytest.raises(SelectionError, match="budget"):
        choose_batch(*garments(5), count=budget, rng=rng())


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(SelectionError, match="random share"):
        BatchRule(random_share=1.2)
