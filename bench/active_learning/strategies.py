"""Ways to choose what is labelled next: ours, at random, and scikit-activeml's.

The library's strategies answer one question, a garment asks several. Those that look at embeddings
only are used as they are. Margin sampling is computed by the library for every head, and averaged.
BADGE and Falcun are given the category, the head with the most labels. BADGE chooses among an even
sample of `MOST_FOR_BADGE` open garments, by the library's own wrapper, to end in time.

Legend: N pool pictures, C channels, B picks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.select.batch import BatchRule, choose_batch, gradient_residuals
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.active_learning.heads import Heads
    from bench.active_learning.material import Material

MOST_FOR_BADGE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a strategy may look at.

    Attributes:
        material: The pool; of its labels only those of `labelled`.
        heads: Fitted on what is labelled.
        labelled: Pool positions.
        open: Pool positions without labels.
        count: B.
        rng: Draws.
    """

    material: Material
    heads: Heads
    labelled: NDArray[np.int64]
    open: NDArray[np.int64]
    count: int
    rng: np.random.Generator


Strategy = Callable[[Moment], "NDArray[np.int64]"]
"""Gives B different pool positions out of `open`."""


def at_random(moment: Moment) -> NDArray[np.int64]:
    """Draw evenly."""
    return moment.rng.permutation(moment.open)[: moment.count]


def ours(moment: Moment, *, random_share: float = BatchRule().random_share) -> NDArray[np.int64]:
    """Choose as `weft select` does."""
    inputs = moment.material.pool[moment.open]
    shares = moment.heads.probabilities(inputs)
    chosen = choose_batch(
        gradient_residuals([shares[name] for name in sorted(shares)]),
        inputs,
        count=moment.count,
        rng=moment.rng,
        rule=BatchRule(random_share=random_share),
    )
    picks = moment.open[[one.at for one in chosen]]
    missing = moment.count - len(picks)  # where look-alikes were refused
    rest = np.setdiff1d(moment.open, picks)
    return np.concatenate([picks, moment.rng.permutation(rest)[:missing]])


def _asked(moment: Moment, kind: str, **options: Any) -> Any:
    import skactiveml.pool as library

    seed = int(moment.rng.integers(2**31))
    return getattr(library, kind)(random_state=seed, missing_label=-1, **options)


def _known(moment: Moment, head: str = CATEGORY) -> NDArray[np.int64]:
    """Give (N,) labels of a head with -1 for what is not labelled."""
    known = np.full(len(moment.material.pool), -1)
    known[moment.labelled] = moment.material.heads[head].pool[moment.labelled]
    return known


def _by_embedding(kind: str, **options: Any) -> Strategy:
    def choose(moment: Moment) -> NDArray[np.int64]:
        found = _asked(moment, kind, **options).query(
            X=moment.material.pool,
            y=_known(moment),
            candidates=moment.open,
            batch_size=moment.count,
        )
        return np.asarray(found, dtype=np.int64)

    return choose


def _by_category(kind: str, *, most: int | None = None) -> Strategy:
    def choose(moment: Moment) -> NDArray[np.int64]:
        asked = _asked(moment, kind)
        if most is not None:
            asked = _asked(moment, "SubSamplingWrapper", query_strategy=asked, max_candidates=most)
        found = asked.query(
            X=moment.material.pool,
            y=_known(moment),
            clf=classifier(moment.heads, CATEGORY),
            fit_clf=False,
            candidates=moment.open,
            batch_size=moment.count,
        )
        return np.asarray(found, dtype=np.int64)

    return choose


def mean_margin(moment: Moment) -> NDArray[np.int64]:
    """Take the garments with the least mean margin over all heads."""
    total = np.zeros(len(moment.open))
    for head in moment.heads.questions:
        _, found = _asked(moment, "UncertaintySampling", method="margin_sampling").query(
            X=moment.material.pool,
            y=_known(moment, head),
            clf=classifier(moment.heads, head),
            fit_clf=False,
            candidates=moment.open,
            batch_size=1,
            return_utilities=True,
        )
        total += found[0][moment.open]
    return moment.open[np.argsort(-total, kind="stable")[: moment.count]]


def classifier(heads: Heads, head: str) -> Any:
    """Give one of our fitted heads as a classifier of the library."""
    from skactiveml.base import SkactivemlClassifier

    seen = heads.seen[head]

    class Fitted(SkactivemlClassifier):  # type: ignore[misc]  # the library has no types
        """Answers with the head's shares among the labels that it has seen."""

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803 - the library's names
            return self

        def predict_proba(self, X: Any) -> Any:  # noqa: N803 - the library's names
            shares = heads.probabilities(np.asarray(X, dtype=np.float32))[head]
            return shares[:, seen].astype(np.float64)

    fitted = Fitted(classes=list(seen), missing_label=-1)
    fitted.classes_ = seen
    return fitted


def strategies() -> Mapping[str, Strategy]:
    """Give all strategies by name; random first, ours second."""
    from sklearn.cluster import MiniBatchKMeans

    quick = {"cluster_algo": MiniBatchKMeans, "cluster_algo_dict": {"n_init": 1}}
    return {
        "random": at_random,
        "weft": ours,
        "weft without random slice": lambda moment: ours(moment, random_share=0.0),
        "margin (mean over heads)": mean_margin,
        "BADGE (category)": _by_category("Badge", most=MOST_FOR_BADGE),
        "Falcun (category)": _by_category("Falcun"),
        "CoreSet": _by_embedding("CoreSet"),
        "TypiClust": _by_embedding("TypiClust", **quick),
        "ProbCover": _by_embedding("ProbCover", n_classes=50, **quick),
    }
