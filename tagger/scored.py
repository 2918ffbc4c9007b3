"""Run a version over labelled pictures, and decode what it said about them.

Legend: N samples, K leaf categories, V values over all attributes, C the embedding's width, T
texture statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ontology.decode import Assignment, decode
from ontology.errors import CatalogError
from ontology.model import CategoryId
from tagger.answers import Best, best_answers
from tagger.boxes import PixelBox
from tagger.finder import find_garments, is_street
from tagger.images import ImageError
from tagger.views import Look, look_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.dataset import Sample
    from tagger.known import Taught
    from tagger.pipeline import Tagger
    from tagger.scoring import Scorer

_CHUNK = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSamples:
    """Samples that could be read, with their raw outputs.

    Attributes:
        samples: N samples.
        category_logits: (N, K), the word of a detector that was asked included.
        value_logits: (N, V).
        embedding: (N, C).
        unreadable: One line for each picture that could not be read.
        texture: (N, T), see `tagger.texture`; None where the backbone has no such statistics.
        street: (N,) whether a garment was seen in a street photograph; None if none was.
    """

    samples: tuple[Sample, ...]
    category_logits: NDArray[np.float32]
    value_logits: NDArray[np.float32]
    embedding: NDArray[np.float32]
    unreadable: tuple[str, ...] = ()
    texture: NDArray[np.float32] | None = None
    street: NDArray[np.bool_] | None = None

    def seen_in_street(self) -> NDArray[np.bool_]:
        """Give (N,) whether each garment was seen in a street photograph."""
        none = np.zeros(len(self.samples), dtype=bool)
        return none if self.street is None else self.street


def score_samples(
    tagger: Tagger,
    samples: Sequence[Sample],
    *,
    boxes: Sequence[PixelBox] | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> ScoredSamples:
    """Run the network on each sample's garment.

    Args:
        tagger: The model version.
        samples: What to score.
        boxes: One box a sample; without them a sample's own box or the garment finder's is used.
        watch: Called with (done, all) after every chunk.
    """
    kept: list[Sample] = []
    unreadable: list[str] = []
    street: list[bool] = []
    parts = []
    for start in range(0, len(samples), _CHUNK):
        looks, heard = [], []
        for at in range(start, min(start + _CHUNK, len(samples))):
            try:
                look, word, in_street = _look(tagger, samples[at], boxes[at] if boxes else None)
            except ImageError as error:
                unreadable.append(f"{samples[at].id}: {error}")
            else:
                looks.append(look)
                heard.append(word)
                street.append(in_street)
                kept.append(samples[at])
        if looks:
            logits = tagger.run(looks, with_texture=True)
            parts.append(replace(logits, category=logits.category + np.stack(heard)))
        if watch is not None:
            watch(min(start + _CHUNK, len(samples)), len(samples))
    if not parts:
        raise CatalogError(
            f"no picture could be read of {len(samples)}; "
            f"first: {(unreadable or ['none given'])[0]}"
        )
    texture = np.concatenate([part.texture for part in parts if part.texture is not None])
    return ScoredSamples(
        samples=tuple(kept),
        category_logits=np.concatenate([part.category for part in parts]),
        value_logits=np.concatenate([part.values for part in parts]),
        embedding=np.concatenate([part.embedding for part in parts]),
        unreadable=tuple(unreadable),
        texture=texture if texture.shape[1] else None,
        street=np.array(street, dtype=bool),
    )


def _look(
    tagger: Tagger, sample: Sample, box: PixelBox | None
) -> tuple[Look, NDArray[np.float32], bool]:
    """Look at a sample as `Tagger.predict` looks at the primary garment of its picture.

    Returns:
        The look, the detector's word, and whether it would be seen in a street photograph.
    """
    image = sample.open()
    box = box or sample.garment
    is_alone, detection = sample.box is None, None
    if box is None:
        found = find_garments(
            image, detector=tagger.detector, pixel_aspect=sample.aspect, with_masks=False
        )
        primary = next(item for item in found if item.primary)
        box, is_alone, detection = primary.box, len(found) == 1, primary.detection
        in_street = detection is not None
    else:
        in_street = tagger.detector is not None and is_street(image)
    look = look_at(image, box, size=tagger.image_size, aspect=sample.aspect, is_alone=is_alone)
    return look, tagger.heard(detection), in_street


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedSample:
    """What the annotator would see for one sample, and the best answers whatever their score."""

    category: CategoryId
    category_score: float
    is_sure: bool
    assignment: Assignment
    best: Mapping[str, Best]


def decode_samples(scorer: Scorer, scored: ScoredSamples, known: Taught) -> list[DecodedSample]:
    """Decode every sample as `Tagger.predict` does."""
    decoded = []
    probabilities = scorer.category_probabilities(scored.category_logits)
    rows = zip(probabilities, scored.value_logits, scored.seen_in_street(), strict=True)
    for row, logits, street in rows:
        category = scorer.best_category(row, known)
        scores = scorer.scores(row, logits, category)
        score = scores.category[category]
        decoded.append(
            DecodedSample(
                category=category,
                category_score=score,
                is_sure=scorer.is_sure(score, street=bool(street)),
                assignment=decode(
                    scorer.ontology,
                    scores,
                    policy=scorer.policy(
                        known, category, category_score=score, street=bool(street)
                    ),
                    category=category,
                ),
                best=best_answers(scores, category, known),
            )
        )
    return decoded
