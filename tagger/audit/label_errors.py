"""Search a labelled catalog for labels that are wrong, with heads that never saw the label judged.

1. *Out of fold.* Products are dealt to folds. Three heads on fixed features are fitted to all folds
   but one and answer that one: P(word | picture, the other words of the row). Blank cells are no
   sample of their column: missing is missing, not "none of these". See `tagger.audit.out_of_fold`.
2. *Known mistakes.* Into the same rows words are put that are wrong for certain: those of other
   rows. A logistic regression per column, fitted out of fold too, tells their probabilities from
   those of the words that stand there (features: the word's share, and per head the log
   probability of the word and of the best other one, entropy and rank). It gives the odds that a
   word is a mistake at a stated base rate, and learns on the way how often honest words look
   wrong: colours often, kinds of product seldom.
3. *Rank.* A row's risk is the probability that any of its words is wrong. The columns' log-odds
   are the reasons.

Counting confident disagreements is confident learning (Northcutt et al. 2021,
https://arxiv.org/abs/1911.00068); its library, cleanlab, wants every row labelled in every column
and words that exclude each other, which `printed` and `floral` do not. `python -m bench.audit`
compares with its score where it fits.

Legend: N rows, K words of a column, C features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tagger.audit.out_of_fold import HeadPlan, answer_out_of_fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Codes = NDArray[np.int64]

__all__ = [
    "Column",
    "SearchPlan",
    "deal_folds",
    "encode_column",
    "judge_words",
    "mistake_log_odds",
    "row_risk",
]

_FLOOR = 1e-6
_UNSAID = -20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """How the search goes.

    Attributes:
        num_folds: Parts that products are dealt to.
        base_rate: Share of wrong words among all, 0..1.
        even_share: Part of the mistakes that are any word of the column, each as likely; the others
            are words of other rows, common ones more often. The ranking is as good as this guess:
            even mistakes make rare words suspicious, the others hardly.
        heads: How heads are fitted.
    """

    num_folds: int = 5
    base_rate: float = 0.02
    even_share: float = 0.0
    heads: HeadPlan = field(default_factory=HeadPlan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column's words.

    Attributes:
        words: K, the commonest first.
        codes: (N,) position of each row's word, -1 where nothing was said.
        agrees: (K, K) whether two words can both be right: each with itself, and words whose sets
            of ontology values overlap.
    """

    name: str
    words: tuple[str, ...]
    codes: Codes
    agrees: NDArray[np.bool_]


def encode_column(
    name: str,
    said: Sequence[str],
    meanings: Mapping[str, frozenset[str]] | None = None,
) -> Column:
    """Encode N words, empty where nothing was said.

    Args:
        name: `category` or an attribute's id.
        said: N words.
        meanings: Ontology values that words stand for; without it all words exclude each other.
    """
    counts: dict[str, int] = {}
    for word in said:
        if word:
            counts[word] = counts.get(word, 0) + 1
    words = tuple(sorted(counts, key=lambda word: (-counts[word], word)))
    places = {word: at for at, word in enumerate(words)}
    sets = [(meanings or {}).get(word, frozenset({word})) for word in words]
    agrees = np.array([[bool(a & b) for b in sets] for a in sets], dtype=bool)
    return Column(
        name=name,
        words=words,
        codes=np.array([places.get(word, -1) for word in said], dtype=np.int64),
        agrees=agrees.reshape(len(words), len(words)),
    )


def deal_folds(groups: Sequence[str], *, num_folds: int, seed: int) -> Codes:
    """Deal rows to folds, (N,); rows of one group share a fold."""
    names = sorted(set(groups))
    dealt = np.random.default_rng(seed).permutation(len(names)) % num_folds
    fold_of = dict(zip(names, dealt.tolist(), strict=True))
    return np.array([fold_of[group] for group in groups], dtype=np.int64)


