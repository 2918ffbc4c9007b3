"""Search a labelled catalog for labels that are wrong, with heads that never saw the label judged.

1. *Out of fold.* Products are dealt to folds. Small heads on fixed features are fitted to all folds
   but one and answer that one: P(word | picture, the other words of the row). Blank cells are no
   sample of their column: missing is missing, not "none of these".
2. *Known mistakes.* Into the same rows words are put that are wrong for certain: those of other
   rows. A logistic regression per column, fitted out of fold too, tells their probabilities from
   those of the words that stand there (features: log probability of the word and of the best other
   one, the word's share, entropy, rank). It gives the odds that a word is a mistake at a stated
   base rate, and learns on the way how often honest words look wrong: colours often, kinds of
   product seldom.
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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Codes = NDArray[np.int64]

__all__ = ["Column", "SearchPlan", "deal_folds", "encode_column", "mistake_log_odds", "row_risk"]

_FLOOR = 1e-6
_UNSAID = -20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """How heads are fitted.

    Attributes:
        num_folds: Parts that products are dealt to.
        base_rate: Share of wrong words over all columns, 0..1.
        hidden: Units of the heads' one hidden layer.
        rounds: Fits; in each after the first, words that look wrong count less.
    """

    num_folds: int = 5
    base_rate: float = 0.02
    hidden: int = 192
    epochs: int = 10
    batch_size: int = 384
    rate: float = 4e-3
    weight_decay: float = 0.1
    smoothing: float = 0.02
    rounds: int = 1


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
) -> tuple[NDArray[np.float64], dict[str, Floats]]:
    """Give the log-odds that each word is wrong.

    Args:
        columns: A columns of the same N rows.
        features: (N, C) per column's name; the pictures, and other columns' words if wanted.
        folds: (N,) from `deal_folds`.
        plan: How.
        seed: Of starts, orders and known mistakes.

    Returns:
        (N, A) log-odds, -20 where nothing was said, and per column the out-of-fold probabilities
        (N, K) they come from, NaN where nothing was said.
    """
    plan = plan or SearchPlan()
    odds, answers = [], {}
    for column in columns:
        weights = np.ones(len(folds), dtype=np.float32)
        for _ in range(plan.rounds):
            found = _out_of_fold(column, features[column.name], folds, weights, plan, seed)
            judged = _judge(column, found, folds, plan, seed)
            weights = np.clip(1.3 - 1.0 / (1.0 + np.exp(-judged)), 0.0, 1.0).astype(np.float32)
        odds.append(judged)
        answers[column.name] = found
    return np.stack(odds, axis=1), answers


def row_risk(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give log(1 / P(no word of the row is wrong)), (N,), from log-odds (N, A): higher is riskier.

    The logarithm keeps rows apart whose risk is all but 1.
    """
    total: NDArray[np.float64] = np.logaddexp(0.0, log_odds).sum(axis=1)
    return total


def _out_of_fold(
    column: Column, features: Floats, folds: Codes, weights: Floats, plan: SearchPlan, seed: int
) -> Floats:
    answers = np.full((len(folds), len(column.words)), np.nan, dtype=np.float32)
    said = column.codes >= 0
    for fold in range(plan.num_folds):
        learn, judge = (
            np.flatnonzero(said & (folds != fold)),
            np.flatnonzero(said & (folds == fold)),
        )
        if len(learn) and len(judge):
            answers[judge] = _fit_and_answer(
                features, column.codes, weights, learn, judge, len(column.words), plan, seed + fold
            )
    return answers


def _fit_and_answer(
    features: Floats,
    codes: Codes,
    weights: Floats,
    learn: Codes,
    judge: Codes,
    num_words: int,
    plan: SearchPlan,
    seed: int,
) -> Floats:
    """Fit one hidden layer with AdamW and one rate cycle; answer the rows left out."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    inputs, targets = torch.from_numpy(features), torch.from_numpy(codes)
    head = nn.Sequential(
        nn.Dropout(0.3),
        nn.Linear(features.shape[1], plan.hidden),
        nn.GELU(),
        nn.Dropout(0.4),
        nn.Linear(plan.hidden, num_words),
    )
    optimiser = torch.optim.AdamW(head.parameters(), lr=plan.rate, weight_decay=plan.weight_decay)
    steps = plan.epochs * -(-len(learn) // plan.batch_size)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=steps)
    rows, trust = torch.from_numpy(learn), torch.from_numpy(weights)
    loss_of = nn.CrossEntropyLoss(label_smoothing=plan.smoothing, reduction="none")
    for _ in range(plan.epochs):
        for batch in rows[torch.randperm(len(rows))].split(plan.batch_size):
            loss = (loss_of(head(inputs[batch]), targets[batch]) * trust[batch]).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            cycle.step()
    head.eval()
    with torch.inference_mode():
        answers: Floats = torch.softmax(head(inputs[torch.from_numpy(judge)]), dim=1).numpy()
    return answers


def _judge(
    column: Column, answers: Floats, folds: Codes, plan: SearchPlan, seed: int, *, repeats: int = 4
) -> NDArray[np.float64]:
    """Give (N,) log-odds that the word is a mistake, from a regression on known mistakes."""
    from sklearn.linear_model import LogisticRegression

    judged = np.full(len(folds), _UNSAID)
    said = np.flatnonzero(column.codes >= 0)
    own = column.codes[said]
    if len(column.words) < 2:
        return judged
    shares = np.bincount(own, minlength=len(column.words)) / len(own)
    standing = _signs(answers[said], own, column, shares)
    random = np.random.default_rng(seed)
    drawn = np.concatenate([random.permutation(own) for _ in range(repeats)])
    rows = np.tile(np.arange(len(said)), repeats)
    wrong = ~column.agrees[own[rows], drawn]
    rows, drawn = rows[wrong], drawn[wrong]
    planted = _signs(answers[said][rows], drawn, column, shares)
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
    answers: Floats, codes: Codes, column: Column, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the features of words `codes` (N,) that are to be judged, (N, 5)."""
    agrees = column.agrees[codes]
    right = np.where(agrees, answers, 0.0)
    logs = np.log(answers + _FLOOR)
    best_other = np.where(agrees, np.log(_FLOOR), logs).max(axis=1)
    rank = (answers > right.max(axis=1, keepdims=True)).sum(axis=1)
    return np.stack(
        [
            np.log(right.sum(axis=1) + _FLOOR),
            best_other,
            np.log(shares[codes] + _FLOOR),
            -(answers * logs).sum(axis=1),
            np.log1p(rank),
        ],
        axis=1,
    )
