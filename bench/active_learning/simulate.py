"""Label the pool round by round, as a strategy says, and measure after each round.

Legend: T rounds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.active_learning.heads import Heads, macro_f1
from bench.active_learning.strategies import Moment
from tagger.select import batch

if TYPE_CHECKING:
    from bench.active_learning.material import Material
    from bench.active_learning.strategies import Strategy

ROUNDS = (200, 400, 600, 800, 1000, 1400, 1800, 2200, 2800, 3400, 4000, 4600, 5200)
"""Labelled garments after each round; the first ones are drawn at random."""


def scores(heads: Heads, material: Material) -> dict[str, float]:
    """Give the macro-F1 of every head on the test pictures."""
    shares = heads.probabilities(material.test)
    return {name: macro_f1(head, shares[name]) for name, head in material.heads.items()}


def whole_pool(material: Material) -> dict[str, float]:
    """Give what the heads reach with every label of the pool."""
    heads = Heads(questions=material.heads)
    heads.fit(material.pool, np.arange(len(material.pool)))
    return scores(heads, material)


def simulate(material: Material, strategy: Strategy, *, seed: int) -> list[dict[str, float]]:
    """Give the macro-F1 by head after each round (T)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(material.pool))
    labelled = order[: ROUNDS[0]]
    heads = Heads(questions=material.heads)
    found = []
    for target in (*ROUNDS[1:], None):
        heads.fit(material.pool, labelled)
        found.append(scores(heads, material))
        if target is None:
            break
        rest = np.setdiff1d(np.arange(len(material.pool)), labelled)
        moment = Moment(
            material=material,
            heads=heads,
            labelled=labelled,
            open=rest,
            count=target - len(labelled),
            rng=rng,
        )
        picks = strategy(moment)
        labelled = np.concatenate([labelled, picks])
        if len(np.unique(labelled)) != target:
            raise ValueError(f"a strategy gave {len(picks)} picks with repetitions")
    return found


def run_all(
    material: Material,
    known: Mapping[str, Strategy],
    *,
    num_seeds: int,
    cache: Path,
    say: Callable[[str], None],
) -> dict[str, list[list[dict[str, float]]]]:
    """Give each strategy's runs, one a seed; runs that are in `cache` are not repeated."""
    own = digest_of([Path(batch.__file__)])
    done: dict[str, Any] = json.loads(cache.read_text("utf-8")) if cache.exists() else {}
    for seed in range(num_seeds):
        for name, strategy in known.items():
            key = _key(name, seed, own)
            if key in done:
                continue
            done[key] = simulate(material, strategy, seed=seed)
            cache.parent.mkdir(parents=True, exist_ok=True)
            cache.write_text(json.dumps(done), encoding="utf-8")
            say(f"{key}: macro-F1 {np.mean(list(done[key][-1].values())):.3f} at the end")
    return {name: [done[_key(name, seed, own)] for seed in range(num_seeds)] for name in known}


def _key(name: str, seed: int, own: str) -> str:
    """Name a run; ours is another one when the code that chooses is another."""
    return f"{name}/{own}/{seed}" if name.startswith("weft") else f"{name}/{seed}"


def digest_of(files: Sequence[Path]) -> str:
    """Give 12 hex digits of the files' contents."""
    return hashlib.sha256(b"\n".join(file.read_bytes() for file in files)).hexdigest()[:12]
