"""Turn garments into Label Studio results, and send none that the project's config refuses."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.places import SUGGESTED_PREFIX, placed
from backend.selection.marks import doubt_note
from backend.selection.priority import NEUTRAL_PRIORITY, own_priority, queue_score
from ontology.check import check_results

if TYPE_CHECKING:
    from ontology.config_map import ChoicesTag, ConfigMap
    from ontology.decode import Answer
    from ontology.model import AttributeId, CategoryId, Ontology
    from tagger.pipeline import Garment, ImagePrediction
    from tagger.select.uncertainty import CellDoubt

__all__ = ["NEUTRAL_SCORE", "Composed", "compose", "compose_suggestion", "drawn_rectangle"]

# For a picture without regions: neither first nor last in a queue that is ordered by score.
NEUTRAL_SCORE = queue_score(NEUTRAL_PRIORITY)
_DECIMALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What is sent for one task.

    Attributes:
        results: Label Studio's result objects; a box, then its attributes.
        dropped: Why something that the model said is not among them, one line each.
        score: One minus the task's priority by itself, 0..1: Label Studio serves low ones first.
    """

    results: tuple[Mapping[str, Any], ...]
    dropped: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all results of a region share."""

    id: str
    image_wh: tuple[int, int]
    geometry: Mapping[str, float]
    config: ConfigMap
    mark_doubtful: bool = False

    def result(self, tag: str, kind: str, names: Sequence[str], *, score: float) -> dict[str, Any]:
        width, height = self.image_wh
        return {
            "id": self.id,
            "from_name": tag,
            "to_name": self.config.image_tag,
            "type": kind,
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "score": _probability(score),
            "value": {**self.geometry, kind: list(names)},
        }


def compose(
    prediction: ImagePrediction,
    *,
    digest: str,
    config: ConfigMap,
    ontology: Ontology,
    model_version: str,
    mark_doubtful: bool = True,
) -> Composed:
    """Turn what was found in a picture into results that are legal in a project.

    Args:
        prediction: Boxes in pixels of the upright picture.
        digest: Hash of the picture's bytes; ids are made from it.
        config: The project's own config.
        ontology: What the prediction's ids belong to.
        model_version: Goes into the ids, so that two versions' regions are told apart.
        mark_doubtful: Name the most doubtful attributes in the details of each region.
    """
    results: list[Mapping[str, Any]] = []
    dropped: list[str] = []
    doubts: list[tuple[CellDoubt, ...]] = []
    for garment, place in placed(prediction, digest=digest, model_version=model_version):
        if place is None:
            dropped.append(f"region {garment.category}: its box lies outside the picture")
            continue
        frame = _Frame(
            id=place.region_id,
            image_wh=prediction.image_wh,
            geometry={**place.geometry, "rotation": 0},
            config=config,
            mark_doubtful=mark_doubtful,
        )
        region = _region(garment, frame=frame, ontology=ontology, dropped=dropped)
        if region:
            results += region
            doubts.append(garment.doubts)
    score = queue_score(own_priority(doubts))
    return Composed(results=tuple(results), dropped=tuple(dropped), score=score)


def drawn_rectangle(results: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the rectangle drawn by hand: the last one of an interactive request's results."""
    boxes = [
        result
        for result in results
        if result.get("type") == "rectanglelabels" and isinstance(result.get("value"), Mapping)
    ]
    return boxes[-1] if boxes else None


def compose_suggestion(
    garment: Garment,
    *,
    drawn: Mapping[str, Any],
    image_wh: tuple[int, int],
    config: ConfigMap,
    ontology: Ontology,
    model_version: str,
) -> Composed:
    """Fill the category and attributes of a rectangle drawn by hand, where it was drawn.

    Args:
        garment: What the model saw inside.
        drawn: The rectangle's own result.
        image_wh: Size of the upright picture in pixels.
        config: The project's own config.
        ontology: What the garment's ids belong to.
        model_version: Goes into the id.
    """
    geometry = _drawn_geometry(drawn["value"])
    seed = f"{drawn.get('id')}|{model_version}|{sorted(geometry.items())}"
    frame = _Frame(
        id=SUGGESTED_PREFIX + hashlib.blake2b(seed.encode(), digest_size=6).hexdigest(),
        image_wh=image_wh,
        geometry=geometry,
        config=config,
    )
    dropped: list[str] = []
    region = _region(garment, frame=frame, ontology=ontology, dropped=dropped)
    score = region[0]["score"] if region else NEUTRAL_SCORE
    return Composed(results=tuple(region), dropped=tuple(dropped), score=score)


