"""A linear reading of features, such as the logits of the words of one column.

Legend: N samples, F features, W outputs.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reading", "packed", "unpacked"]

_MARK = "deflated:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Weights of a multinomial logistic regression, or of a network's layer.

    Attributes:
        weight: (W, F).
        bias: (W,).
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Map features (N, F) to outputs (N, W)."""
        outputs: NDArray[np.float64] = features.astype(np.float64) @ self.weight.T + self.bias
        return outputs

    def share(self, features: NDArray[np.floating], words: Sequence[int]) -> NDArray[np.float64]:
        """Give (N, len(words)) probabilities that sum to 1 over some of the words.

        Args:
            features: (N, F).
            words: Positions of the words that compete.
        """
        logits = self.scores(features)[:, list(words)]
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        share: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return share

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {"weight": packed(self.weight), "bias": self.bias.tolist()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Reading:
        """Read what `to_dict` wrote."""
        bias = np.array(plain["bias"], dtype=np.float64)
        return cls(weight=unpacked(plain["weight"], len(bias)), bias=bias)


def packed(matrix: NDArray[np.float64]) -> str:
    """Write a matrix, row by row, as half-precision numbers in Base64.

    The numbers' low bytes come first and then the high ones, deflated: high bytes repeat.
    """
    numbers = matrix.astype("<f2").reshape(-1, 1).view(np.uint8)
    return _MARK + base64.b64encode(zlib.compress(numbers.T.tobytes(), level=9)).decode("ascii")


def unpacked(text: str | Sequence[Sequence[float]], rows: int) -> NDArray[np.float64]:
    """Read what `packed` wrote, or an older version's lists of numbers or plain Base64."""
    if not isinstance(text, str):
        return np.array(text, dtype=np.float64)
    stored = base64.b64decode(text.removeprefix(_MARK))
    if text.startswith(_MARK):
        halves = np.frombuffer(zlib.decompress(stored), dtype=np.uint8).reshape(2, -1)
        stored = halves.T.tobytes()
    return np.frombuffer(stored, dtype="<f2").reshape(rows, -1).astype(np.float64)
