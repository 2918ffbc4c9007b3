"""Make a Label Studio project in which people review what an audit found.

A second audit of the same catalog adds what is new and renews what is said of the rest: a project
is recognised by its title, a task by its product. Annotations stay.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from ontology.errors import CatalogError
from ontology.label_config import build_label_config
from tagger.audit.files import picture_opener

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ontology.model import Ontology
    from tagger.audit.findings import AuditReport, ListingResult

__all__ = ["TITLE", "AuditProjectError", "ReviewProject", "make_review_project", "review_config"]

TITLE = "Review of seller uploads"
_SIDE_PX = 1024
_TOGETHER = 25
_SHOWN = '<Header value="$product"/><Text name="findings" value="$findings"/>'
_WRITTEN = re.compile(
    r'<Header value="\$product"\s*/>\s*<Text name="findings" value="\$findings"\s*/>\s*'
)
_NOTHING = "nothing is found any more"


class AuditProjectError(CatalogError):
    """The review project cannot be made as asked."""


class ReviewProject(Protocol):
    """What is needed of Label Studio; `backend.label_studio.LabelStudioClient` has it."""

    def projects(self) -> list[dict[str, Any]]:
        """Give all projects."""

    def create_project(self, title: str, **fields: Any) -> Mapping[str, Any]:
        """Make a project."""

    def project(self, project_id: int) -> dict[str, Any]:
        """Give a project with its labeling config."""

    def update_project(self, project_id: int, **fields: Any) -> Mapping[str, Any]:
        """Change a project."""

    def tasks(self, project_id: int) -> Iterator[dict[str, Any]]:
        """Give the tasks of a project."""

    def upload_pictures(self, project_id: int, files: Sequence[Path]) -> dict[str, str]:
        """Upload pictures; gives references by file name."""

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks."""

    def update_task(self, task_id: int, **fields: Any) -> Mapping[str, Any]:
        """Change a task."""


def make_review_project(
    url: str,
    token: str,
    report: AuditReport,
    images: Path,
    *,
    ontology: Ontology,
    title: str = TITLE,
    client: ReviewProject | None = None,
    limit: int = 500,
) -> str:
    """Make a project with one task a listing that has findings, the riskiest first.

    Pictures are uploaded, at 1,024 px, so that Label Studio needs no access to the folder.
    `weft connect --project` adds pre-annotations.

    Args:
        url: Of Label Studio.
        token: To log in with.
        report: What was found.
        images: Folder of the pictures.
        ontology: Of the labeling config.
        title: Of the project; one that is there is added to.
        client: In place of one made from address and token.
        limit: New tasks at most.

    Returns:
        The project's address.

    Raises:
        AuditProjectError: If there is no token, or nothing to review.
        LabelStudioError: If Label Studio refuses.
    """
    client = client or _client(url, token)
    same = [int(item["id"]) for item in client.projects() if item.get("title") == title]
    if len(same) > 1:
        raise AuditProjectError(
            f"{len(same)} projects are called {title!r} (ids {', '.join(map(str, sorted(same)))}); "
            "choose another title with --project-title"
        )
    known = _renew(client, same[0], report) if same else frozenset()
    new = [one for one in report.listings if one.findings and one.product_id not in known]
    with TemporaryDirectory() as folder:
        shown = list(_pictures(new, images, Path(folder), limit=limit))
        if not shown and not known:
            raise AuditProjectError("no listing with findings has a picture that could be reviewed")
        number = same[0] if same else _create(client, title, ontology)
        for start in range(0, len(shown), _TOGETHER):
            _add(client, number, shown[start : start + _TOGETHER])
    return f"{url.rstrip('/')}/projects/{number}"


def _client(url: str, token: str) -> ReviewProject:
    from backend.label_studio import LabelStudioClient

    if not token:
        raise AuditProjectError(f"no token for {url}; give --token or set WEFT_LABEL_STUDIO_TOKEN")
    return LabelStudioClient(url, token)


def _create(client: ReviewProject, title: str, ontology: Ontology) -> int:
    made = client.create_project(
        title, label_config=review_config(ontology), sampling="Sequential sampling"
    )
    return int(made["id"])


def review_config(ontology: Ontology) -> str:
    """Give the ontology's labeling config with the findings above the picture."""
    head, tag, rest = build_label_config(ontology).partition("<View>")
    return f"{head}{tag}{_SHOWN}{rest}"


@contextmanager
def _taking_pictures(client: ReviewProject, number: int) -> Iterator[None]:
    """Take the findings out of the config for a while: Label Studio refuses uploads with them.

    It takes pictures only while the config names a single key of the tasks' data.
    """
    present = str(client.project(number).get("label_config") or "")
    bare = _WRITTEN.sub("", present)
    if bare != present:
        client.update_project(number, label_config=bare)
    try:
        yield
    finally:
        if bare != present:
            client.update_project(number, label_config=present)


def _renew(client: ReviewProject, number: int, report: AuditReport) -> frozenset[str]:
    """Say what is found now in the tasks that are there; give their products."""
    now = {one.product_id: _said(one) for one in report.listings}
    known = set()
    for task in client.tasks(number):
        data = task["data"]
        product = str(data.get("product_id", ""))
        if product not in now or product in known:
            continue
        known.add(product)
        if any(data.get(name) != said for name, said in now[product].items()):
            client.update_task(int(task["id"]), data={**data, **now[product]})
    return frozenset(known)


def _pictures(
    listings: Sequence[ListingResult], images: Path, folder: Path, *, limit: int
) -> Iterator[tuple[ListingResult, Path]]:
    """Write the picture of each listing that has a readable one, the one at fault first."""
    opener = picture_opener(images)
    left = limit
    for listing in listings:
        if left <= 0:
            return
        for reference in listing.riskiest_first:
            image = opener(reference)
            if image is None:
                continue
            image.thumbnail((_SIDE_PX, _SIDE_PX), reducing_gap=2.0)
            mark = hashlib.sha256(f"{listing.product_id}\n{reference}".encode()).hexdigest()
            path = folder / f"audit-{mark[:20]}.jpg"
            image.save(path, format="JPEG", quality=88)
            left -= 1
            yield listing, path
            break


def _add(client: ReviewProject, number: int, shown: Sequence[tuple[ListingResult, Path]]) -> None:
    with _taking_pictures(client, number):
        references = client.upload_pictures(number, [path for _, path in shown])
    missing = [path.name for _, path in shown if path.name not in references]
    if missing:
        raise AuditProjectError(
            f"Label Studio did not keep {len(missing)} of {len(shown)} uploaded pictures, "
            f"the first of them {missing[0]}; see its log, then run the audit again"
        )
    client.import_tasks(
        number,
        [
            {
                "data": {
                    "image": references[path.name],
                    "product_id": listing.product_id,
                    **_said(listing),
                }
            }
            for listing, path in shown
        ],
    )


def _said(listing: ListingResult) -> dict[str, Any]:
    """Give what a task says of its listing."""
    by = f"(seller: {listing.seller})" if listing.seller else ""
    lines = [f"{one.risk:.0%} {one.kind}: {one.reason}" for one in listing.findings]
    return {
        "product": " ".join(filter(None, (listing.product_id, listing.title, by))),
        "seller": listing.seller,
        "findings": "\n".join(lines) or _NOTHING,
        "risk": round(listing.risk, 4),
        "claims": dict(listing.claim_text),
    }