def _drawn_geometry(value: Mapping[str, Any]) -> dict[str, float]:
    """Return where a rectangle was drawn, cut to the picture unless it is turned."""
    turn = float(value.get("rotation") or 0)
    x, y, width, height = (float(value[key]) for key in ("x", "y", "width", "height"))
    if not turn:
        x, width = _cut(x, width)
        y, height = _cut(y, height)
    return {"x": x, "y": y, "width": width, "height": height, "rotation": turn}


def _cut(start: float, length: float) -> tuple[float, float]:
    """Cut a stretch to 0..100 percent; one that lies inside stays exactly as it is."""
    if start >= 0 and start + length <= 100:
        return start, length
    low, high = max(0.0, start), min(100.0, start + length)
    return low, high - low


def _region(
    garment: Garment, *, frame: _Frame, ontology: Ontology, dropped: list[str]
) -> list[dict[str, Any]]:
    """Return a box and its attributes as far as they are legal; empty if the box is not."""
    config = frame.config
    category = _category_in(config, ontology, garment.category)
    if category is None:
        dropped.append(f"region {garment.category}: the project's config has no label for it")
        return []
    box = frame.result(
        config.label_tag,
        "rectanglelabels",
        [config.label_by_category[category]],
        score=garment.category_score,
    )
    if frame.mark_doubtful and (
        note := doubt_note(garment, category=category, config=config, ontology=ontology)
    ):
        box["meta"] = {"text": [note]}
    cells = []
    for attribute, answers in garment.attributes.items():
        tag = config.choices.get((attribute, category)) if answers else None
        if tag is not None:
            cells += _cell(tag, answers, attribute=attribute, frame=frame, dropped=dropped)
        elif answers:
            dropped.append(f"{category}.{attribute}: the project's config does not ask for it")
    return _legal([box, *cells], config=config, ontology=ontology, dropped=dropped)


def _cell(
    tag: ChoicesTag,
    answers: Sequence[Answer],
    *,
    attribute: AttributeId,
    frame: _Frame,
    dropped: list[str],
) -> list[dict[str, Any]]:
    shown = [answer for answer in answers if answer.value in tag.label_by_value]
    dropped += [
        f"{attribute}={answer.value}: the project's config has no such choice"
        for answer in answers
        if answer.value not in tag.label_by_value
    ]
    if not shown:
        return []
    names = [tag.label_by_value[answer.value] for answer in shown]
    score = min(_probability(answer.score) for answer in shown)
    return [frame.result(tag.name, "choices", names, score=score)]


def _legal(
    region: list[dict[str, Any]], *, config: ConfigMap, ontology: Ontology, dropped: list[str]
) -> list[dict[str, Any]]:
    """Remove attributes, the most harmful first, until the check accepts what is left."""
    faults = check_results(region, config, ontology)
    while faults:
        if check_results(region[:1], config, ontology):
            dropped.append(f"region: {faults[0]}")
            return []
        rests = [region[:at] + region[at + 1 :] for at in range(1, len(region))]
        left = [check_results(rest, config, ontology) for rest in rests]
        # Of equals the last goes: attributes come in the ontology's order, most telling first.
        best = min(range(len(rests)), key=lambda at: (len(left[at]), -at))
        dropped.append(f"{region[best + 1]['from_name']}: {faults[0]}")
        region, faults = rests[best], left[best]
    return region


def _category_in(
    config: ConfigMap, ontology: Ontology, category: CategoryId | None
) -> CategoryId | None:
    """Return the category, or the nearest one above it, that the config has a label for."""
    while category is not None and category not in config.label_by_category:
        category = ontology.category(category).parent
    return category


def _probability(score: float) -> float:
    """Round a score; Label Studio loses a whole batch over one that is no number."""
    return round(min(1.0, max(0.0, score)), _DECIMALS) if math.isfinite(score) else 0.0
