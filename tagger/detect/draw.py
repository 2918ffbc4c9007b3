"""Draw what the detector learns from next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.errors import CatalogError
from tagger.detect.model import DetectorConfig, padded
from tagger.detect.pixels import draw_placement, place
from tagger.images import read_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tagger.detect.examples import Example
    from tagger.detect.pixels import Canvas

__all__ = ["ExampleDraw", "NoExampleError"]


class NoExampleError(CatalogError):
    """There is nothing to draw from."""


class ExampleDraw:
    """Draws examples by kind, and street pictures of rare classes more often."""

    def __init__(
        self, examples: Sequence[Example], *, shares: Sequence[tuple[str, float]], rare: float
    ) -> None:
        """Take the examples; see `tagger.detect.training.Schedule` for `shares` and `rare`.

        Raises:
            NoExampleError: If no kind of example has both a picture and a share.
        """
        self.kinds: list[list[Example]] = []
        self.weights: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        kept = []
        for kind, share in shares:
            chosen = [example for example in examples if example.kind == kind]
            if chosen and share > 0:
                self.kinds.append(chosen)
                self.weights.append(_repeat_factors(chosen, rare))
                kept.append(share)
        if not kept:
            raise NoExampleError("there is no example to train the detector on")
        self.shares = np.array(kept) / sum(kept)

    def canvas(self, rng: np.random.Generator, config: DetectorConfig) -> Canvas:
        """Draw an example and lay it onto a canvas of the network's size."""
        at = int(rng.choice(len(self.kinds), p=self.shares))
        example = self.kinds[at][int(rng.choice(len(self.kinds[at]), p=self.weights[at]))]
        image = read_image(example.image, name=str(example.image))
        canvas_wh = (padded(config.short_side), padded(config.long_side))
        placement = draw_placement(
            rng,
            image.size,
            aspect=example.aspect,
            canvas_wh=canvas_wh,
            catalog=example.kind != "street",
        )
        return place(image, example, placement, canvas_wh=canvas_wh)


def _repeat_factors(
    examples: Sequence[Example], rare: float
) -> np.ndarray[Any, np.dtype[np.float64]]:
    pictures: dict[int, int] = {}
    for example in examples:
        for label in set(example.labels):
            pictures[label] = pictures.get(label, 0) + 1
    factors = [
        max(
            max(1.0, math.sqrt(rare * len(examples) / pictures[label]))
            for label in set(example.labels)
        )
        for example in examples
    ]
    return np.array(factors) / sum(factors)
