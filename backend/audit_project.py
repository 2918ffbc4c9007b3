"""Make a Label Studio project in which people review what an audit found."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from ontology.errors import CatalogError
from ontology.label_config import build_label_config
from tagger.audit.files import picture_opener

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ontology.model import Ontology
    from tagger.audit.findings import AuditReport, ListingResult

__all__ = ["AuditProjectError", "make_review_project", "review_config", "review_tasks"]

_SIDE_PX = 1024
_TOGETHER = 25


class AuditProjectError(CatalogError):
    """The review project cannot be made as asked."""


class _Client(Protocol):
    def create_project(self, title: str, **fields: Any) -> Mapping[str, Any]:
        """Make a project."""

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks."""


def make_review_project(
    url: str,
    token: str,
    report: AuditReport,
    images: Path,
    *,
    ontology: Ontology,
    client: _Client | None = None,
    limit: int = 500,
) -> str:
    """Make a project with one task a listing that has findings, the riskiest first.

    The pictures travel inside the tasks, scaled to 1,024 px, so that Label Studio needs no access
    to the folder. `weft connect --project` adds pre-annotations.

    Args:
        url: Of Label Studio.
        token: To log in with.
        report: What was found.
        images: Folder of the pictures.
        ontology: Of the labeling config.
        client: In place of one made from address and token.
        limit: Tasks at most.

    Returns:
        The project's address.

    Raises:
        AuditProjectError: If there is no token, or nothing to review.
        LabelStudioError: If Label Studio refuses.
    """
    if client is None:
        from backend.label_studio import LabelStudioClient

        if not token:
            raise AuditProjectError(
                f"no token for {url}; give --token or set WEFT_LABEL_STUDIO_TOKEN"
            )
        client = LabelStudioClient(url, token)
    tasks = list(review_tasks(report, images, limit=limit))
    if not tasks:
        raise AuditProjectError("no listing with findings has a picture that could be reviewed")
    project = client.create_project(
        "Review of seller uploads",
        label_config=review_config(ontology),
        sampling="Sequential sampling",
    )
    number = int(project["id"])
    for start in range(0, len(tasks), _TOGETHER):
        client.import_tasks(number, tasks[start : start + _TOGETHER])
    return f"{url.rstrip('/')}/projects/{number}"


def review_config(ontology: Ontology) -> str:
    """Give the ontology's labeling config with the findings above the picture."""
    head, tag, rest = build_label_config(ontology).partition("<View>")
    shown = '<Header value="$product"/><Text name="findings" value="$findings"/>'
    return f"{head}{tag}{shown}{rest}"


def review_tasks(report: AuditReport, images: Path, *, limit: int) -> Iterator[dict[str, Any]]:
    """Give tasks for listings that have findings and a readable picture."""
    opener = picture_opener(images)
    left = limit
    for listing in report.listings:
        if not listing.findings or left <= 0:
            continue
        named = [one.picture for one in listing.findings if one.picture]
        for reference in dict.fromkeys([*named, *listing.pictures]):
            image = opener(reference)
            if image is None:
                continue
            image.thumbnail((_SIDE_PX, _SIDE_PX), reducing_gap=2.0)
            stream = io.BytesIO()
            image.save(stream, format="JPEG", quality=88)
            inline = base64.b64encode(stream.getvalue()).decode()
            yield {"data": _data(listing, f"data:image/jpeg;base64,{inline}")}
            left -= 1
            break


def _data(listing: ListingResult, image: str) -> dict[str, Any]:
    lines = [f"{one.risk:.0%} {one.kind}: {one.reason}" for one in listing.findings]
    return {
        "image": image,
        "product": f"{listing.product_id} {listing.title}".strip(),
        "findings": "\n".join(lines),
        "risk": round(listing.risk, 4),
        "claims": dict(listing.claim_text),
    }
