"""From logits to calibrated probabilities over what the ontology allows and the data taught.

Exclusive values share one probability: `p_v = exp(z_v / T) / sum exp(z_u / T)` over the values u
that are
legal and that some training label mentioned. A value that no label named alone takes its share of
the sum
but is never answered. Values of a multiple attribute are independent: `p_v = sigmoid(z_v / T)`.

Legend: B garments, K leaf categories, V values over all attributes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ontology.decode import DecodePolicy, Scores
from ontology.model import AttributeId, AttributeKind, CategoryId, ValueId
from ontology.targets import layout
from tagger.offsets import Offsets
from tagger.sources.description import CATEGORY
from tagger.texture_words import TextureLayer
from tagger.wording import Wording

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.known import Taught

DEFAULT_THRESHOLD = 0.5


Habit = TypeVar("Habit", Wording, Offsets)


def _of_source(habits: Sequence[Habit], source: str, key: str) -> Habit | None:
    """Give what is known of one head of one source."""
    return next((one for one in habits if (one.source, one.key) == (source, key)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Temperatures and thresholds of one model version.

    Attributes:
        category_temperature: Divides the category logits.
        temperatures: Divides each attribute's logits; 1 where absent.
        thresholds: Lowest probability that is answered, per attribute, 0..1.
        default_threshold: Likewise for attributes without one.
        category_threshold: Lowest category probability that counts as answered.
        street: Thresholds by head that hold in street photographs, where they are higher.
        category_floor: Lowest category probability at which attributes are answered at all.
        wordings: How sources word what their pictures show.
        textures: The texture networks that wordings read, one a source at most.
        offsets: Which of their labels sources write more often than the model expects.
    """

    category_temperature: float = 1.0
    temperatures: Mapping[AttributeId, float] = field(default_factory=dict)
    thresholds: Mapping[AttributeId, float] = field(default_factory=dict)
    default_threshold: float = DEFAULT_THRESHOLD
    category_threshold: float = 0.0
    street: Mapping[str, float] = field(default_factory=dict)
    category_floor: float = 0.0
    wordings: tuple[Wording, ...] = ()
    textures: tuple[TextureLayer, ...] = ()
    offsets: tuple[Offsets, ...] = ()

    def wording(self, source: str, key: str) -> Wording | None:
        """Give a source's wording of a head, or None where none was learnt or it did not help."""
        return _of_source(self.wordings, source, key)

    def texture(self, source: str) -> TextureLayer | None:
        """Give a source's texture network, or None where no wording reads one."""
        return next((one for one in self.textures if one.source == source), None)

    def source_offsets(self, source: str, key: str) -> Offsets | None:
        """Give a source's offsets of a head, or None where they do not help."""
        return _of_source(self.offsets, source, key)

    def sure_from(self, *, street: bool = False) -> float:
        """Give the lowest category probability that counts as answered, in a street photograph."""
        return max(self.category_threshold, self.street.get(CATEGORY, 0.0) if street else 0.0)

    def answered_from(self, *, street: bool = False) -> Mapping[AttributeId, float]:
        """Give each attribute's lowest probability that is answered, in a street photograph."""
        if not street:
            return self.thresholds
        higher = {
            attribute: max(least, self.thresholds.get(attribute, self.default_threshold))
            for head, least in self.street.items()
            if (attribute := AttributeId(head)) != CATEGORY
        }
        return {**self.thresholds, **higher}

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for the version's file."""
        return {
            "category_temperature": self.category_temperature,
            "temperatures": dict(self.temperatures),
            "thresholds": dict(self.thresholds),
            "default_threshold": self.default_threshold,
            "category_threshold": self.category_threshold,
            "street": dict(self.street),
            "category_floor": self.category_floor,
            "wordings": [wording.to_dict() for wording in self.wordings],
            "textures": [layer.to_dict() for layer in self.textures],
            "offsets": [offsets.to_dict() for offsets in self.offsets],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calibration:
        """Read what `to_dict` wrote."""
        return cls(
            category_temperature=float(plain["category_temperature"]),
            temperatures={AttributeId(k): float(v) for k, v in plain["temperatures"].items()},
            thresholds={AttributeId(k): float(v) for k, v in plain["thresholds"].items()},
            default_threshold=float(plain["default_threshold"]),
            category_threshold=float(plain.get("category_threshold", 0.0)),
            street={str(k): float(v) for k, v in plain.get("street", {}).items()},
            category_floor=float(plain.get("category_floor", 0.0)),
            wordings=tuple(Wording.from_dict(entry) for entry in plain.get("wordings", ())),
            textures=tuple(TextureLayer.from_dict(entry) for entry in plain.get("textures", ())),
            offsets=tuple(Offsets.from_dict(entry) for entry in plain.get("offsets", ())),
        )


class Scorer:
    """Reads the logits of one model version."""

    def __init__(self, ontology: Ontology, taught: Taught, calibration: Calibration) -> None:
        """Bind an ontology, what the version was taught, and its calibration."""
        self.ontology, self.taught, self.calibration = ontology, taught, calibration
        order = layout(ontology)
        self.categories: tuple[CategoryId, ...] = order.categories
        self._category_at = {name: at for at, name in enumerate(order.categories)}
        self._value_at = order.positions
        self._having = {
            attribute.id: np.array(
                [ontology.applies(name, attribute.id) for name in self.categories]
            )
            for attribute in ontology.attributes
        }
        self._mentioned = np.array(
            [name in taught.mentioned_categories for name in self.categories]
        )

    def category_probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give (B, K) probabilities that sum to 1 over the leaves that training mentioned."""
        scaled = logits.astype(np.float64) / self.calibration.category_temperature
        if self._mentioned.any():
            scaled = np.where(self._mentioned, scaled, -np.inf)
        return softmax(scaled)

    def category_positions(self, names: Collection[CategoryId]) -> list[int]:
        """Give the columns of leaves."""
        return [self._category_at[name] for name in names]

    def value_positions(self, attribute: AttributeId, values: Collection[ValueId]) -> list[int]:
        """Give the columns of an attribute's values."""
        return [self._value_at[attribute, value] for value in values]

    def best_category(self, probabilities: NDArray[np.float64], known: Taught) -> CategoryId:
        """Choose the most probable leaf (K,) that was taught; the first of equals."""
        usable = [at for at, name in enumerate(self.categories) if name in known.categories]
        return self.categories[
            max(usable or range(len(self.categories)), key=lambda at: (probabilities[at], -at))
        ]

    def normalised(self, logits: NDArray[np.float64], column: str) -> NDArray[np.float64]:
        """Give (N, n) calibrated shares among n values of a head, from their logits.

        Args:
            logits: (N, n) of values that training mentioned.
            column: `category` or an attribute's id.
        """
        if column == "category":
            return softmax(logits / self.calibration.category_temperature)
        attribute = AttributeId(column)
        scaled = logits / self.calibration.temperatures.get(attribute, 1.0)
        if self.ontology.attribute(attribute).kind is AttributeKind.MULTIPLE:
            return sigmoid(scaled)
        return softmax(scaled)

    def value_probabilities(
        self,
        logits: NDArray[np.float32],
        attribute: AttributeId,
        values: Collection[ValueId],
    ) -> NDArray[np.float64]:
        """Give (B, n) calibrated probabilities of some values of one attribute.

        Args:
            logits: (B, V).
            attribute: Whose values.
            values: n values, in the order of the answer; those never mentioned get 0.
        """
        mentioned = self.taught.mentioned.get(attribute, frozenset())
        usable = np.array([value in mentioned for value in values], dtype=bool)
        probability = np.zeros((len(logits), len(values)))
        columns = np.array(self.value_positions(attribute, values), dtype=int)[usable]
        probability[:, usable] = self.normalised(logits[:, columns].astype(np.float64), attribute)
        return probability

    def scores(
        self,
        category_probabilities: NDArray[np.float64],
        value_logits: NDArray[np.float32],
        category: CategoryId,
    ) -> Scores:
        """Give one garment's scores for the decoder.

        A value's score is its probability given the category, times the share of the category's
        probability mass that has the attribute: a doubtful category makes doubtful attributes.

        Args:
            category_probabilities: (K,).
            value_logits: (V,).
            category: The category that the values are read for.
        """
        attributes: dict[AttributeId, dict[ValueId, float]] = {}
        for attribute in self.ontology.applicable(category):
            values = self.ontology.allowed(category, attribute)
            given = self.value_probabilities(value_logits[None], attribute, values)[0]
            mass = float(category_probabilities[self._having[attribute]].sum())
            attributes[attribute] = {
                value: float(p) * min(1.0, mass) for value, p in zip(values, given, strict=True)
            }
        by_category = zip(self.categories, category_probabilities.tolist(), strict=True)
        return Scores(category=dict(by_category), attributes=attributes)

    def is_sure(self, category_score: float, *, street: bool = False) -> bool:
        """Tell whether a category of this probability, 0..1, keeps the stated error.

        Args:
            category_score: The probability.
            street: Whether the garment was seen in a street photograph.
        """
        return category_score >= self.calibration.sure_from(street=street)

    def is_likely(self, category_score: float) -> bool:
        """Tell whether a category of this probability, 0..1, is likely enough to build on."""
        return category_score >= self.calibration.category_floor

    def policy(
        self,
        known: Taught,
        category: CategoryId,
        *,
        category_score: float = 1.0,
        street: bool = False,
        blank: Collection[AttributeId] = (),
    ) -> DecodePolicy:
        """Give the decoder's thresholds for a leaf, restricted to what `known` was taught.

        Which attributes apply follows from the category, so an unlikely one leaves all of them
        blank.

        Args:
            known: What may be answered.
            category: The leaf.
            category_score: Its probability, 0..1.
            street: Whether the garment was seen in a street photograph.
            blank: Attributes that are not answered, whatever their scores.
        """
        answerable = known.answerable(category) if self.is_likely(category_score) else {}
        return DecodePolicy(
            thresholds=self.calibration.answered_from(street=street),
            default_threshold=self.calibration.default_threshold,
            known_categories=known.categories,
            known_values={
                attribute.id: frozenset()
                if attribute.id in blank
                else answerable.get(attribute.id, frozenset())
                for attribute in self.ontology.attributes
            },
        )


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give 1 / (1 + exp(-logit)) without overflow."""
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return probability


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the softmax over the last axis; -inf entries get 0."""
    if logits.shape[-1] == 0:
        return logits
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    total: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return total
