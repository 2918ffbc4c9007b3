"""How a source words what it sees.

A shop calls a print `printed` and only where somebody took care `graphic` or `floral`: the first
label's set of values holds the others, so its probability is never the lower one, and what the
picture shows cannot tell which word was written. Other columns no picture shows in full: what one
shop sells as sports wear is casual in the next. What can tell is the source's habit. It is learnt
as `P(word | picture)`, a multinomial logistic regression on the pooled embedding of the source's
own training rows (a reporting model in the sense of Sukhbaatar et al. 2014,
https://arxiv.org/abs/1406.2080), and the mean of it and the model's answer counts.

A wording speaks for a source: in evaluation, where its words are asked for. What an annotator is
shown never depends on it.

Legend: N samples, C channels of the embedding, S source labels, W of them in the wording.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.heads import Head

MIN_ROWS = 10
_INVERSE_PENALTY = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One source's habit for one column.

    Attributes:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        names: W labels.
        weight: (W, C).
        bias: (W,).
    """

    source: str
    key: str
    names: tuple[str, ...]
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def joined(
        self,
        probability: NDArray[np.float64],
        embedding: NDArray[np.float32],
        names: Sequence[str],
    ) -> NDArray[np.float64]:
        """Give (N, S) the mean of a model's probabilities and the habit's.

        Labels that were too rare to learn keep the model's probability.

        Args:
            probability: (N, S) of the labels before.
            embedding: (N, C).
            names: S labels.
        """
        here = [name for name in self.names if name in names]
        if not here:
            return probability
        at, own = [names.index(name) for name in here], [self.names.index(name) for name in here]
        rest = np.delete(probability, at, axis=1).sum(axis=1, keepdims=True)
        logits = embedding.astype(np.float64) @ self.weight[own].T + self.bias[own]
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        share *= np.clip(1 - rest, 0, 1) / share.sum(axis=1, keepdims=True)
        answer = probability.copy()
        answer[:, at] = (probability[:, at] + share) / 2
        return answer

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, weights as little-endian half-precision numbers in Base64."""
        return {
            "source": self.source,
            "key": self.key,
            "names": list(self.names),
            "weight": base64.b64encode(self.weight.astype("<f2").tobytes()).decode("ascii"),
            "bias": self.bias.tolist(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Wording:
        """Read what `to_dict` wrote, or an older version's, whose weights are lists of numbers."""
        weight, bias = plain["weight"], np.array(plain["bias"], dtype=np.float64)
        if isinstance(weight, str):
            weight = np.frombuffer(base64.b64decode(weight), dtype="<f2").reshape(len(bias), -1)
        return cls(
            source=plain["source"],
            key=plain["key"],
            names=tuple(plain["names"]),
            weight=np.array(weight, dtype=np.float64),
            bias=bias,
        )


def overlaps(head: Head) -> bool:
    """Tell whether labels that compete for the same cell share a value."""
    sets = head.vocabulary.values()
    return sum(map(len, sets)) > len(frozenset().union(*sets))


def fit_wording(
    source: str, key: str, embedding: NDArray[np.float32], labels: Sequence[str]
) -> Wording | None:
    """Learn which word a source writes.

    Args:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        embedding: (N, C) of the source's training rows.
        labels: N words.

    Returns:
        None if fewer than two words occur `MIN_ROWS` times.
    """
    from sklearn.linear_model import LogisticRegression

    words = np.array(labels)
    frequent = [name for name in sorted(set(labels)) if (words == name).sum() >= MIN_ROWS]
    if len(frequent) < 2:
        return None
    rows = np.isin(words, frequent)
    inputs = embedding[rows].astype(np.float64)
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=500)
    model.fit((inputs - mean) / spread, words[rows])
    weight, bias = model.coef_ / spread, model.intercept_
    if len(frequent) == 2:  # the library keeps one row for two classes
        weight, bias = np.vstack([-weight / 2, weight / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return Wording(
        source=source,
        key=key,
        names=tuple(str(name) for name in model.classes_),
        weight=weight,
        bias=bias - weight @ mean,
    )
