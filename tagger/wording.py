"""How a source words what it sees, where its labels overlap.

A shop calls a print `printed` and only where somebody took care `graphic` or `floral`: the first
label's set of values holds the others, so its probability is never the lower one, and what the
picture shows cannot tell which word was written. What can is the source's habit. It is learnt as
`P(word | picture)`, a multinomial logistic regression on the pooled embedding of the source's own
training rows (a reporting model in the sense of Sukhbaatar et al. 2014,
https://arxiv.org/abs/1406.2080).

A wording speaks for a source: in evaluation, and wherever a claim in its words is judged. What an
annotator is shown never depends on it.

Legend: N samples, C channels of the embedding, S source labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.heads import Head

MIN_ROWS = 10
_INVERSE_PENALTY = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One source's habit for one column.

    Attributes:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        names: S labels.
        weight: (S, C).
        bias: (S,).
    """

    source: str
    key: str
    names: tuple[str, ...]
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def probabilities(
        self, embedding: NDArray[np.float32], names: Sequence[str]
    ) -> NDArray[np.float64]:
        """Give (N, n) for n labels in the order of `names`, 0 for those that were too rare.

        Args:
            embedding: (N, C).
            names: Labels.
        """
        logits = embedding.astype(np.float64) @ self.weight.T + self.bias
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        answer = np.zeros((len(embedding), len(names)))
        for at, name in enumerate(names):
            if name in self.names:
                answer[:, at] = share[:, self.names.index(name)]
        return answer

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, weights rounded to five significant digits."""
        return {
            "source": self.source,
            "key": self.key,
            "names": list(self.names),
            "weight": [[float(f"{x:.5g}") for x in row] for row in self.weight.tolist()],
            "bias": self.bias.tolist(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Wording:
        """Read what `to_dict` wrote."""
        return cls(
            source=plain["source"],
            key=plain["key"],
            names=tuple(plain["names"]),
            weight=np.array(plain["weight"], dtype=np.float64),
            bias=np.array(plain["bias"], dtype=np.float64),
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
