"""Find what is wrong with an ontology whose file has the right shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ontology._search import best_legal_values
from ontology.model import AttributeId, ValueId, normalise_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ontology._schema import AttributeSpec, CategorySpec, OntologySpec, ValueSpec
    from ontology._yaml import Document, EntryPath
    from ontology.model import CategoryId, Ontology, Rule

__all__ = ["check_legality", "check_spec"]

_Leaves = dict[str, frozenset[str]]
"""The leaves under every category."""


def check_spec(spec: OntologySpec, document: Document) -> None:
    """Record names that clash, references that lead nowhere and applicability without effect."""
    nodes = list(_walk(spec.categories, ("categories",)))
    _check_unique_ids(document, [(path, node.id) for path, node in nodes], "category")
    _check_names(document, nodes, "category", taken={})
    for path, node in nodes:
        if "," in node.label:
            document.fault(
                (*path, "label"),
                f"category label {node.label!r} has a comma; Label Studio reads it as two labels",
            )
    attributes = [(("attributes", i), a) for i, a in enumerate(spec.attributes)]
    _check_unique_ids(document, [(path, a.id) for path, a in attributes], "attribute")
    if normalise_name(spec.answers.cannot_tell) == normalise_name(spec.answers.other):
        document.fault(("answers",), "the answers cannot_tell and other need different labels")
    leaves = _leaves(spec.categories)
    values = {a.id: frozenset(value.id for value in a.values) for a in spec.attributes}
    for path, attribute in attributes:
        _check_values(document, path, attribute, spec)
        _check_where(document, path, attribute, leaves)
        for i, value in enumerate(attribute.values):
            _check_rules(document, (*path, "values", i), attribute, value, values)


def _walk(
    specs: Iterable[CategorySpec], path: EntryPath
) -> Iterator[tuple[EntryPath, CategorySpec]]:
    for i, spec in enumerate(specs):
        yield (*path, i), spec
        yield from _walk(spec.children, (*path, i, "children"))


def _leaves(specs: Iterable[CategorySpec]) -> _Leaves:
    found: _Leaves = {}
    for spec in specs:
        found.update(_leaves(spec.children))
        found[spec.id] = frozenset().union(
            *(found[child.id] for child in spec.children), () if spec.children else (spec.id,)
        )
    return found


def _check_unique_ids(document: Document, ids: Iterable[tuple[EntryPath, str]], kind: str) -> None:
    first: dict[str, EntryPath] = {}
    for path, id_ in ids:
        if id_ in first:
            line = document.line((*first[id_], "id"))
            document.fault((*path, "id"), f"{kind} id {id_!r} is used twice; first on line {line}")
        else:
            first[id_] = path


def _check_names(
    document: Document,
    entries: Iterable[tuple[EntryPath, CategorySpec | ValueSpec]],
    kind: str,
    *,
    taken: dict[str, str],
) -> None:
    """Record names that two entries share; `taken` maps names to what they already mean."""
    for path, entry in entries:
        names: list[tuple[EntryPath, str]] = [
            ((*path, "id"), entry.id),
            ((*path, "label"), entry.label),
        ]
        names += [((*path, "aliases", i), alias) for i, alias in enumerate(entry.aliases)]
        names += [((*path, "translations", key), t) for key, t in entry.translations.items()]
        own: set[str] = set()
        for where, name in names:
            key = normalise_name(name)
            owner = taken.get(key)
            if owner is not None and key not in own and owner != repr(entry.id):
                document.fault(
                    where, f"{kind} name {name!r} also means {owner}; give each its own names"
                )
            own.add(key)
            taken.setdefault(key, repr(entry.id))


def _check_values(
    document: Document, path: EntryPath, attribute: AttributeSpec, spec: OntologySpec
) -> None:
    values = [((*path, "values", i), value) for i, value in enumerate(attribute.values)]
    _check_unique_ids(document, [(where, value.id) for where, value in values], "value")
    taken = {
        normalise_name(spec.answers.cannot_tell): "the answer cannot_tell",
        normalise_name(spec.answers.other): "the answer other",
    }
    _check_names(document, values, "value", taken=taken)


def _check_where(
    document: Document, path: EntryPath, attribute: AttributeSpec, leaves: _Leaves
) -> None:
    """Check an attribute's own category lists, then those of its values."""
    start = len(document.faults)
    applies = _reach(document, (*path, "applies_to"), attribute.applies_to, leaves)
    removed = _reach(document, (*path, "except_for"), attribute.except_for, leaves, inside=applies)
    here = applies - removed
    if not here and len(document.faults) == start:
        document.fault(
            (*path, "except_for"),
            f"attribute {attribute.id!r} applies to no category; except_for removes them all",
        )
        return
    _reach(document, (*path, "required_for"), attribute.required_for, leaves, inside=here)
    for i, value in enumerate(attribute.values):
        at = (*path, "values", i)
        num_before = len(document.faults)
        where = here
        if value.only_for is not None:
            where &= _reach(document, (*at, "only_for"), value.only_for, leaves, inside=here)
        where -= _reach(document, (*at, "except_for"), value.except_for, leaves, inside=where)
        if here and not where and len(document.faults) == num_before:
            document.fault(at, f"value {value.id!r} is allowed for no category; remove it")


