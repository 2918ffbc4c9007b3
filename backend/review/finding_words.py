"""Say in words why an item needs a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.review.wording import Wording

__all__ = ["finding_line", "finding_text"]


def finding_text(finding: Mapping[str, Any], wording: Wording) -> str:
    """Say what was found, beside the attribute that it is about."""
    claim, seen = _sides(finding, wording)
    kind = _kind(finding)
    if claim and seen:
        return f"{kind}: claimed {claim}, seen {seen}"
    return f"{kind}: {seen or finding.get('reason') or claim}".removesuffix(": ")


def finding_line(finding: Mapping[str, Any], wording: Wording) -> str:
    """Say what was found in a line that stands alone; what is not known is left out."""
    attribute = str(finding.get("attribute") or "")
    if not attribute:
        return finding_text(finding, wording)
    claim, seen = _sides(finding, wording)
    parts = [
        wording.attribute(attribute),
        f"claimed {claim}" if claim else "",
        f"seen {seen}" if seen else "",
    ]
    return f"{_kind(finding)}: {', '.join(part for part in parts if part)}"


def _kind(finding: Mapping[str, Any]) -> str:
    return str(finding.get("kind") or "").replace("_", " ")


def _sides(finding: Mapping[str, Any], wording: Wording) -> tuple[str, str]:
    """Give what is claimed and what is seen; several ids stand with commas between."""
    attribute = str(finding.get("attribute") or "")
    seen = str(finding.get("seen") or "")
    return (
        wording.value(attribute, str(finding.get("claim") or "")),
        wording.values(attribute, seen.split(", ")) if seen else "",
    )
