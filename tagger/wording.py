"""How a source words what it sees.

A shop calls a print `printed` and only where somebody took care `graphic` or `floral`: the first
label's set of values holds the others, so its probability is never the lower one, and what the
picture shows cannot tell which word was written. Other columns no picture shows in full: what one
shop sells as sports wear is casual in the next. What can tell is the source's habit. It is learnt
as `P(word | picture)` (a reporting model in the sense of Sukhbaatar et al. 2014,
https://arxiv.org/abs/1406.2080) from the source's own training rows in up to two ways: a
multinomial logistic regression on the pooled embedding, and a small network on the texture
(`tagger.texture_words`). The mean of these and the model's answer counts.

A wording speaks for a source: in evaluation, where its words are asked for. What an annotator is
shown never depends on it.

Legend: N samples, C channels of the embedding, H hidden units of the source's texture network, S
source labels, W of them in the wording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.heads import Head

__all__ = ["Wording", "fit_embedding_words", "frequent_words", "overlaps"]

MIN_ROWS = 10
_INVERSE_PENALTY = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One source's habit for one column.

    Attributes:
        source: Name of the data set.
        key: Of the head, see `tagger.heads`.
        names: W labels.
        embedding: Reads them from the embedding, F = C; None where that does not help.
        texture: Reads them from the hidden units of the source's texture network, F = H; likewise.
    """

    source: str
    key: str
    names: tuple[str, ...]
    embedding: Reading | None = None
    texture: Reading | None = None

    def joined(
        self,
        probability: NDArray[np.float64],
        names: Sequence[str],
        *,
        embedding: NDArray[np.float32],
        hidden: NDArray[np.float64] | None,
    ) -> NDArray[np.float64]:
        """Give (N, S) the mean of a model's probabilities and the habit's.

        Labels that were too rare to learn keep the model's probability.

        Args:
            probability: (N, S) of the labels before.
            names: S labels.
            embedding: (N, C).
            hidden: (N, H); None if the source has no texture network, or its input is not known.
        """
        here = [name for name in self.names if name in names]
        pairs = ((self.embedding, embedding), (self.texture, hidden))
        read = [(part, seen) for part, seen in pairs if part is not None and seen is not None]
        if not here or not read:
            return probability
        at, own = [names.index(name) for name in here], [self.names.index(name) for name in here]
        rest = np.delete(probability, at, axis=1).sum(axis=1, keepdims=True)
        shares = [part.share(seen, own) * np.clip(1 - rest, 0, 1) for part, seen in read]
        answer = probability.copy()
        answer[:, at] = np.mean([probability[:, at], *shares], axis=0)
        return answer

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, weights as `tagger.reading.packed` writes them."""
        return {
            "source": self.source,
            "key": self.key,
            "names": list(self.names),
            **({} if self.embedding is None else self.embedding.to_dict()),
            **({} if self.texture is None else {"texture": self.texture.to_dict()}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Wording:
        """Read what `to_dict` wrote; older versions have no texture."""
        return cls(
            source=plain["source"],
            key=plain["key"],
            names=tuple(plain["names"]),
            embedding=Reading.from_dict(plain) if "weight" in plain else None,
            texture=Reading.from_dict(plain["texture"]) if "texture" in plain else None,
        )


def overlaps(head: Head) -> bool:
    """Tell whether labels that compete for the same cell share a value."""
    sets = head.vocabulary.values()
    return sum(map(len, sets)) > len(frozenset().union(*sets))


def frequent_words(labels: Sequence[str]) -> tuple[str, ...]:
    """List the words that occur `MIN_ROWS` times, sorted; none if there is no choice."""
    words = tuple(name for name in sorted(set(labels)) if labels.count(name) >= MIN_ROWS)
    return words if len(words) > 1 else ()


def fit_embedding_words(
    embedding: NDArray[np.float32], labels: Sequence[str], names: Sequence[str]
) -> Reading:
    """Learn which word a source writes from the embedding.

    Args:
        embedding: (N, C) of the source's training rows.
        labels: N words.
        names: W of them, sorted, which are learnt.
    """
    from sklearn.linear_model import LogisticRegression

    words = np.array(labels)
    rows = np.isin(words, names)
    inputs = embedding[rows].astype(np.float64)
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=500)
    model.fit((inputs - mean) / spread, words[rows])
    weight, bias = model.coef_ / spread, model.intercept_
    if len(names) == 2:  # the library keeps one row for two classes
        weight, bias = np.vstack([-weight / 2, weight / 2]), np.array([-bias[0] / 2, bias[0] / 2])
    return Reading(weight=weight, bias=bias - weight @ mean)