def _reach(
    document: Document,
    path: EntryPath,
    nodes: Iterable[str],
    leaves: _Leaves,
    *,
    inside: frozenset[str] | None = None,
) -> frozenset[str]:
    """Return the leaves under nodes; unknown nodes, and nodes wholly outside, are faults."""
    found: set[str] = set()
    for i, node in enumerate(nodes):
        if node not in leaves:
            document.fault((*path, i), f"unknown category {node!r} in {path[-1]}")
            continue
        if inside and not leaves[node] & inside:
            document.fault(
                (*path, i),
                f"{path[-1]} names {node!r}, where this does not apply anyway; remove it",
            )
        found |= leaves[node]
    return frozenset(found)


def _check_rules(
    document: Document,
    path: EntryPath,
    attribute: AttributeSpec,
    value: ValueSpec,
    values: Mapping[str, frozenset[str]],
) -> None:
    for kind, rules in (("implies", value.implies), ("excludes", value.excludes)):
        for other, named in rules.items():
            where = (*path, kind, other)
            if other not in values:
                document.fault(where, f"unknown attribute {other!r} in {kind}")
                continue
            for i, id_ in enumerate(() if named == "any" else named):
                if id_ not in values[other]:
                    document.fault(
                        (*where, i), f"attribute {other!r} has no value {id_!r}, named in {kind}"
                    )
            if other == attribute.id:
                _check_own_rule(document, where, attribute, value, named)
    for other in value.implies.keys() & value.excludes.keys():
        refused = value.excludes[other]
        left = () if refused == "any" else set(value.implies[other]) - set(refused)
        if not left:
            document.fault(
                (*path, "implies", other),
                f"value {value.id!r} implies and excludes the same values of {other!r}",
            )


def _check_own_rule(
    document: Document,
    path: EntryPath,
    attribute: AttributeSpec,
    value: ValueSpec,
    named: Iterable[str],
) -> None:
    if attribute.kind == "exclusive":
        document.fault(
            path, f"attribute {attribute.id!r} is exclusive; rules inside it have no meaning"
        )
    elif named != "any" and value.id in named:
        document.fault(path, f"value {value.id!r} names itself in {path[-2]}")


def check_legality(ontology: Ontology, document: Document) -> None:
    """Record categories left without a value and values that rules make impossible."""
    lines = _value_paths(document)
    for attribute in ontology.attributes:
        for leaf, values in ontology.legal_values[attribute.id].items():
            if not values:
                document.fault(
                    lines[attribute.id, None],
                    f"attribute {attribute.id!r} has no value that is allowed for {leaf!r}; "
                    f"allow one or add the category to except_for",
                )
    for rule in ontology.rules:
        blocked = [
            leaf
            for leaf, values in ontology.legal_values[rule.attribute].items()
            if rule.value in values and not _is_possible(ontology, leaf, rule)
        ]
        if blocked:
            more = f" and {len(blocked) - 1} more" if len(blocked) > 1 else ""
            document.fault(
                lines[rule.attribute, rule.value],
                f"value {rule.value!r} of {rule.attribute!r} is allowed for {blocked[0]!r}{more}, "
                "but its rules contradict each other or need values that are not allowed there",
            )


def _value_paths(document: Document) -> dict[tuple[str, str | None], EntryPath]:
    paths: dict[tuple[str, str | None], EntryPath] = {}
    for i, attribute in enumerate(document.data["attributes"]):
        paths[attribute["id"], None] = ("attributes", i)
        for j, value in enumerate(attribute["values"]):
            paths[attribute["id"], value["id"]] = ("attributes", i, "values", j)
    return paths


def _is_possible(ontology: Ontology, leaf: CategoryId, rule: Rule) -> bool:
    """Say whether some legal assignment has the rule's value."""
    if not rule.implies:
        return True
    gains: dict[AttributeId, dict[ValueId, float]] = {
        attribute: dict.fromkeys(ontology.allowed(leaf, attribute), -1e-6)
        for attribute in ontology.applicable(leaf)
    }
    gains[rule.attribute][rule.value] = 1.0
    return rule.value in best_legal_values(ontology, leaf, gains)[rule.attribute]
