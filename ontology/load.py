"""Read an ontology file, or say with file and line everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ontology._faults import check_legality, check_spec
from ontology._schema import AttributeSpec, CategorySpec, OntologySpec, ValueSpec, read_spec
from ontology._yaml import read_yaml
from ontology.errors import OntologyError
from ontology.model import (
    Attribute,
    AttributeId,
    AttributeKind,
    Category,
    CategoryId,
    Ontology,
    Rule,
    Value,
    ValueId,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ontology._yaml import Document

__all__ = ["default_ontology_path", "load_ontology", "parse_ontology"]


def default_ontology_path() -> Path:
    """Return where the shipped ontology lies."""
    return Path(__file__).with_name("fashion.yaml")


def load_ontology(path: Path) -> Ontology:
    """Read an ontology file.

    Raises:
        OntologyError: If the file cannot be read or is wrong; `.faults` lists everything.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OntologyError(
            f"cannot read the ontology file {path}: {reason}; give the path of a YAML file"
        ) from error
    except UnicodeDecodeError as error:
        raise OntologyError(
            f"the ontology file {path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    return parse_ontology(text, file=str(path))


def parse_ontology(text: str, *, file: str) -> Ontology:
    """Read an ontology from YAML text.

    Args:
        text: The whole file.
        file: The name to use in faults.

    Raises:
        OntologyError: If the text is wrong; `.faults` lists everything, in line order.
    """
    document = read_yaml(text, file=file)
    spec = read_spec(document) if document.data is not None else None
    if spec is None:
        raise _error(document)
    check_spec(spec, document)
    if document.faults:
        raise _error(document)
    ontology = _build(spec, text)
    check_legality(ontology, document)
    if document.faults:
        raise _error(document)
    return ontology


def _error(document: Document) -> OntologyError:
    unique = dict.fromkeys(document.faults)
    return OntologyError.from_faults(sorted(unique, key=lambda fault: fault.line))


def _build(spec: OntologySpec, text: str) -> Ontology:
    categories = tuple(_categories(spec.categories, None))
    under = _leaves_by_node(categories)
    legal = {AttributeId(a.id): _legal_values(a, under) for a in spec.attributes}
    return Ontology(
        id=spec.id,
        version=spec.version,
        label=spec.label,
        cannot_tell_label=spec.answers.cannot_tell,
        other_label=spec.answers.other,
        categories=categories,
        attributes=tuple(_attribute(attribute) for attribute in spec.attributes),
        rules=tuple(_rules(spec)),
        legal_values=legal,
        required={
            AttributeId(a.id): _reach(a.required_for, under) & legal[AttributeId(a.id)].keys()
            for a in spec.attributes
        },
        source=text,
    )


def _categories(specs: Iterable[CategorySpec], parent: CategoryId | None) -> Iterator[Category]:
    for spec in specs:
        id_ = CategoryId(spec.id)
        yield Category(
            id=id_,
            label=spec.label,
            parent=parent,
            aliases=tuple(spec.aliases),
            translations=dict(spec.translations),
            is_leaf=not spec.children,
            was=tuple(map(CategoryId, spec.was)),
        )
        yield from _categories(spec.children, id_)


def _leaves_by_node(categories: tuple[Category, ...]) -> dict[str, tuple[CategoryId, ...]]:
    """Map every node to the leaves under it, in file order."""
    parents = {category.id: category.parent for category in categories}
    under: dict[str, list[CategoryId]] = {category.id: [] for category in categories}
    for leaf in (category.id for category in categories if category.is_leaf):
        node: CategoryId | None = leaf
        while node is not None:
            under[node].append(leaf)
            node = parents[node]
    return {node: tuple(leaves) for node, leaves in under.items()}


def _reach(nodes: Iterable[str], under: dict[str, tuple[CategoryId, ...]]) -> frozenset[CategoryId]:
    return frozenset(leaf for node in nodes for leaf in under[node])


def _legal_values(
    attribute: AttributeSpec, under: dict[str, tuple[CategoryId, ...]]
) -> dict[CategoryId, tuple[ValueId, ...]]:
    applies = _reach(attribute.applies_to, under) - _reach(attribute.except_for, under)
    by_value: list[tuple[ValueId, frozenset[CategoryId]]] = []
    for value in attribute.values:
        where = applies if value.only_for is None else applies & _reach(value.only_for, under)
        by_value.append((ValueId(value.id), where - _reach(value.except_for, under)))
    ordered = [leaf for node in under for leaf in under[node] if node == leaf and leaf in applies]
    return {leaf: tuple(id_ for id_, where in by_value if leaf in where) for leaf in ordered}


def _attribute(spec: AttributeSpec) -> Attribute:
    return Attribute(
        id=AttributeId(spec.id),
        label=spec.label,
        kind=AttributeKind(spec.kind),
        values=tuple(_value(value) for value in spec.values),
        weakly_visible=spec.weakly_visible,
        offer_cannot_tell=spec.offer_cannot_tell,
        offer_other=spec.offer_other,
        translations=dict(spec.translations),
        was=tuple(map(AttributeId, spec.was)),
    )


def _value(spec: ValueSpec) -> Value:
    return Value(
        id=ValueId(spec.id),
        label=spec.label,
        aliases=tuple(spec.aliases),
        translations=dict(spec.translations),
        was=tuple(map(ValueId, spec.was)),
    )


def _rules(spec: OntologySpec) -> Iterator[Rule]:
    values = {a.id: frozenset(ValueId(value.id) for value in a.values) for a in spec.attributes}
    for attribute in spec.attributes:
        for value in attribute.values:
            if not value.implies and not value.excludes:
                continue
            excludes = {
                AttributeId(other): (
                    values[other] if named == "any" else frozenset(map(ValueId, named))
                )
                for other, named in value.excludes.items()
            }
            own = AttributeId(attribute.id)
            if own in excludes:
                excludes[own] -= {ValueId(value.id)}
            yield Rule(
                attribute=own,
                value=ValueId(value.id),
                implies={
                    AttributeId(other): frozenset(map(ValueId, named))
                    for other, named in value.implies.items()
                },
                excludes=excludes,
            )
