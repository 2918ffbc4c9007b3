"""What all pictures of a listing say together, and where they disagree.

Probabilities are means over the pictures in which something was found: one detail or one back view
does not decide. Values are conditional on the category that the model chose for the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ontology.model import AttributeKind
from tagger.audit.columns import CATEGORY

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.audit.seen import SeenPicture
    from tagger.known import Taught
    from tagger.pipeline import Garment
    from tagger.promise_file import PromiseSet

__all__ = ["Evidence", "assessed", "difference", "gather"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Probabilities for one listing.

    Attributes:
        cells: Per `category` or attribute that the model can assess here, each id's probability.
        sources: Per such, the picture and region that are surest of their best id.
        answers: Ids that are sure enough to be suggested, likewise.
        doubtful: Ids that would be shown, but that the promise of the version does not accept.
    """

    cells: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubtful: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def gather(
    pictures: Sequence[SeenPicture],
    ontology: Ontology,
    taught: Taught,
    *,
    sure_category: float = 0.8,
    promises: PromiseSet | None = None,
) -> Evidence:
    """Gather what the pictures of one product say.

    Args:
        pictures: Its pictures.
        ontology: Says which attributes a picture shows at all.
        taught: What the model version can answer; nothing else is assessed.
        sure_category: Probability from which a category is suggested, 0..1.
        promises: What is sure enough, in place of the decoder's thresholds and `sure_category`;
            None for a version that has none.
    """
    usable = [one for one in pictures if one.garment is not None and one.is_found] or [
        one for one in pictures if one.garment is not None
    ]
    cells: dict[str, Mapping[str, float]] = {}
    sources: dict[str, tuple[str, str]] = {}
    answers: dict[str, tuple[str, ...]] = {}
    doubtful: dict[str, tuple[str, ...]] = {}
    by_cell: dict[str, list[tuple[Mapping[str, float], SeenPicture]]] = {}
    for one in usable:
        for name, shares in assessed(one.garment, ontology, taught).items():
            by_cell.setdefault(name, []).append((shares, one))
    for name, views in by_cell.items():
        ids = dict.fromkeys(value for shares, _ in views for value in shares)
        mean = {v: sum(shares.get(v, 0.0) for shares, _ in views) / len(views) for v in ids}
        best = max(mean, key=mean.__getitem__)
        _, surest = max(views, key=lambda view: view[0].get(best, 0.0))
        cells[name] = mean
        sources[name] = (surest.reference, surest.garment.id if surest.garment else "")
        answers[name] = _answers(name, mean, views, sure_category)
        if promises is not None and not _is_promised(name, answers[name], views, promises):
            doubtful[name], answers[name] = answers[name], ()
    return Evidence(cells=cells, sources=sources, answers=answers, doubtful=doubtful)


def _is_promised(
    name: str,
    answer: Sequence[str],
    views: Sequence[tuple[Mapping[str, float], SeenPicture]],
    promises: PromiseSet,
) -> bool:
    """Tell whether the promise accepts what each picture shows of a cell, by its least sure id."""
    garments = [one.garment for _, one in views if one.garment is not None]
    if name == CATEGORY:
        return all(
            garment.category in answer and promises.accepts(name, garment.category_score)
            for garment in garments
        )
    shown = [garment.attributes.get(name, ()) for garment in garments]  # type: ignore[call-overload]
    scores = [min(one.score for one in found) for found in shown if found]
    return all(promises.accepts(name, score) for score in scores)


def _answers(
    name: str,
    mean: Mapping[str, float],
    views: Sequence[tuple[Mapping[str, float], SeenPicture]],
    sure_category: float,
) -> tuple[str, ...]:
    """Give what every picture that says anything about a cell would show."""
    if name == CATEGORY:
        return tuple(leaf for leaf, p in mean.items() if p >= max(sure_category, 0.5))
    shown = [
        frozenset(str(answer.value) for answer in one.garment.attributes.get(name, ()))  # type: ignore[call-overload]
        for _, one in views
        if one.garment is not None
    ]
    shown = [values for values in shown if values]
    return tuple(sorted(frozenset.intersection(*shown))) if shown else ()


def assessed(
    garment: Garment | None, ontology: Ontology, taught: Taught
) -> dict[str, dict[str, float]]:
    """Give the probabilities of the cells of a garment that the model can assess.

    Left out are attributes that a picture hardly shows, and those with fewer than two values that
    the version was taught for this category.
    """
    if garment is None:
        return {}
    found: dict[str, dict[str, float]] = {}
    if len(taught.categories) > 1 and garment.category_scores:
        found[CATEGORY] = {str(leaf): p for leaf, p in garment.category_scores.items()}
    answerable = taught.answerable(garment.category)
    for attribute, scores in garment.scores.items():
        entry = ontology.attribute(attribute)
        total = sum(scores.values())
        if entry.weakly_visible or len(answerable.get(attribute, ())) < 2 or total <= 0.0:
            continue
        scale = total if entry.kind is AttributeKind.EXCLUSIVE else 1.0
        found[attribute] = {str(value): p / scale for value, p in scores.items()}
    return found


def difference(
    one: Garment, other: Garment, ontology: Ontology, taught: Taught
) -> tuple[str, float]:
    """Give the cell in which two garments differ most surely, and the probability that they do.

    Both answers count as independent: P(differ) = 1 - sum over ids of p(id) q(id). The category
    always counts, an attribute where both garments show an answer.
    """
    left, right = assessed(one, ontology, taught), assessed(other, ontology, taught)
    best = ("", 0.0)
    for name in _comparable(left, right, one, other, ontology):
        same = sum(p * right[name].get(value, 0.0) for value, p in left[name].items())
        if 1.0 - same > best[1]:
            best = (name, min(1.0, 1.0 - same))
    return best


def _comparable(
    left: Mapping[str, object],
    right: Mapping[str, object],
    one: Garment,
    other: Garment,
    ontology: Ontology,
) -> Iterable[str]:
    for name in left:
        if name not in right:
            continue
        if name == CATEGORY or (
            ontology.attribute(name).kind is AttributeKind.EXCLUSIVE  # type: ignore[arg-type]
            and one.attributes.get(name)  # type: ignore[call-overload]
            and other.attributes.get(name)  # type: ignore[call-overload]
        ):
            yield name
