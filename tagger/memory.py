"""Replay memory: embeddings of diverse training crops, small enough to travel with a version.

What a network knew is kept by asking it again about pictures like those it learnt from. The
pictures themselves stay where they are: heads read pooled vectors, and one byte a channel is
enough for these. What a memory's rows should be answered with is what the live version answers, so
a memory holds no labels and outlives a change of the ontology.

Legend: N rows, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tagger.registry import MEMORY, ModelStoreError, read_manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SIZE", "ReplayMemory", "load_memory_of"]

SIZE = 700
_LEVELS = 127
_ENCODER = "encoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayMemory:
    """Quantised embeddings of one encoder.

    Attributes:
        codes: (N, C) whole numbers in -127..127.
        scales: (N,) what a row's codes are multiplied with.
        encoder: Digest of the encoder that made the embeddings.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float16]
    encoder: str

    @classmethod
    def of(
        cls, embeddings: NDArray[np.floating], *, encoder: str, size: int = SIZE, seed: int = 1
    ) -> ReplayMemory:
        """Choose diverse rows by k-means++ seeding (Arthur and Vassilvitskii 2007).

        Args:
            embeddings: (N, C) of training crops.
            encoder: Digest of the encoder that made them.
            size: How many to keep; all where there are no more.
            seed: Of the choice.
        """
        from sklearn.cluster import kmeans_plusplus

        rows = np.asarray(embeddings, dtype=np.float32)
        if len(rows) > size:
            length = np.linalg.norm(rows, axis=1, keepdims=True)
            _, chosen = kmeans_plusplus(rows / np.maximum(length, 1e-12), size, random_state=seed)
            rows = rows[np.sort(chosen)]
        scales = (np.abs(rows).max(axis=1, initial=0.0) / _LEVELS).astype(np.float16)
        divisors = np.maximum(scales.astype(np.float32), 1e-8)[:, None]
        codes = np.clip(np.rint(rows / divisors), -_LEVELS, _LEVELS).astype(np.int8)
        return cls(codes=codes, scales=scales, encoder=encoder)

    def embeddings(self) -> NDArray[np.float32]:
        """Give the embeddings (N, C), each off by at most half a step of its row's scale."""
        return self.codes.astype(np.float32) * self.scales.astype(np.float32)[:, None]

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        from safetensors.numpy import save_file

        save_file(
            {"codes": self.codes, "scales": self.scales}, path, metadata={_ENCODER: self.encoder}
        )

    @classmethod
    def load(cls, path: Path) -> ReplayMemory:
        """Read what `save` wrote.

        Raises:
            ModelStoreError: If it is no such file.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as stored:
                codes, scales = stored.get_tensor("codes"), stored.get_tensor("scales")
                encoder = (stored.metadata() or {})[_ENCODER]
        except (OSError, KeyError, SafetensorError) as error:
            raise ModelStoreError(
                f"replay memory {path}: cannot be read ({error!r}); restore the file"
            ) from error
        if codes.ndim != 2 or codes.dtype != np.int8 or scales.shape != codes.shape[:1]:
            raise ModelStoreError(
                f"replay memory {path}: codes {codes.shape} of {codes.dtype} with scales "
                f"{scales.shape}; expected (N, C) of int8 with (N,)"
            )
        return cls(codes=codes, scales=scales, encoder=encoder)


def load_memory_of(version: Path, *, encoder: str) -> ReplayMemory | None:
    """Load the memory of a version directory; None without one, or with another encoder's.

    Raises:
        ModelStoreError: If there is one and it cannot be read.
    """
    if MEMORY not in read_manifest(version).hashes:
        return None
    memory = ReplayMemory.load(version / MEMORY)
    return memory if memory.encoder == encoder else None
