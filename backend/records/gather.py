"""Gather what people, model versions and sellers said, product by product.

A picture may show several garments; the product is the one that reviewers decided about, else the
one that the finder calls primary, else the largest. Of an annotated picture it is the largest box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backend.records.faults import faults_of
from backend.records.merge import merge_views
from backend.records.products import ProductTable
from backend.records.record import ClaimFault, ProductRecord, Said, Source
from backend.review.items import decisions_of, items_of
from backend.review.labels import answer_score, predicted_values, standing
from backend.review.tables import DecisionAction
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from backend.database import Database
    from backend.records.products import Product
    from backend.review.items import ReviewDecision, ReviewItem
    from backend.review.labels import Standing
    from ontology.model import Ontology
    from tagger.promise_file import PromiseSet

__all__ = ["Predictions", "records_of"]

Predictions = Iterable[Mapping[str, Any]]
"""Lines as `weft predict` writes them."""

_CONTRADICTED_FROM = 0.5
_ROLES = {"lead": 2}


@dataclass(slots=True, kw_only=True)
class _Product:
    said: list[Said] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    faults: list[ClaimFault] = field(default_factory=list)


def records_of(
    database: Database,
    *,
    ontology: Ontology,
    promises: Callable[[str], PromiseSet | None],
    products: ProductTable | None = None,
    predictions: Predictions = (),
) -> Iterator[ProductRecord]:
    """Make the record of every product of which anything is known, in order of ids.

    Args:
        database: The ledger, and the items in review with their decisions.
        ontology: Whose ids all of these have.
        promises: Gives the promises of a model version; None for one that has none.
        products: Which product a picture shows.
        predictions: More answers of model versions; those without a picture are left out.
    """
    items = items_of(database)
    table = (products or ProductTable()).with_items(items)
    found: dict[Product, _Product] = {}
    by_item: dict[str, list[ReviewDecision]] = {}
    for decision in decisions_of(database):
        by_item.setdefault(decision.item_id, []).append(decision)
    for item in items:
        product = found.setdefault(table.product_of_item(item), _Product())
        _add_item(product, item, by_item.get(item.id, ()), promises, ontology)
    for line in predictions:
        if line.get("image") and line.get("regions"):
            product = found.setdefault(table.product_of(str(line["image"])), _Product())
            product.pictures.add(str(line["image"]))
            region = _main_region(line["regions"])
            version = str(line.get("model_version", ""))
            product.said += _model_said(region, version, str(line["image"]), promises(version))
    from backend.records.annotated import annotated

    for image, said in annotated(database, ontology):
        product = found.setdefault(table.product_of(image), _Product())
        product.pictures.add(image)
        product.said += said
    for (name, seller), product in sorted(found.items(), key=lambda one: one[0]):
        record = merge_views(
            name,
            product.said,
            ontology=ontology,
            pictures=product.pictures,
            seller=seller,
            rejected=product.rejected,
        )
        yield replace(record, faults=tuple(product.faults))


def _add_item(
    product: _Product,
    item: ReviewItem,
    decisions: Sequence[ReviewDecision],
    promises: Callable[[str], PromiseSet | None],
    ontology: Ontology,
) -> None:
    now = standing(item, decisions, ontology)
    decided = [region for region, _ in now.cells]
    if item.regions:
        product.said += _reviewed(item, _main_region(item.regions, decided=decided), now)
    if item.replaced_at is not None:
        return  # of an earlier upload only what people decided, one by one, holds
    if now.reason:
        product.rejected.add(now.reason)
        product.faults += faults_of(item, now, ontology)
    product.said += _claimed(item)
    promise = promises(item.model_version)
    views = [(view["image"], view["regions"]) for view in item.views]
    for image, regions in [(item.image, item.regions), *views]:
        if image:
            product.pictures.add(image)
        if regions:
            region = _main_region(regions, decided=decided)
            product.said += _model_said(region, item.model_version, image, promise)


def _claimed(item: ReviewItem) -> Iterator[Said]:
    against: dict[str, str] = {}
    for finding in item.findings:
        if finding.get("claim") and float(finding.get("risk") or 0.0) >= _CONTRADICTED_FROM:
            against.setdefault(str(finding.get("attribute") or ""), str(finding.get("reason", "")))
    for head, values in item.claims.items():
        yield Said(
            head=head,
            source=Source.SELLER,
            by=item.seller or "seller",
            values=tuple(values),
            contradicted=against.get(head, ""),
        )


def _model_said(
    region: Mapping[str, Any], version: str, picture: str, promises: PromiseSet | None
) -> Iterator[Said]:
    for head in (CATEGORY, *(region.get("attributes") or {})):
        values = predicted_values(region, head)
        score = answer_score(region, head)
        if values and score is not None:
            yield Said(
                head=head,
                source=Source.MODEL,
                by=version,
                values=values,
                score=score,
                is_sure=promises is not None and promises.accepts(head, score),
                picture=picture,
            )


def _reviewed(item: ReviewItem, region: Mapping[str, Any], now: Standing) -> Iterator[Said]:
    """Give what reviewers decided; of an item that was accepted whole, all that was predicted.

    Another upload may show other pictures, so there the latter does not hold any more.
    """
    mine = str(region["id"])
    by_id = {decision.id: decision for decision in now.counting}
    for (where, head), cell in now.cells.items():
        if where == mine:
            decision = by_id[cell.decision_id]
            yield Said(
                head=head,
                source=Source.REVIEWER,
                by=cell.reviewer,
                values=cell.values,
                is_cannot_tell=cell.action == DecisionAction.CANNOT_TELL,
                rank=_rank(decision),
                picture=item.image,
            )
    whole = now.whole
    if not now.is_whole or whole is None or item.replaced_at is not None:
        return
    for head in (CATEGORY, *(region.get("attributes") or {})):
        values = now.held(region, head)
        if values and (mine, head) not in now.cells:
            yield Said(
                head=head,
                source=Source.REVIEWER,
                by=whole.reviewer,
                values=values,
                rank=_rank(whole),
                picture=item.image,
            )


def _rank(decision: ReviewDecision) -> tuple[int, int]:
    return _ROLES.get(decision.role, 1), int(decision.decided_at.timestamp() * 1e6)


def _main_region(
    regions: Sequence[Mapping[str, Any]], *, decided: Sequence[str] = ()
) -> Mapping[str, Any]:
    def weight(region: Mapping[str, Any]) -> tuple[int, bool, float]:
        box = region.get("box") or (0, 0, 0, 0)
        area = float(box[2]) * float(box[3])
        return decided.count(str(region.get("id"))), bool(region.get("primary")), area

    return max(regions, key=weight)
