"""What decisions make of an item: its state, its answers, and results as Label Studio has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backend.review.items import CATEGORY_KEY, ReviewDecision, ReviewError, ReviewItem
from backend.review.rules import Dropped, dropped_answers
from backend.review.tables import DecisionAction, ItemState
from backend.review.wording import Wording
from ontology.errors import UnknownIdError
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.boxes import PixelBox, to_percent

if TYPE_CHECKING:
    from ontology.config_map import ConfigMap
    from ontology.model import Ontology

__all__ = [
    "CellDecision",
    "Standing",
    "answer_score",
    "category_of",
    "legal_values",
    "predicted_values",
    "results_of",
    "standing",
]

_CELL_ACTIONS = frozenset({DecisionAction.ACCEPT, DecisionAction.FIX, DecisionAction.CANNOT_TELL})


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDecision:
    """What holds now for one attribute of one region.

    Attributes:
        values: What it is; empty if one cannot tell.
    """

    action: str
    values: tuple[str, ...]
    decision_id: int
    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the decisions about an item come to.

    Attributes:
        state: One of `ItemState`.
        is_whole: The whole item was accepted, so that what was not decided holds as predicted.
        cells: By region id and attribute.
        dropped: Predicted values that go against decided ones, likewise; they do not hold.
        whole: The decision about the whole item that counts, None while there is none.
        gold: The mark that makes this the truth for others, None while there is none.
        reason: Code of the reason for a refusal.
        counting: The decisions that nobody took back, oldest first, without that mark.
    """

    state: ItemState
    is_whole: bool
    cells: Mapping[tuple[str, str], CellDecision]
    dropped: Mapping[tuple[str, str], Dropped] = field(default_factory=dict)
    whole: ReviewDecision | None = None
    gold: ReviewDecision | None = None
    reason: str = ""
    counting: tuple[ReviewDecision, ...] = field(default=())

    def held(self, region: Mapping[str, Any], attribute: str) -> tuple[str, ...]:
        """Give what an attribute of a region is now: what was decided, else what was predicted."""
        key = (str(region["id"]), attribute)
        if key in self.cells:
            return self.cells[key].values
        gone = self.dropped[key].values if key in self.dropped else ()
        return tuple(value for value in predicted_values(region, attribute) if value not in gone)


def standing(item: ReviewItem, decisions: Iterable[ReviewDecision], ontology: Ontology) -> Standing:
    """Work out what holds, from all decisions about an item in their order.

    Args:
        item: With what was predicted.
        decisions: All about it.
        ontology: Says which predicted values cannot hold beside decided ones.
    """
    decisions = list(decisions)
    undone = {
        number
        for decision in decisions
        if decision.action == DecisionAction.UNDO
        for number in decision.after.get("undone", ())
    }
    counting = [
        decision
        for decision in decisions
        if decision.id not in undone and decision.action != DecisionAction.UNDO
    ]
    cells: dict[tuple[str, str], CellDecision] = {}
    for decision in counting:
        if decision.attribute is not None and decision.action in _CELL_ACTIONS:
            cells[str(decision.after.get("region", "")), decision.attribute] = CellDecision(
                action=decision.action,
                values=tuple(decision.after.get("values", ())),
                decision_id=decision.id,
                reviewer=decision.reviewer,
            )
    gold = next((d for d in counting if d.action == DecisionAction.GOLD), None)
    counting = [d for d in counting if d.action != DecisionAction.GOLD]
    whole = next((d for d in reversed(counting) if d.attribute is None), None)
    is_changed = any(cell.action != DecisionAction.ACCEPT for cell in cells.values())
    asked = {f["attribute"] for f in item.findings if f.get("attribute")}
    state = item.untouched_state
    if whole is not None and whole.action == DecisionAction.REJECT:
        state = ItemState.REJECTED
    elif whole is not None or (asked and asked <= {attribute for _, attribute in cells}):
        state = ItemState.FIXED if is_changed else ItemState.ACCEPTED
    return Standing(
        state=state,
        is_whole=whole is not None and whole.action == DecisionAction.ACCEPT,
        cells=cells,
        dropped=_dropped(item, cells, ontology),
        whole=whole,
        gold=gold,
        reason=whole.reason if whole is not None else "",
        counting=tuple(counting),
    )


def _dropped(
    item: ReviewItem, cells: Mapping[tuple[str, str], CellDecision], ontology: Ontology
) -> dict[tuple[str, str], Dropped]:
    found = {}
    for region in item.regions:
        mine = str(region["id"])
        decided = {name: cell.values for (where, name), cell in cells.items() if where == mine}
        category = next(iter(decided.pop(CATEGORY_KEY, ())), str(region.get("category") or ""))
        open_ = [name for name in region.get("attributes") or {} if name not in decided]
        predicted = {name: predicted_values(region, name) for name in open_}
        for name, one in dropped_answers(ontology, category, predicted, decided).items():
            found[mine, name] = one
    return found


def predicted_values(region: Mapping[str, Any], attribute: str) -> tuple[str, ...]:
    """Return the value ids that the model answered; the category's id under `category`."""
    if attribute == CATEGORY_KEY:
        return (str(region["category"]),) if region.get("category") else ()
    answers = (region.get("attributes") or {}).get(attribute) or ()
    return tuple(str(answer["value"]) for answer in answers)


