"""Which two values the model hesitates between, to show what tells them apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ontology.model import AttributeId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Contrast", "contrast_of"]

_PLAUSIBLE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two plausible values of one attribute, the likelier one first.

    Attributes:
        value: Id of what is predicted, or of the likeliest value where nothing is.
        other: Id of the likeliest of the others.
        words: The labels of both.
        shares: The calibrated probabilities of both, 0..1.
    """

    value: str
    other: str
    words: tuple[str, str]
    shares: tuple[float, float]

    @property
    def text(self) -> str:
        """What the map shows, in words."""
        (one, other), (p, q) = self.words, self.shares
        return f"what speaks for {one} ({100 * p:.0f} %) and against {other} ({100 * q:.0f} %)"


def contrast_of(
    region: Mapping[str, Any], attribute: str, legal: Collection[str], ontology: Ontology
) -> Contrast | None:
    """Choose as `weft explain` does; None where there is no second plausible value.

    Args:
        region: As `weft predict` gives it.
        attribute: An attribute's id; the category has no maps.
        legal: Values that the region's category allows.
        ontology: Tells which attributes have one value only, and gives the labels.
    """
    from tagger.explain import hesitations

    name = AttributeId(attribute)
    known = (region.get("scores") or {}).get(attribute) or {}
    scores = {ValueId(value): float(p) for value, p in known.items() if value in legal}
    if not scores:
        return None
    answers = (region.get("attributes") or {}).get(attribute) or ()
    answered = [ValueId(str(one["value"])) for one in answers if one["value"] in scores]
    value = answered[0] if answered else max(scores, key=scores.__getitem__)
    if scores[value] < _PLAUSIBLE:
        return None
    for _, one, other in hesitations(ontology, {name: scores}, [(name, value)]):
        return Contrast(
            value=one,
            other=other,
            words=(ontology.value(name, one).label, ontology.value(name, other).label),
            shares=(scores[one], scores[other]),
        )
    return None
