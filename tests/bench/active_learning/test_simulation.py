from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.active_learning import simulate as module
from bench.active_learning.heads import Heads, macro_f1
from bench.active_learning.material import Head, Material, project
from bench.active_learning.simulate import run_all, simulate, whole_pool
from bench.active_learning.strategies import Moment, at_random, ours


@pytest.fixture
def material(monkeypatch: pytest.MonkeyPatch) -> Material:
    """A pool of four clusters, with one question about all and one about half of it."""
    monkeypatch.setattr(module, "ROUNDS", (10, 20, 30))
    random = np.random.default_rng(0)
    truth = random.integers(4, size=260)
    inputs = np.eye(8)[truth] * 2 + random.normal(size=(260, 8)) * 0.3
    pool, test = project(inputs[:200], inputs[200:], channels=4)

    def head(labels: np.ndarray, count: int) -> Head:
        return Head(
            names=tuple(map(str, range(count))),
            pool=labels[:200],
            test=labels[200:],
            counted=np.arange(count),
        )

    half = np.where(np.arange(260) % 2, truth % 2, -1)
    return Material(pool=pool, test=test, heads={"category": head(truth, 4), "half": head(half, 2)})


def test_heads_learn_what_is_there_to_learn(material: Material) -> None:
    assert min(whole_pool(material).values()) > 0.95


def test_missing_labels_take_no_part(material: Material) -> None:
    labelled = np.arange(0, 200, 2)[:50]
    hidden = Heads(questions={"category": material.heads["category"]})
    hidden.fit(material.pool, labelled)
    assert macro_f1(material.heads["category"], hidden.probabilities(material.test)["category"]) > 0
    both = np.arange(60)
    heads = Heads(questions={"half": material.heads["half"]})
    heads.fit(material.pool, both)
    again = Heads(questions={"half": material.heads["half"]})
    again.fit(material.pool, both[both % 2 == 1])
    assert heads.weights["half"] == pytest.approx(again.weights["half"], abs=1e-6)


def test_labels_that_were_never_seen_get_no_share(material: Material) -> None:
    head = material.heads["category"]
    two = np.flatnonzero(head.pool < 2)[:20]
    heads = Heads(questions={"category": head})
    heads.fit(material.pool, two)
    shares = heads.probabilities(material.test)["category"]
    assert shares[:, 2:].max() == 0
    assert shares.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_runs_start_from_the_same_garments_and_are_repeatable(material: Material) -> None:
    first, again = (simulate(material, at_random, seed=3) for _ in range(2))
    assert first == again
    assert simulate(material, ours, seed=3)[0] == first[0]
    assert simulate(material, at_random, seed=4)[0] != first[0]


def test_a_strategy_sees_only_open_garments_and_labels_grow_as_planned(
    material: Material,
) -> None:
    sizes = []

    def watched(moment: Moment) -> np.ndarray:
        sizes.append((len(moment.labelled), moment.count))
        assert not set(moment.open) & set(moment.labelled)
        return ours(moment)

    assert len(simulate(material, watched, seed=0)) == 3
    assert sizes == [(10, 10), (20, 10)]


def test_a_strategy_that_repeats_itself_is_refused(material: Material) -> None:
    with pytest.raises(ValueError, match="repetitions"):
        simulate(material, lambda moment: np.repeat(moment.open[:1], moment.count), seed=0)


def test_finished_runs_are_not_repeated(material: Material, tmp_path: Path) -> None:
    calls = []

    def counted(moment: Moment) -> np.ndarray:
        calls.append(1)
        return at_random(moment)

    for _ in range(2):
        found = run_all(
            material,
            {"random": counted},
            num_seeds=2,
            cache=tmp_path / "runs.json",
            say=lambda line: None,
        )
    assert len(calls) == 2 * 2
    assert len(found["random"]) == 2
