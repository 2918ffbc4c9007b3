"""Bring what is said about a product's pictures to one legal record.

The rule. For each head the first of these that has an answer gives it: reviewers, ground truths,
annotators who agree, the model where its version's promise accepts the answer, the seller's claim
where nothing contradicts it. Views are merged source by source:

* of several reviewers the highest role counts, then the latest decision;
* a value that is seen in one view counts, though another view cannot tell;
* views that show different values of an exclusive attribute leave it undecided, values of a
  multiple attribute are united;
* the model is accepted only where no other view of the product shows another value;
* a claim is contradicted by a finding of the audit, and where the model shows another value of an
  attribute that pictures show well.

Where people looked and could not tell, the model is not asked, but the seller may know.
Cells enter the record in that order of sources, and one that would make it illegal stays out, as
undecided, so that an illegal record cannot be made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backend.records.record import PRECEDENCE, ProductRecord, RecordCell, RecordState, Said, Source
from ontology.decode import violations
from ontology.model import AttributeKind
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from ontology.model import CategoryId, Ontology

__all__ = ["merge_views"]

_PEOPLE = (Source.REVIEWER, Source.GROUND_TRUTH, Source.ANNOTATORS)


def merge_views(
    product_id: str,
    said: Iterable[Said],
    *,
    ontology: Ontology,
    pictures: Iterable[str] = (),
    seller: str = "",
    rejected: Iterable[str] = (),
) -> ProductRecord:
    """Make one product's record.

    Args:
        product_id: Whose.
        said: All that is said about it, in any order.
        ontology: What is legal.
        pictures: Its views.
        seller: Who sells it.
        rejected: Codes of reasons for which it was refused.
    """
    by_head: dict[str, list[Said]] = {}
    for one in said:
        by_head.setdefault(one.head, []).append(one)
    category = _category(_decided(by_head.get(CATEGORY, ())), ontology)
    return ProductRecord(
        product_id=product_id,
        seller=seller,
        pictures=tuple(sorted(set(pictures))),
        category=category,
        cells=_cells(by_head, category, ontology),
        rejected=tuple(sorted(set(rejected))),
    )


def _category(cell: RecordCell, ontology: Ontology) -> RecordCell:
    """Leave a category undecided that no product can have."""
    leaves = [name for name in cell.values if name in ontology.leaves]
    if cell.values and len(leaves) != 1:
        return _undecided(cell, "category_is_no_leaf")
    return cell


def _cells(
    by_head: dict[str, list[Said]], category: RecordCell, ontology: Ontology
) -> dict[str, RecordCell]:
    name: Any = next(iter(category.values or category.suggestion), None)
    leaf: CategoryId | None = name if name in ontology.leaves else None
    cells: dict[str, RecordCell] = {}
    for attribute in ontology.attributes:
        if leaf is not None and not ontology.applies(leaf, attribute.id):
            is_known = bool(category.values)
            cells[attribute.id] = RecordCell(
                state=RecordState.NOT_APPLICABLE if is_known else RecordState.MISSING,
                reasons=() if is_known else ("category_undecided",),
            )
            continue
        cell = _decided(
            by_head.get(attribute.id, ()),
            is_multiple=attribute.kind is AttributeKind.MULTIPLE,
            is_seen=not attribute.weakly_visible,
        )
        order: dict[Any, int] = {value.id: at for at, value in enumerate(attribute.values)}
        known: list[Any] = [value for value in cell.values if value in order]
        if len(known) < len(cell.values):
            cell = _undecided(cell, "value_is_not_in_the_ontology")
        elif known:
            cell = replace(cell, values=tuple(sorted(known, key=order.__getitem__)))
        elif leaf is not None and cell.state is RecordState.MISSING:
            needed = ontology.is_required(leaf, attribute.id)
            cell = replace(cell, reasons=(*cell.reasons, *(("required",) if needed else ())))
        cells[attribute.id] = cell
    return _legal(cells, leaf, ontology)


def _legal(
    cells: dict[str, RecordCell], leaf: CategoryId | None, ontology: Ontology
) -> dict[str, RecordCell]:
    """Let cells in, those of higher sources first, as long as they are legal together."""
    given = [name for name, cell in cells.items() if cell.values]
    given.sort(key=lambda name: PRECEDENCE.index(cells[name].source or Source.SELLER))
    chosen: dict[Any, tuple[Any, ...]] = {}
    for name in given:
        if leaf is None:
            cells[name] = _undecided(cells[name], "category_undecided")
            continue
        trial = {**chosen, name: cells[name].values}
        unsaid: list[Any] = [attribute for attribute in cells if attribute not in trial]
        faults = violations(ontology, leaf, trial, unsaid=unsaid)
        if faults:
            cells[name] = _undecided(cells[name], f"illegal: {faults[0]}")
        else:
            chosen = trial
    return cells


def _decided(
    said: Sequence[Said], *, is_multiple: bool = False, is_seen: bool = True
) -> RecordCell:
    """Give the answer of the first source that has one.

    Args:
        said: All that is said about one head.
        is_multiple: Several values may hold.
        is_seen: A picture shows it well enough to contradict a claim.
    """
    refused = frozenset().union(*(one.refused for one in said if one.source in _PEOPLE))
    reasons: list[str] = []
    cannot_tell: Said | None = None
    for source in PRECEDENCE:
        own = [one for one in said if one.source is source]
        if source in _PEOPLE:
            cell, blind = _people(own, is_multiple=is_multiple)
            if cell is not None:
                return cell
            cannot_tell = cannot_tell or blind
            if blind is not None and source is Source.REVIEWER:
                break
        elif source is Source.MODEL:
            if cannot_tell is None and (cell := _model(own, refused, reasons)) is not None:
                return cell
        else:
            shown = _shown(said) if is_seen and cannot_tell is None else []
            if (cell := _seller(own, refused, reasons, shown, is_multiple)) is not None:
                return cell
    if cannot_tell is not None:
        return RecordCell(
            state=RecordState.CANNOT_TELL,
            source=cannot_tell.source,
            by=cannot_tell.by,
            reasons=tuple(reasons),
        )
    return _open(said, refused, reasons)


def _people(own: Sequence[Said], *, is_multiple: bool) -> tuple[RecordCell | None, Said | None]:
    """Give what people of one kind answer, or who of them could not tell."""
    if not own:
        return None, None
    if own[0].source is Source.REVIEWER:
        own = [max(own, key=lambda one: one.rank)]
    answers = [one for one in own if one.values]
    if not answers:
        return None, next((one for one in own if one.is_cannot_tell), None)
    different = {frozenset(one.values) for one in answers}
    by = _names(answers)
    if len(different) > 1 and not is_multiple:
        each = tuple(sorted({value for values in different for value in values}))
        return RecordCell(
            state=RecordState.UNDECIDED,
            source=answers[0].source,
            by=by,
            reasons=("views_disagree",),
            suggestion=each,
        ), None
    values = frozenset().union(*different)
    return RecordCell(
        values=tuple(sorted(values)),
        state=RecordState.VALUE,
        source=answers[0].source,
        by=by,
    ), None


def _model(own: Sequence[Said], refused: frozenset[str], reasons: list[str]) -> RecordCell | None:
    shown = [one for one in own if one.values]
    sure = [one for one in shown if one.is_sure]
    if not sure:
        return None
    if len({frozenset(one.values) for one in shown}) > 1:
        reasons.append("views_disagree")
        return None
    if refused & set(sure[0].values):
        reasons.append("a_person_took_it_away")
        return None
    return RecordCell(
        values=sure[0].values,
        state=RecordState.AUTO_ACCEPTED,
        source=Source.MODEL,
        by=_names(sure),
        confidence=min(one.score for one in sure if one.score is not None),
    )


def _seller(
    own: Sequence[Said],
    refused: frozenset[str],
    reasons: list[str],
    shown: Sequence[Said],
    is_multiple: bool,
) -> RecordCell | None:
    claims = [one for one in own if one.values]
    if not claims:
        return None
    values = frozenset(value for one in claims for value in one.values)
    against = next((one.contradicted for one in claims if one.contradicted), "")
    if not against and not is_multiple:
        other = next((one for one in shown if not values & set(one.values)), None)
        against = f"the picture shows {', '.join(other.values)}" if other is not None else ""
    if against:
        reasons.append(f"claim_contradicted: {against}")
    elif refused & values:
        reasons.append("a_person_took_it_away")
    elif len(values) > 1 and not is_multiple:
        reasons.append("several_values_claimed")
    else:
        return RecordCell(
            values=tuple(sorted(values)),
            state=RecordState.VALUE,
            source=Source.SELLER,
            by=_names(claims),
        )
    return None


def _open(said: Sequence[Said], refused: frozenset[str], reasons: Sequence[str]) -> RecordCell:
    """Give a cell that nobody has settled, with the surest suggestion."""
    shown = [one for one in _shown(said) if not refused & set(one.values)]
    if not shown and not reasons:
        return RecordCell()
    best = max(shown, key=lambda one: (one.score or 0.0, one.values), default=None)
    found = tuple(reasons) or ("below_the_promise",)
    return RecordCell(
        state=RecordState.UNDECIDED,
        confidence=best.score if best else None,
        reasons=found,
        suggestion=best.values if best else (),
    )


def _shown(said: Iterable[Said]) -> list[Said]:
    return [
        one for one in said if one.source is Source.MODEL and one.values and one.score is not None
    ]


def _undecided(cell: RecordCell, reason: str) -> RecordCell:
    return RecordCell(
        state=RecordState.UNDECIDED,
        source=cell.source,
        by=cell.by,
        confidence=cell.confidence,
        reasons=(*cell.reasons, reason),
        suggestion=cell.values,
    )


def _names(said: Iterable[Said]) -> str:
    return ", ".join(sorted({name for one in said for name in one.by.split(", ") if name}))
