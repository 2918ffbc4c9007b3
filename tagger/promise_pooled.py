"""Choose thresholds so that all answers that are accepted, taken together, are rarely wrong.

The promise: of the products with an accepted answer take one by chance, and one of its accepted
answers by chance; the answer is wrong with at most the stated probability, at a stated confidence.
So the error is averaged over products, and within a product over its accepted answers.

*Tuning part.* Fifteen in a hundred products, by hash, tell how often answers are wrong for their
score: one curve an attribute (see `promise_curve`). Thresholds are those scores at which every
attribute's curve has the same level of risk, so that a level is a list of thresholds, and a higher
level accepts what a lower one does.

*Proof part.* On the other products the levels are walked from strict to lenient, and at each the
hypothesis "the error is more than the stated one" is tested with the exact binomial tail of one
answer a product, drawn by hash from its accepted ones; the last level before the first that cannot
be rejected is taken (fixed-sequence *learn then test*, Angelopoulos et al. 2021,
https://arxiv.org/abs/2110.01052). Which levels are tested, and which first, follows from the tuning
part and from the proof part's scores, never from whether its answers are right. Nothing is assumed
of the scores: bad ones only cost coverage.

*Lucky draws.* So that a level does not pass because right answers happened to be drawn, the same
tail of the average over all accepted answers of each product has to be small as well. That can only
end a walk earlier, so what is promised stays true.

Legend: M answered cells of the proof part.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tagger.promise import Promise, PromiseCell, Why, check_stated, one_per_product, rounded
from tagger.promise_curve import lowest_score, risk_at, risk_curve
from tagger.promise_statistics import exact_interval, fewest_answers, is_shown

__all__ = ["PooledPromise", "PooledPromises", "fit_pooled"]

_TUNING_SHARE = 0.15
_FEWEST = 30  # answers of an attribute; rarer ones are never accepted
_MARGIN = 0.5  # of the stated error, by which answers may be worse than the curves say


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledPromise:
    """How often all accepted answers together are wrong, by the proof part.

    Attributes:
        coverage: Share of the cells that are accepted, 0..1.
        error_interval: Exact two-sided interval of the share of wrong answers, one drawn a
            product; (0, 1) if nothing is accepted.
        n: Cells, one a product and attribute, without attributes that are never to be accepted.
        num_accepted: Accepted ones.
        num_products: Products with an accepted cell.
        num_wrong: Those whose drawn answer is wrong.
    """

    coverage: float
    error_interval: tuple[float, float]
    n: int
    num_accepted: int
    num_products: int
    num_wrong: int

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for a file."""
        return {**asdict(self), "error_interval": list(self.error_interval)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> PooledPromise:
        """Read what `to_dict` wrote."""
        low, high = plain["error_interval"]
        return cls(
            coverage=float(plain["coverage"]),
            error_interval=(float(low), float(high)),
            n=int(plain["n"]),
            num_accepted=int(plain["num_accepted"]),
            num_products=int(plain["num_products"]),
            num_wrong=int(plain["num_wrong"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledPromises:
    """The thresholds of all attributes, and what they keep together.

    Attributes:
        heads: By attribute, in order of names. Their counts are of the proof part and their
            intervals are information: no attribute is promised anything by itself.
        overall: Of all attributes.
    """

    heads: Mapping[str, Promise]
    overall: PooledPromise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """The proof part from the least risk on.

    Attributes:
        levels: (M,) rising.
        num_products: (M,) products with a cell among the first so many.
        num_wrong: (M,) those whose drawn answer is wrong.
        shares_wrong: (M,) sum over these products of the share of their cells that is wrong.
    """

    levels: NDArray[np.float64]
    num_products: NDArray[np.int64]
    num_wrong: NDArray[np.int64]
    shares_wrong: NDArray[np.float64]

    def is_shown(self, end: int, *, error: float, risk: float) -> bool:
        """Test the level that ends at a cell."""
        size, wrong = int(self.num_products[end]), float(self.shares_wrong[end])
        return is_shown(int(self.num_wrong[end]), size, error=error, risk=risk) and is_shown(
            wrong, size, error=error, risk=risk
        )


def fit_pooled(
    cells: Iterable[PromiseCell],
    *,
    error: float,
    confidence: float,
    never: Collection[str] = (),
) -> PooledPromises:
    """Fit the thresholds of all attributes of which there are labelled cells, together.

    Args:
        cells: Of a random slice of what is to be accepted, none of it trained on.
        error: The stated share of wrong answers, above 0 and below 1.
        confidence: With which it is kept, above 0 and below 1.
        never: Attributes that are never accepted: weakly visible ones.

    Raises:
        PromiseError: If a stated number is out of range.
    """
    check_stated(error=error, confidence=confidence)
    chosen = one_per_product(cells)
    names = sorted({cell.attribute for cell in chosen})
    tuned_on = _tuning_products({cell.product for cell in chosen})
    tuning = [cell for cell in chosen if cell.product in tuned_on]
    proof = [cell for cell in chosen if cell.product not in tuned_on]
    answered = Counter(cell.attribute for cell in chosen if cell.score is not None)
    tested = [name for name in names if name not in never and answered[name] >= _FEWEST]
    curves = {name: risk_curve(one for one in tuning if one.attribute == name) for name in tested}
    walk = _walk(proof, curves)
    level = _last_level(walk, error=error, risk=1 - confidence)
    thresholds = {name: lowest_score(curve, level) for name, curve in curves.items()}
    is_enough = is_shown(
        0, int(max(walk.num_products, default=0)), error=error, risk=1 - confidence
    )
    return PooledPromises(
        heads={
            name: _head(
                [one for one in proof if one.attribute == name],
                thresholds.get(name),
                _why(name, thresholds, never, is_enough=is_enough),
                confidence=confidence,
            )
            for name in names
        },
        overall=_overall(
            [cell for cell in proof if cell.attribute not in never],
            walk,
            level,
            confidence=confidence,
        ),
    )


def _tuning_products(products: Collection[str]) -> set[str]:
    """Draw a fixed share of the products by a hash that knows nothing of answers."""
    ranked = sorted(products, key=lambda product: _hash("tuning", product))
    return set(ranked[: round(_TUNING_SHARE * len(ranked))])


def _hash(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _walk(cells: Sequence[PromiseCell], curves: Mapping[str, NDArray[np.float64]]) -> _Walk:
    """Accept cell by cell, and let the hash choose among each product's accepted ones."""
    ranked = sorted(
        (
            risk_at(curves[cell.attribute], cell.score),
            _hash("drawn", cell.attribute, cell.cell),
            cell.product,
            cell.is_right,
        )
        for cell in cells
        if cell.attribute in curves and cell.score is not None
    )
    drawn: dict[str, tuple[str, bool]] = {}
    verdicts: dict[str, tuple[int, int]] = {}
    counts = np.zeros((2, len(ranked)), dtype=np.int64)
    shares = np.zeros(len(ranked))
    wrong = 0
    for at, (_, lot, product, is_right) in enumerate(ranked):
        before = drawn.get(product)
        if before is None or lot < before[0]:
            wrong += (not is_right) - (before is not None and not before[1])
            drawn[product] = (lot, is_right)
        counts[:, at] = len(drawn), wrong
        num_wrong, size = verdicts.get(product, (0, 0))
        verdicts[product] = (num_wrong + (not is_right), size + 1)
        shares[at] = (num_wrong + (not is_right)) / (size + 1) - num_wrong / max(size, 1)
    levels = np.array([level for level, *_ in ranked])
    return _Walk(
        levels=levels,
        num_products=counts[0],
        num_wrong=counts[1],
        # Rounded, so that sums which are whole are so exactly.
        shares_wrong=np.cumsum(shares).round(9),
    )


def _last_level(walk: _Walk, *, error: float, risk: float) -> float | None:
    """Pass levels until one cannot be shown; None if none can.

    Levels are where one more wrong answer may be among the products, and the last. The first is
    the one that is likeliest to pass if answers are somewhat worse than the curves say.
    """
    if not len(walk.levels):
        return None
    fewest = fewest_answers(int(walk.num_products[-1]), error=error, risk=risk)
    reached = [*np.searchsorted(walk.num_products, fewest), len(walk.levels) - 1]
    ends = np.unique(np.searchsorted(walk.levels, walk.levels[reached], side="right")) - 1
    sizes = walk.num_products[ends]
    allowed = np.maximum(np.searchsorted(fewest, sizes, side="right") - 1, 0)
    told = np.cumsum(walk.levels)[ends] / (ends + 1)
    expected = np.clip(told + _MARGIN * error, 0.0, 1.0)
    chance = special.betainc(np.maximum(sizes - allowed, 1), allowed + 1, 1 - expected)
    found: float | None = None
    for end in ends[int(np.argmax(chance)) :]:
        if not walk.is_shown(int(end), error=error, risk=risk):
            break
        found = float(walk.levels[end])
    return found


def _why(
    name: str,
    thresholds: Mapping[str, float | None],
    never: Collection[str],
    *,
    is_enough: bool,
) -> Why:
    if name in never:
        return Why.WEAKLY_VISIBLE
    if name not in thresholds or not is_enough:
        return Why.TOO_FEW
    return Why.NOT_SHOWN if thresholds[name] is None else Why.SHOWN


def _head(
    cells: Sequence[PromiseCell], threshold: float | None, why: Why, *, confidence: float
) -> Promise:
    sure = [
        cell.is_right
        for cell in cells
        if threshold is not None and cell.score is not None and rounded(cell.score) >= threshold
    ]
    num_wrong = len(sure) - sum(sure)
    return Promise(
        threshold=threshold,
        coverage=len(sure) / max(len(cells), 1),
        error_interval=exact_interval(num_wrong, len(sure), confidence=confidence),
        n=len(cells),
        num_accepted=len(sure),
        num_wrong=num_wrong,
        why=why,
    )


def _overall(
    cells: Sequence[PromiseCell], walk: _Walk, level: float | None, *, confidence: float
) -> PooledPromise:
    size = 0 if level is None else int(np.searchsorted(walk.levels, level, side="right"))
    num_products = int(walk.num_products[size - 1]) if size else 0
    num_wrong = int(walk.num_wrong[size - 1]) if size else 0
    return PooledPromise(
        coverage=size / max(len(cells), 1),
        error_interval=exact_interval(num_wrong, num_products, confidence=confidence),
        n=len(cells),
        num_accepted=size,
        num_products=num_products,
        num_wrong=num_wrong,
    )
