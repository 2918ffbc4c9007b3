"""Say for each category and value whether photographs, drawings only or nothing taught it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tagger.known import MIN_EXACT, Taught

if TYPE_CHECKING:
    from ontology.model import Ontology


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The ids of one head, by what taught them; each id is in one of the three.

    Attributes:
        real: From photographs.
        rendered: From drawings only.
        unknown: From neither, so that they are never answered.
    """

    real: tuple[str, ...]
    rendered: tuple[str, ...]
    unknown: tuple[str, ...]


def sorted_by_source(
    names: Iterable[str], *, real: frozenset[Any], rendered: frozenset[Any]
) -> Knowledge:
    """Put ids apart by what taught them, in their order."""
    ordered = tuple(names)
    return Knowledge(
        real=tuple(name for name in ordered if name in real),
        rendered=tuple(name for name in ordered if name in rendered - real),
        unknown=tuple(name for name in ordered if name not in real | rendered),
    )


def knowledge(taught: Mapping[str, Any], ontology: Ontology) -> Iterator[str]:
    """Yield the card's section on what a version knows, line by line.

    Args:
        taught: `real` and `rendered` of the manifest.
        ontology: All that could be known.
    """
    real, rendered = (Taught.from_dict(taught[kind]) for kind in ("real", "rendered"))
    values = {
        attribute.id: sorted_by_source(
            (value.id for value in attribute.values),
            real=_answerable(real, attribute.id),
            rendered=_answerable(rendered, attribute.id),
        )
        for attribute in ontology.attributes
    }
    leaves = sorted_by_source(ontology.leaves, real=real.categories, rendered=rendered.categories)
    yield "## What it knows"
    yield ""
    yield (
        f"A category or value is known from {MIN_EXACT} labels on that name it alone; everything "
        "else of the ontology is never answered, and left to the annotator."
    )
    yield "What only drawings taught is answered only where a project opts in."
    yield from _explanation(real, rendered)
    yield ""
    yield "| of | all | from photographs | from drawings only | not at all |"
    yield "|---|---|---|---|---|"
    yield _totals("categories", [leaves])
    yield _totals("values", list(values.values()))
    yield ""
    yield "### Categories"
    yield ""
    yield f"- From photographs: {_listed(leaves.real, 'category', real)}."
    yield f"- From drawings only: {_listed(leaves.rendered, 'category', rendered)}."
    yield f"- Not at all: {_listed(leaves.unknown, 'category', real.united(rendered))}."
    yield ""
    yield from _values(values, real, rendered)


def _explanation(real: Taught, rendered: Taught) -> Iterator[str]:
    if real.counts or rendered.counts:
        yield (
            "The number after an id is how many training labels named it alone: photographs' in "
            "the first column, drawings' in the second, both in the third; none where there is no "
            "number."
        )


def _values(values: Mapping[Any, Knowledge], real: Taught, rendered: Taught) -> Iterator[str]:
    known = {name: found for name, found in values.items() if found.real or found.rendered}
    both = real.united(rendered)
    yield "### Values"
    yield ""
    yield "An attribute is answered on the categories that carried it in training."
    yield ""
    yield "| attribute | on categories | from photographs | from drawings only | not at all |"
    yield "|---|---|---|---|---|"
    for name, found in known.items():
        cells = (
            name,
            str(len(real.carriers.get(name, ()) if found.real else rendered.carriers[name])),
            _listed(found.real, name, real),
            _listed(found.rendered, name, rendered),
            _listed(found.unknown, name, both),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    nothing = [name for name in values if name not in known]
    if nothing:
        yield f"Attributes of which nothing is known: {', '.join(nothing)}."
        yield ""


def _answerable(taught: Taught, attribute: Any) -> frozenset[Any]:
    return (
        taught.values.get(attribute, frozenset()) if taught.carriers.get(attribute) else frozenset()
    )


def _totals(what: str, found: list[Knowledge]) -> str:
    real, rendered, unknown = (
        sum(len(getattr(one, kind)) for one in found) for kind in ("real", "rendered", "unknown")
    )
    return f"| {what} | {real + rendered + unknown} | {real} | {rendered} | {unknown} |"


def _listed(names: tuple[str, ...], head: str, taught: Taught) -> str:
    counts = taught.counts.get(head, {})
    return ", ".join(f"{name} {counts[name]}" if name in counts else name for name in names) or "-"
