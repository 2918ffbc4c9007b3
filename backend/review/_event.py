"""Write a decision as the event that the ledger reads."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from backend.ledger.reviewed import REVIEW_ACTION, REVIEW_PROJECT_UID, reviewed_number
from backend.review.labels import Standing, results_of
from backend.review.tables import ItemState

if TYPE_CHECKING:
    from datetime import datetime

    from backend.review.items import ReviewDecision, ReviewItem
    from ontology.config_map import ConfigMap
    from ontology.model import Ontology

__all__ = ["review_event"]


def review_event(
    item: ReviewItem,
    decision: ReviewDecision,
    now: Standing,
    *,
    ontology: Ontology,
    image_wh: tuple[int, int],
    moment: datetime,
) -> dict[str, Any]:
    """Write the decision with all that now holds, as an annotation that the ledger can read.

    Args:
        item: What was decided about.
        decision: What was decided last.
        now: What all decisions come to.
        ontology: Whose ids the decisions have.
        image_wh: Size of the picture in pixels.
        moment: Of the decision.
    """
    xml, config = _own_config(ontology)
    after, before = results_of(item, now, config=config, image_wh=image_wh, is_all=now.is_whole)
    uid = item.project_uid or REVIEW_PROJECT_UID
    number = int.from_bytes(hashlib.blake2b(item.id.encode(), digest_size=7).digest(), "big")
    task = item.task_id if item.task_id is not None else reviewed_number(number)
    parent = reviewed_number(int(moment.timestamp() * 1e6))
    says_nothing = not after or now.state is ItemState.REJECTED
    return {
        "action": REVIEW_ACTION,
        "project": {"id": int(uid.split(".")[0]), "uid": uid, "label_config": xml},
        "moment": moment.isoformat(),
        "decision": _raw(decision),
        "task": {"id": task, "data": {"image": item.image}},
        "prediction": {
            "id": parent,
            "task": task,
            "model_version": item.model_version,
            "result": before,
        },
        "annotation": {
            "id": reviewed_number(number),
            "task": task,
            "unique_id": f"review:{item.id}",
            "updated_at": moment.isoformat(),
            "was_cancelled": says_nothing,
            "lead_time": decision.seconds,
            "parent_prediction": parent,
            "result": [] if says_nothing else after,
        },
    }


def _raw(decision: ReviewDecision) -> dict[str, Any]:
    return {
        "item": decision.item_id,
        "reviewer": decision.reviewer,
        "role": decision.role,
        "action": decision.action,
        "attribute": decision.attribute,
        "before": dict(decision.before),
        "after": dict(decision.after),
        "reason": decision.reason,
    }


@lru_cache(maxsize=4)
def _own_config(ontology: Ontology) -> tuple[str, ConfigMap]:
    from ontology.config_map import ConfigMap
    from ontology.label_config import build_label_config

    xml = build_label_config(ontology)
    return xml, ConfigMap.parse(xml, ontology)
