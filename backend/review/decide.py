"""Take a reviewer's decision: keep it raw, then bring the item and the ledger's event in line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backend.database import utc_now
from backend.events import store_event
from backend.review._event import review_event
from backend.review.items import (
    CATEGORY_KEY,
    ReviewDecision,
    ReviewError,
    ReviewItem,
    decisions_of,
    item_of,
)
from backend.review.labels import (
    Standing,
    category_of,
    legal_values,
    predicted_values,
    standing,
)
from backend.review.rules import broken_rule
from backend.review.tables import (
    DecisionAction,
    ReviewDecisionRow,
    ReviewDeliveryRow,
    ReviewItemRow,
)
from backend.review.wording import Wording

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backend.database import Database
    from ontology.model import Ontology

__all__ = ["Decider", "Reviewer", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who decides."""

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a reviewer asks for.

    Attributes:
        action: One of `DecisionAction`, other than `undo`.
        region: Id of the region; empty for the whole item.
        attribute: None for the whole item.
        values: For `fix`.
        reason: Code, for `reject`.
        seconds: How long the item was looked at, where it is known.
        batch: Marks decisions that were made together, and are taken back together.
    """

    item_id: str
    action: str
    region: str = ""
    attribute: str | None = None
    values: tuple[str, ...] = ()
    reason: str = ""
    seconds: float | None = None
    batch: str = ""


@dataclass(slots=True, kw_only=True)
class Decider:
    """Takes decisions for one database.

    Attributes:
        ontology: Gives the ontology that is served now.
        image_wh: Gives the size of an item's picture in pixels.
        clock: Gives the present moment, aware.
    """

    database: Database
    ontology: Callable[[], Ontology]
    image_wh: Callable[[ReviewItem], tuple[int, int]]
    clock: Callable[[], datetime] = utc_now

    def decide(self, wishes: Iterable[Wish], reviewer: Reviewer) -> list[ReviewItem]:
        """Take decisions; returns the items as they are now, in order and each once.

        Raises:
            ReviewError: If an item, region or value does not exist; nothing was taken then.
        """
        checked = [(wish, *self._checked(wish)) for wish in wishes]
        sizes = {item.id: self.image_wh(item) for _, item, _ in checked}
        for wish, item, before in checked:
            after: dict[str, Any] = {"region": wish.region, "values": list(self._after(wish, item))}
            if wish.batch:
                after["batch"] = wish.batch
            self._keep(wish, item, reviewer, before=before, after=after, image_wh=sizes[item.id])
        return self._items(item.id for _, item, _ in checked)

    def undo(self, reviewer: Reviewer) -> list[ReviewItem]:
        """Take back what this reviewer did last, with what was decided together with it.

        Returns:
            The items that changed; none if there is nothing to take back.
        """
        mine = decisions_of(self.database, reviewer=reviewer.name)
        undone = {n for d in mine if d.action == DecisionAction.UNDO for n in d.after["undone"]}
        left = [d for d in mine if d.action != DecisionAction.UNDO and d.id not in undone]
        if not left:
            return []
        batch = left[-1].after.get("batch")
        back = [d for d in left if batch and d.after.get("batch") == batch] or [left[-1]]
        by_item: dict[str, list[ReviewDecision]] = {}
        for decision in back:
            by_item.setdefault(decision.item_id, []).append(decision)
        for item in self._items(by_item):
            numbers = [decision.id for decision in by_item[item.id]]
            wish = Wish(item_id=item.id, action=DecisionAction.UNDO)
            after = {"undone": numbers}
            self._keep(wish, item, reviewer, before={}, after=after, image_wh=self.image_wh(item))
        return self._items(by_item)

    def _items(self, ids: Iterable[str]) -> list[ReviewItem]:
        found = (item_of(self.database, item_id) for item_id in dict.fromkeys(ids))
        return [item for item in found if item is not None]

    def _checked(self, wish: Wish) -> tuple[ReviewItem, dict[str, Any]]:
        """Look whether a wish makes sense; returns its item and what held before."""
        item = item_of(self.database, wish.item_id)
        if item is None:
            raise ReviewError(f"there is no item {wish.item_id!r}; it may be gone: open the queue")
        if wish.action not in set(DecisionAction) or wish.action == DecisionAction.UNDO:
            raise ReviewError(f"{wish.action!r} is no decision; expected accept, fix, ...")
        now = standing(item, decisions_of(self.database, item_id=item.id), self.ontology())
        if wish.attribute is None:
            if wish.action not in {DecisionAction.ACCEPT, DecisionAction.REJECT}:
                raise ReviewError(f"{wish.action} needs an attribute")
            return item, {"state": item.state}
        region = next((r for r in item.regions if str(r["id"]) == wish.region), None)
        if region is None:
            raise ReviewError(f"item {item.id!r} has no region {wish.region!r}")
        decided = now.cells.get((wish.region, wish.attribute))
        held = predicted_values(region, wish.attribute) if decided is None else decided.values
        if wish.action == DecisionAction.FIX:
            self._check_values(wish, region, now)
        self._check_rules(wish, region, now)
        return item, {"region": wish.region, "values": list(held)}

    def _check_values(self, wish: Wish, region: Mapping[str, Any], now: Standing) -> None:
        assert wish.attribute is not None  # noqa: S101 - the caller has looked
        ontology = self.ontology()
        legal = legal_values(ontology, category_of(region, now), wish.attribute)
        wrong = [value for value in wish.values if value not in legal]
        is_one = wish.attribute == CATEGORY_KEY or _is_exclusive(ontology, wish.attribute)
        if wrong or not wish.values or (is_one and len(wish.values) > 1):
            raise ReviewError(
                f"{wish.attribute} cannot be {', '.join(wish.values) or 'nothing'}; expected "
                f"{'one' if is_one else 'some'} of {', '.join(legal)}"
            )

    def _check_rules(self, wish: Wish, region: Mapping[str, Any], now: Standing) -> None:
        """Refuse what goes against something that was decided; predictions give way instead."""
        if wish.attribute in {None, CATEGORY_KEY}:
            return
        name, ontology = str(wish.attribute), self.ontology()
        values = wish.values if wish.action == DecisionAction.FIX else ()
        if wish.action == DecisionAction.ACCEPT:
            values = predicted_values(region, name)
        wording = Wording(ontology)
        for (where, other), cell in now.cells.items():
            if where != wish.region or other == CATEGORY_KEY:
                continue
            category = category_of(region, now)
            rule = broken_rule(ontology, category, (name, values), (other, cell.values))
            if rule:
                about = wording.attribute(other)
                raise ReviewError(
                    f"{wording.attribute(name)} {wording.values(name, values)} cannot be with "
                    f"{about} {wording.values(other, cell.values)}, which {cell.reviewer} decided "
                    f"(rule: {rule}); first put another value for {about} or take that decision "
                    "back, then decide this again"
                )

    def _after(self, wish: Wish, item: ReviewItem) -> Sequence[str]:
        if wish.action != DecisionAction.ACCEPT or wish.attribute is None:
            return wish.values
        region = next(r for r in item.regions if str(r["id"]) == wish.region)
        return predicted_values(region, wish.attribute)

    def _keep(
        self,
        wish: Wish,
        item: ReviewItem,
        reviewer: Reviewer,
        *,
        before: dict[str, Any],
        after: dict[str, Any],
        image_wh: tuple[int, int],
    ) -> None:
        """Store the decision raw, then as a row, then say what the item is now."""
        known = decisions_of(self.database, item_id=item.id)
        moment = self.clock()
        if known and moment <= known[-1].decided_at:
            moment = known[-1].decided_at + timedelta(microseconds=1)
        new = ReviewDecision(
            id=known[-1].id + 1 if known else 1,  # only the order within the item matters here
            item_id=item.id,
            reviewer=reviewer.name,
            role=reviewer.role,
            action=str(wish.action),
            attribute=wish.attribute,
            before=before,
            after=after,
            reason=wish.reason,
            seconds=wish.seconds,
            is_gold=False,
            decided_at=moment,
        )
        now = standing(item, [*known, new], self.ontology())
        body = review_event(
            item, new, now, ontology=self.ontology(), image_wh=image_wh, moment=moment
        )
        store_event(self.database, body, clock=lambda: moment)
        fields = {name: value for name, value in asdict(new).items() if name != "id"}
        with self.database.transaction() as session:
            row = ReviewDecisionRow(**fields)
            session.add(row)
            session.flush()
            held = session.get_one(ReviewItemRow, item.id)
            held.state, held.updated_at = now.state, moment
            _want_delivery(session, item, row.id, moment)


def _want_delivery(session: Session, item: ReviewItem, decision: int, moment: datetime) -> None:
    """Note that the item's task in Label Studio has to be told."""
    if item.task_id is None or item.project_id is None:
        return
    row = session.scalar(select(ReviewDeliveryRow).where(ReviewDeliveryRow.item_id == item.id))
    if row is None:
        row = ReviewDeliveryRow(item_id=item.id, delivered=0, annotation_id=None)
        session.add(row)
    row.wanted, row.attempts, row.not_before, row.note = decision, 0, moment, ""


def _is_exclusive(ontology: Ontology, attribute: str) -> bool:
    return any(a.id == attribute and a.kind != "multiple" for a in ontology.attributes)
