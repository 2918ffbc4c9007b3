"""Choose, per attribute, from which score on an answer may be taken without anybody looking at it.

The promise of scope `each`: of the answers that are taken, at most a stated share is wrong, at a
stated confidence, for every attribute at once; `promise_pooled` has that of all answers together.

*Learn then test* (Angelopoulos et al. 2021, https://arxiv.org/abs/2110.01052): lowering the
threshold step by step, the hypothesis "more than the stated share is wrong" is tested with the
exact binomial tail; the first step that cannot be rejected ends the sequence, and the last one that
was rejected is the threshold. Where a sequence begins follows from the scores, never from whether
answers are right. It is assumed that answers with higher scores are wrong less often.

*Several attributes* share the stated risk of a broken promise: each of the m that have enough
answers gets one m-th of it (Bonferroni), and one that passes every step hands its part on to the
others (Bretz et al. 2009, https://doi.org/10.1002/sim.3495).

*Products.* Answers about one product are not independent, so each product counts once an attribute,
by the answer that a hash of its cells chooses: what is promised is the error of products.

Legend: N products with a labelled cell of an attribute, ordered by falling score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ontology.errors import CatalogError
from tagger.promise_statistics import exact_interval, fewest_answers, is_shown

__all__ = ["Promise", "PromiseCell", "PromiseError", "Why"]
__all__ += ["check_stated", "fit_promises", "one_per_product", "rounded"]

_STEPS = 20
_DIGITS = 4  # as scores are stored


class PromiseError(CatalogError):
    """No promise can be fitted, read or written."""


class Why(StrEnum):
    """Why an attribute is accepted from its threshold on, or never.

    Attributes:
        SHOWN: The stated error could be shown.
        WEAKLY_VISIBLE: A picture hardly shows the attribute.
        TOO_FEW: So few answers that not even faultless ones would show the stated error.
        NOT_SHOWN: The surest answers are wrong too often, or it cannot be told that they are not.
    """

    SHOWN = "shown"
    WEAKLY_VISIBLE = "weakly_visible"
    TOO_FEW = "too_few_cells"
    NOT_SHOWN = "cannot_be_shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseCell:
    """A labelled cell and what the model answered there.

    Attributes:
        attribute: `category` or an attribute's id.
        product: What shares it is not independent.
        cell: Unique within the attribute.
        is_right: Whether the answer is in the label.
        score: Calibrated probability of the answer that is shown, 0..1; None if none is shown.
    """

    attribute: str
    product: str
    cell: str
    is_right: bool
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """From which score on an attribute's answers are accepted, and what that rests on.

    Attributes:
        threshold: Lowest score that is accepted, 0..1; None if the attribute is never accepted.
        coverage: Share of the products that are accepted, 0..1.
        error_interval: Exact two-sided interval of the share that is wrong among the accepted;
            (0, 1) if there are none.
        n: Products with a labelled cell.
        num_accepted: Those that are accepted.
        num_wrong: Those that are wrong among the accepted.
        why: Why this threshold, or none.
    """

    threshold: float | None
    coverage: float
    error_interval: tuple[float, float]
    n: int
    num_accepted: int
    num_wrong: int
    why: Why

    def accepts(self, score: float | None) -> bool:
        """Tell whether an answer of this score may be taken without a look."""
        if self.threshold is None or score is None:
            return False
        return rounded(score) >= self.threshold

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for a file."""
        return {
            **asdict(self),
            "error_interval": list(self.error_interval),
            "why": self.why.value,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Promise:
        """Read what `to_dict` wrote."""
        low, high = plain["error_interval"]
        threshold = plain["threshold"]
        return cls(
            threshold=None if threshold is None else float(threshold),
            coverage=float(plain["coverage"]),
            error_interval=(float(low), float(high)),
            n=int(plain["n"]),
            num_accepted=int(plain["num_accepted"]),
            num_wrong=int(plain["num_wrong"]),
            why=Why(plain["why"]),
        )


@dataclass(slots=True, kw_only=True)
class _Chain:
    """The steps of one attribute, from the surest answers on.

    Attributes:
        scores: (N,) falling; -1 where nothing is answered.
        num_wrong: (N,) wrong ones among the first so many.
        sizes: Accepted answers at each step, rising.
        passed: Steps that were passed.
    """

    scores: NDArray[np.float64]
    num_wrong: NDArray[np.int64]
    sizes: tuple[int, ...] = ()
    passed: int = 0

    @property
    def num_answers(self) -> int:
        """Products with an answer."""
        return int((self.scores >= 0).sum())

    def is_shown(self, *, error: float, risk: float) -> bool:
        """Test the present step."""
        size = self.sizes[self.passed]
        return is_shown(int(self.num_wrong[size - 1]), size, error=error, risk=risk)


def rounded(score: float) -> float:
    """Give a score as it is stored and compared."""
    return round(score, _DIGITS)


def fit_promises(
    cells: Iterable[PromiseCell],
    *,
    error: float,
    confidence: float,
    never: Collection[str] = (),
) -> dict[str, Promise]:
    """Fit the thresholds of all attributes of which there are labelled cells.

    Args:
        cells: Of a random slice of what is to be accepted, none of it trained on.
        error: The stated share of wrong answers, above 0 and below 1.
        confidence: With which it is kept by all attributes together, above 0 and below 1.
        never: Attributes that are never accepted: weakly visible ones.

    Returns:
        A promise by attribute, in order of names.

    Raises:
        PromiseError: If a stated number is out of range.
    """
    check_stated(error=error, confidence=confidence)
    by_attribute: dict[str, list[PromiseCell]] = {}
    for cell in cells:
        by_attribute.setdefault(cell.attribute, []).append(cell)
    chains = {name: _chain(found) for name, found in sorted(by_attribute.items())}
    risk = 1 - confidence
    tested = _testable(
        {name: chain.num_answers for name, chain in chains.items() if name not in never},
        error=error,
        risk=risk,
    )
    for name in tested:
        chains[name].sizes = _steps(chains[name], error=error, risk=risk / len(tested))
    _walk([chains[name] for name in tested], error=error, risk=risk)
    return {
        name: _promise(chain, _why(name, chain, tested, never), confidence=confidence)
        for name, chain in chains.items()
    }


def check_stated(**stated: float) -> None:
    """Refuse stated shares out of range."""
    for name, value in stated.items():
        if not 0 < value < 1:
            raise PromiseError(
                f"{name} {value}: expected a share above 0 and below 1, such as 0.02 for 2 %"
            )


def one_per_product(cells: Iterable[PromiseCell]) -> list[PromiseCell]:
    """Choose one cell of each product and attribute, by a hash that knows nothing of answers."""
    chosen: dict[tuple[str, str], list[PromiseCell]] = {}
    for cell in cells:
        chosen.setdefault((cell.attribute, cell.product), []).append(cell)
    return [min(found, key=_lot) if len(found) > 1 else found[0] for found in chosen.values()]


def _lot(cell: PromiseCell) -> str:
    return hashlib.sha256(f"{cell.attribute}\n{cell.cell}".encode()).hexdigest()


def _chain(cells: Sequence[PromiseCell]) -> _Chain:
    ranked = sorted(
        (-1.0 if one.score is None else rounded(one.score), one.is_right)
        for one in one_per_product(cells)
    )[::-1]
    return _Chain(
        scores=np.array([score for score, _ in ranked]),
        num_wrong=np.cumsum([not is_right for _, is_right in ranked]),
    )


def _testable(counts: Mapping[str, int], *, error: float, risk: float) -> list[str]:
    """Choose the attributes with enough answers for their part of the risk, as many as can be."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    for size in range(len(ranked), 0, -1):
        if is_shown(0, counts[ranked[size - 1]], error=error, risk=risk / size):
            return sorted(ranked[:size])
    return []


def _steps(chain: _Chain, *, error: float, risk: float) -> tuple[int, ...]:
    """Give the numbers of answers that are accepted at each step; equal scores go together.

    Steps are where one more wrong answer may be among them, and at the end. The first is the one
    that is likeliest to pass if answers are wrong as often as their scores say and half of the
    stated error more often: scores are not calibrated that finely.
    """
    fewest = fewest_answers(chain.num_answers, error=error, risk=risk)
    at = [*(size - 1 for size in fewest), chain.num_answers - 1]
    steps = np.unique(np.searchsorted(-chain.scores, -chain.scores[at], side="right"))
    allowed = np.maximum(np.searchsorted(fewest, steps, side="right") - 1, 0)
    told = np.cumsum(1 - chain.scores)[steps - 1] / steps
    expected = np.clip(told + error / 2, 0.0, 1.0)
    chance = special.betainc(steps - allowed, allowed + 1, 1 - expected)
    first = int(np.argmax(chance))
    kept = np.unique(np.linspace(first, len(steps) - 1, _STEPS).round().astype(int))
    return tuple(int(size) for size in steps[kept])


def _walk(chains: Sequence[_Chain], *, error: float, risk: float) -> None:
    """Pass steps until every chain has ended; an exhausted one hands its risk to the others."""
    while waiting := [c for c in chains if c.passed < len(c.sizes)]:
        has_moved = False
        for chain in waiting:
            if chain.is_shown(error=error, risk=risk / len(waiting)):
                chain.passed += 1
                has_moved = True
        if not has_moved:
            return


def _why(name: str, chain: _Chain, tested: Collection[str], never: Collection[str]) -> Why:
    if name in never:
        return Why.WEAKLY_VISIBLE
    if name not in tested:
        return Why.TOO_FEW
    return Why.SHOWN if chain.passed else Why.NOT_SHOWN


def _promise(chain: _Chain, why: Why, *, confidence: float) -> Promise:
    size = chain.sizes[chain.passed - 1] if chain.passed else 0
    num_wrong = int(chain.num_wrong[size - 1]) if size else 0
    return Promise(
        threshold=float(chain.scores[size - 1]) if size else None,
        coverage=size / len(chain.scores),
        error_interval=exact_interval(num_wrong, size, confidence=confidence),
        n=len(chain.scores),
        num_accepted=size,
        num_wrong=num_wrong,
        why=why,
    )