def mistake_log_odds(
    columns: Sequence[Column],
    features: Mapping[str, Floats],
    folds: Codes,
    *,
    plan: SearchPlan | None = None,
    seed: int = 0,
) -> tuple[NDArray[np.float64], dict[str, list[Floats]]]:
    """Give the log-odds that each word is wrong.

    Args:
        columns: A columns of the same N rows.
        features: (N, C) per column's name; the pictures, and other columns' words if wanted.
        folds: (N,) from `deal_folds`.
        plan: How.
        seed: Of starts, orders and known mistakes.

    Returns:
        (N, A) log-odds, -20 where nothing was said, and per column the heads'
        out-of-fold probabilities, (N, K) each, NaN where nothing was said.
    """
    plan = plan or SearchPlan()
    answers = {
        column.name: answer_out_of_fold(
            features[column.name],
            column.codes,
            folds,
            num_words=len(column.words),
            plan=plan.heads,
            seed=seed,
        )
        for column in columns
    }
    return judge_words(columns, answers, folds, plan=plan, seed=seed), answers


def judge_words(
    columns: Sequence[Column],
    answers: Mapping[str, Sequence[Floats]],
    folds: Codes,
    *,
    plan: SearchPlan,
    seed: int,
) -> NDArray[np.float64]:
    """Give what `mistake_log_odds` gives, (N, A), from the heads' answers."""
    odds = [_judge(column, answers[column.name], folds, plan, seed) for column in columns]
    return np.stack(odds, axis=1)


def row_risk(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give log(1 / P(no word of the row is wrong)), (N,), from log-odds (N, A): higher is riskier.

    The logarithm keeps rows apart whose risk is all but 1.
    """
    total: NDArray[np.float64] = np.logaddexp(0.0, log_odds).sum(axis=1)
    return total


def _judge(
    column: Column,
    answers: Sequence[Floats],
    folds: Codes,
    plan: SearchPlan,
    seed: int,
    *,
    repeats: int = 4,
) -> NDArray[np.float64]:
    """Give (N,) log-odds that the word is a mistake, from a regression on known mistakes."""
    from sklearn.linear_model import LogisticRegression

    judged = np.full(len(folds), _UNSAID)
    said = np.flatnonzero(column.codes >= 0)
    own = column.codes[said]
    if len(column.words) < 2:
        return judged
    shares = np.bincount(own, minlength=len(column.words)) / len(own)
    heads = [head[said] for head in answers]
    standing = _signs(heads, own, column, shares)
    random = np.random.default_rng(seed)
    drawn = np.concatenate([random.permutation(own) for _ in range(repeats)])
    evenly = random.random(len(drawn)) < plan.even_share
    drawn = np.where(evenly, random.integers(0, len(column.words), len(drawn)), drawn)
    rows = np.tile(np.arange(len(said)), repeats)
    wrong = ~column.agrees[own[rows], drawn]
    rows, drawn = rows[wrong], drawn[wrong]
    planted = _signs([head[rows] for head in heads], drawn, column, shares)
    prior = np.log(plan.base_rate / (1.0 - plan.base_rate))
    for fold in range(plan.num_folds):
        here = folds[said] == fold
        left, right = standing[~here], planted[folds[said][rows] != fold]
        if not (len(left) and len(right) and here.any()):
            continue
        inputs = np.concatenate([left, right])
        truth = np.repeat([0, 1], [len(left), len(right)])
        weight = np.where(truth == 1, 0.5 / len(right), 0.5 / len(left)) * len(inputs)
        mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
        model = LogisticRegression(max_iter=500)
        model.fit((inputs - mean) / spread, truth, sample_weight=weight)
        judged[said[here]] = model.decision_function((standing[here] - mean) / spread) + prior
    return judged


def _signs(
    answers: Sequence[Floats], codes: Codes, column: Column, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the features of words `codes` (N,) that are to be judged, (N, 1 + 4 a head)."""
    agrees = column.agrees[codes]
    signs = [np.log(shares[codes] + _FLOOR)]
    for head in answers:
        right = np.where(agrees, head, 0.0)
        logs = np.log(head + _FLOOR)
        signs += [
            np.log(right.sum(axis=1) + _FLOOR),
            np.where(agrees, np.log(_FLOOR), logs).max(axis=1),
            -(head * logs).sum(axis=1),
            np.log1p((head > right.max(axis=1, keepdims=True)).sum(axis=1)),
        ]
    return np.stack(signs, axis=1)
