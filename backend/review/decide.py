"""Take a reviewer's decision: keep it raw, then bring the item and the ledger's event in line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backend.database import utc_now
from backend.events import store_event
from backend.review._event import review_event
from backend.review.items import (
    ReviewDecision,
    ReviewError,
    ReviewItem,
    decisions_of,
    item_of,
)
from backend.review.labels import Standing, predicted_values, standing
from backend.review.legal import check_accepted, check_rules, check_values
from backend.review.roles import check_lead, check_may_decide
from backend.review.tables import (
    DecisionAction,
    ItemState,
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

__all__ = ["WISHED", "Decider", "Reviewer", "Wish"]

WISHED = frozenset(DecisionAction) - {DecisionAction.UNDO, DecisionAction.GOLD}
"""What anybody may decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who decides."""

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a reviewer asks for.

    Attributes:
        action: One of `WISHED`, or what the decider makes of it.
        region: Id of the region; empty for the whole item.
        attribute: None for the whole item.
        values: For `fix`.
        reason: Code, for `reject`.
        seconds: How long the item was looked at, where it is known.
        batch: Marks decisions that were made together, and are taken back together.
        version: The model version whose answers were looked at, where it is known.
    """

    item_id: str
    action: str
    region: str = ""
    attribute: str | None = None
    values: tuple[str, ...] = ()
    reason: str = ""
    seconds: float | None = None
    batch: str = ""
    version: str = ""


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
            ReviewError: If an item, region or value does not exist, if it goes against a rule, or
                if it is a lead's to decide; nothing was taken then.
        """
        checked = [(wish, *self._checked(wish, reviewer)) for wish in wishes]
        sizes = {item.id: self._size(item) for _, item, _ in checked}
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

        Raises:
            ReviewError: If it is a lead's to take back, because an item is gold; nothing was then.
        """
        mine = decisions_of(self.database, reviewer=reviewer.name)
        back = decisions_of(self.database, action=DecisionAction.UNDO)
        undone = {number for decision in back for number in decision.after["undone"]}
        left = [d for d in mine if d.action != DecisionAction.UNDO and d.id not in undone]
        if not left:
            return []
        batch = left[-1].after.get("batch")
        together = [d for d in left if batch and d.after.get("batch") == batch] or [left[-1]]
        by_item: dict[str, list[ReviewDecision]] = {}
        for decision in together:
            by_item.setdefault(decision.item_id, []).append(decision)
        for item_id in by_item:
            _, now = self._standing(item_id)
            if now.gold is not None:
                check_lead(reviewer.role, "decide about an item that is marked as gold")
        for item in self._items(by_item):
            numbers = [decision.id for decision in by_item[item.id]]
            self._mark(item, reviewer, DecisionAction.UNDO, after={"undone": numbers})
        return self._items(by_item)

    def take_back(self, item_id: str, decision_id: int, lead: Reviewer) -> ReviewDecision:
        """Take back one decision that counts, whoever made it; returns it.

        Raises:
            ReviewError: If it does not count, or whoever asks is no lead.
        """
        check_lead(lead.role, "take back what somebody else decided")
        item, now = self._standing(item_id)
        counting = [*now.counting, *([now.gold] if now.gold is not None else [])]
        found = next((one for one in counting if one.id == decision_id), None)
        if found is None:
            raise ReviewError("that decision does not count any more; look at the item again")
        self._mark(item, lead, DecisionAction.UNDO, after={"undone": [found.id]})
        return found

    def mark_gold(self, item_id: str, lead: Reviewer) -> None:
        """Mark what is decided about an item as the truth that people are measured by.

        Raises:
            ReviewError: If nothing is decided, or whoever asks is no lead.
        """
        check_lead(lead.role, "mark an item as gold")
        item, now = self._standing(item_id)
        if now.gold is not None:
            raise ReviewError(f"{now.gold.reviewer} has marked the item as gold before")
        if now.state is ItemState.REJECTED or not (now.cells or now.is_whole):
            raise ReviewError("nothing is decided that others could be measured by; decide first")
        self._mark(item, lead, DecisionAction.GOLD, after={})

    def _standing(self, item_id: str) -> tuple[ReviewItem, Standing]:
        item = item_of(self.database, item_id)
        if item is None:
            raise ReviewError(f"there is no item {item_id!r}; it may be gone: open the queue")
        known = decisions_of(self.database, item_id=item.id)
        return item, standing(item, known, self.ontology())

    def _mark(
        self, item: ReviewItem, reviewer: Reviewer, action: DecisionAction, *, after: dict[str, Any]
    ) -> None:
        wish = Wish(item_id=item.id, action=action)
        self._keep(wish, item, reviewer, before={}, after=after, image_wh=self._size(item))

    def _size(self, item: ReviewItem) -> tuple[int, int]:
        """Give the picture's size; nobody has to have the picture where it shows nothing."""
        return self.image_wh(item) if item.regions else (1, 1)

    def _items(self, ids: Iterable[str]) -> list[ReviewItem]:
        found = (item_of(self.database, item_id) for item_id in dict.fromkeys(ids))
        return [item for item in found if item is not None]

    def _checked(self, wish: Wish, reviewer: Reviewer) -> tuple[ReviewItem, dict[str, Any]]:
        """Look whether a wish makes sense; returns its item and what held before."""
        item, now = self._standing(wish.item_id)
        if item.replaced_at is not None:
            raise ReviewError("another upload of the product has replaced this one; open the queue")
        if wish.version not in {"", item.model_version}:
            raise ReviewError("it has another model version's answers by now; look at them first")
        if wish.action not in WISHED:
            raise ReviewError(f"{wish.action!r} is no decision; expected accept, fix, ...")
        name = wish.attribute
        about = Wording(self.ontology()).attribute(name) if name is not None else "the item"
        check_may_decide(
            now, reviewer.name, reviewer.role, region=wish.region, attribute=name, about=about
        )
        if wish.attribute is None:
            if wish.action not in {DecisionAction.ACCEPT, DecisionAction.REJECT}:
                raise ReviewError(f"{wish.action} needs an attribute")
            return item, {"state": item.state}
        region = next((r for r in item.regions if str(r["id"]) == wish.region), None)
        if region is None:
            raise ReviewError(f"item {item.id!r} has no region {wish.region!r}")
        decided = now.cells.get((wish.region, wish.attribute))
        held = predicted_values(region, wish.attribute) if decided is None else decided.values
        values = wish.values
        if wish.action == DecisionAction.FIX:
            check_values(self.ontology(), region, now, wish.attribute, values)
        elif wish.action == DecisionAction.ACCEPT:
            values = predicted_values(region, wish.attribute)
            check_accepted(self.ontology(), wish.attribute, values)
        check_rules(self.ontology(), region, now, wish.attribute, values)
        return item, {"region": wish.region, "values": list(held)}

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
            is_gold=wish.action == DecisionAction.GOLD,
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
            if wish.action != DecisionAction.GOLD:
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
