"""What the roles of reviewers mean: what others decided is a lead's to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.review.items import ReviewError

if TYPE_CHECKING:
    from backend.review.items import ReviewDecision
    from backend.review.labels import Standing

__all__ = ["LEAD", "REVIEWER", "ROLES", "check_lead", "check_may_decide"]

REVIEWER, LEAD = "reviewer", "lead"

ROLES = (REVIEWER, LEAD)
"""What `WEFT_REVIEWERS` may say; the first one is meant where it says nothing."""


def check_lead(role: str, what: str) -> None:
    """Refuse what only leads may.

    Raises:
        ReviewError: If the role is another one.
    """
    if role != LEAD:
        raise ReviewError(f"only a lead may {what}; ask one (WEFT_REVIEWERS names them)")


def check_may_decide(
    now: Standing, name: str, role: str, *, region: str, attribute: str | None, about: str
) -> None:
    """Refuse a decision over somebody else's, or about a gold item, to whoever is no lead.

    Args:
        now: What is decided so far.
        name: Who wants to decide.
        role: Theirs.
        region: What about.
        attribute: None for the whole item.
        about: What that is called.

    Raises:
        ReviewError: If it is not theirs to decide.
    """
    if role == LEAD:
        return
    if now.gold is not None:
        check_lead(role, "decide about an item that is marked as gold")
    before = _decided(now, region, attribute)
    if before is not None and before.reviewer != name:
        check_lead(role, f"change what {before.reviewer} decided about {about}")


def _decided(now: Standing, region: str, attribute: str | None) -> ReviewDecision | None:
    if attribute is None:
        return now.whole
    cell = now.cells.get((region, attribute))
    if cell is None:
        return None
    return next((one for one in now.counting if one.id == cell.decision_id), None)