def answer_score(region: Mapping[str, Any], attribute: str) -> float | None:
    """Return the calibrated probability of an answer, 0..1: that of its least sure value."""
    if attribute == CATEGORY_KEY:
        score = region.get("category_score") if region.get("category") else None
        return float(score) if score is not None else None
    answers = (region.get("attributes") or {}).get(attribute) or ()
    return min((float(answer["score"]) for answer in answers), default=None)


def legal_values(ontology: Ontology, category: str, attribute: str) -> tuple[str, ...]:
    """Return what may be chosen: leaf categories, or the values that the category allows.

    Raises:
        ReviewError: If the ontology has no such category or attribute.
    """
    if attribute == CATEGORY_KEY:
        return tuple(ontology.leaves)
    try:
        return tuple(ontology.allowed(CategoryId(category), AttributeId(attribute)))
    except (KeyError, UnknownIdError) as error:
        wording = Wording(ontology)
        raise ReviewError(
            f"{wording.attribute(attribute)} of {wording.value(CATEGORY_KEY, category)} is not in "
            "the served ontology; the item was made with another one"
        ) from error


def category_of(region: Mapping[str, Any], now: Standing) -> str:
    """Return the category that a region has now."""
    decided = now.cells.get((str(region["id"]), CATEGORY_KEY))
    if decided is not None and decided.values:
        return decided.values[0]
    return str(region.get("category") or "")


def results_of(
    item: ReviewItem,
    now: Standing,
    *,
    config: ConfigMap,
    image_wh: tuple[int, int],
    is_all: bool,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Write what holds as an annotation's results, and what was predicted about the same.

    Args:
        item: With its regions.
        now: What was decided about it.
        config: The strings to write.
        image_wh: Size of the picture in pixels.
        is_all: Write what was not decided as it was predicted; otherwise leave it out of both.

    Returns:
        The results after and before.
    """
    after: list[dict[str, Any]] = []
    before: list[dict[str, Any]] = []
    for region in item.regions:
        writer = _Writer(region=region, now=now, config=config, image_wh=image_wh, is_all=is_all)
        if is_all or writer.decided:
            after += writer.after()
            before += writer.before()
    return after, before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes one region."""

    region: Mapping[str, Any]
    now: Standing
    config: ConfigMap
    image_wh: tuple[int, int]
    is_all: bool

    @property
    def decided(self) -> dict[str, CellDecision]:
        mine = str(self.region["id"])
        return {name: cell for (region, name), cell in self.now.cells.items() if region == mine}

    def after(self) -> list[dict[str, Any]]:
        category = category_of(self.region, self.now)
        is_said = self.is_all or CATEGORY_KEY in self.decided
        if CATEGORY_KEY in self.decided and not self.decided[CATEGORY_KEY].values:
            is_said = False
        results = [self._box(category if is_said else "")]
        for attribute in self._attributes():
            cell = self.decided.get(attribute)
            values = self.now.held(self.region, attribute)
            is_unsure = cell is not None and cell.action == DecisionAction.CANNOT_TELL
            results += self._choice(attribute, category, values, cannot_tell=is_unsure)
        return results

    def before(self) -> list[dict[str, Any]]:
        category = str(self.region.get("category") or "")
        is_said = self.is_all or CATEGORY_KEY in self.decided
        results = [self._box(category if is_said else "")]
        for attribute in self._attributes():
            values = predicted_values(self.region, attribute)
            results += self._choice(attribute, category, values, cannot_tell=False)
        return results

    def _attributes(self) -> Sequence[str]:
        predicted = [name for name in self.region.get("attributes") or {} if self.is_all]
        names = dict.fromkeys([*predicted, *self.decided])
        return [name for name in names if name != CATEGORY_KEY]

    def _box(self, category: str) -> dict[str, Any]:
        label = self.config.label_by_category.get(CategoryId(category))
        return self._result(
            self.config.label_tag, "rectanglelabels", [label] if label is not None else []
        )

    def _choice(
        self, attribute: str, category: str, values: Sequence[str], *, cannot_tell: bool
    ) -> list[dict[str, Any]]:
        """Write an answer; nothing where the category has no such question or the tag no string."""
        tag = self.config.choices.get((AttributeId(attribute), CategoryId(category)))
        if tag is None:
            return []
        known = [tag.label_by_value.get(ValueId(value)) for value in values]
        texts = [text for text in known if text is not None]
        if cannot_tell:
            texts = [tag.cannot_tell_label] if tag.cannot_tell_label is not None else []
        return [self._result(tag.name, "choices", texts)] if texts else []

    def _result(self, tag: str, kind: str, texts: list[str]) -> dict[str, Any]:
        width, height = self.image_wh
        box = PixelBox.from_xywh(*(float(edge) for edge in self.region["box"]))
        percent = self.region.get("percent") or to_percent(
            box.clip(self.image_wh), image_wh=self.image_wh
        )
        return {
            "id": str(self.region["id"]),
            "from_name": tag,
            "to_name": self.config.image_tag,
            "type": kind,
            "origin": "manual",
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": {**percent, "rotation": 0, kind: texts},
        }
