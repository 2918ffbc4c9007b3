"""Check that a dataset description fits an ontology."""

from __future__ import annotations

from collections.abc import Iterator

from ontology.model import AttributeId, Ontology
from tagger.sources.description import DatasetDescription, LabelMap

__all__ = ["check_description"]


def check_description(description: DatasetDescription, ontology: Ontology) -> tuple[str, ...]:
    """List every id of a description that the ontology does not have, as `file:line: reason`."""
    faults = []
    if description.ontology != ontology.id:
        faults.append(
            f"{description.at('ontology')}: written for ontology {description.ontology!r}, "
            f"used with {ontology.id!r}"
        )
    if not description.speaks_ontology:
        faults += _category_faults(description, ontology)
        faults += _attribute_faults(description, ontology)
    attributes = {str(attribute.id) for attribute in ontology.attributes}
    faults += [
        f"{description.at('parts', name)}: {name!r} is no attribute of the ontology"
        for name in description.parts
        if name not in attributes
    ]
    return tuple(faults)


def _category_faults(description: DatasetDescription, ontology: Ontology) -> Iterator[str]:
    if description.category is None:
        return
    leaves = frozenset(ontology.leaves)
    maps: list[tuple[tuple[str | int, ...], LabelMap]] = [(("category",), description.category)]
    maps += [(("category", "refine", n), m) for n, m in enumerate(description.category.refine)]
    for path, label_map in maps:
        for label, ids in label_map.labels.items():
            for id_ in ids:
                if id_ not in leaves:
                    where = description.at(*path, "labels", label)
                    yield f"{where}: {label!r}: {id_!r} is no leaf category of the ontology"
    for label in description.scored_classes:
        if label not in description.category.labels:
            yield f"{description.at('scored_classes')}: {label!r} is no class of the source"


def _attribute_faults(description: DatasetDescription, ontology: Ontology) -> Iterator[str]:
    values = {a.id: frozenset(value.id for value in a.values) for a in ontology.attributes}
    seen: dict[tuple[str, str], list[str]] = {}
    for attribute, label_map in description.attribute_maps():
        if attribute not in values:
            where = description.at("attributes", attribute)
            yield f"{where}: {attribute!r} is no attribute of the ontology"
            continue
        sets = {**label_map.labels, "vocabulary": label_map.vocabulary or []}
        for label, ids in sets.items():
            for id_ in set(ids) - values[AttributeId(attribute)]:
                where = description.at("attributes", attribute, "labels", label)
                yield f"{where}: {label!r}: {id_!r} is no value of {attribute!r}"
        for label, ids in label_map.labels.items():
            if sorted(seen.setdefault((attribute, label), ids)) != sorted(ids):
                where = description.at("attributes", attribute)
                yield f"{where}: {label!r} stands for different values in two tables"
    for column, by_word in description.implies.items():
        for word, cells in by_word.items():
            where = description.at("implies", column, word)
            if word not in description.vocabulary(column, ontology):
                yield f"{where}: {word!r} is no label of {column!r}"
            for attribute, ids in cells.items():
                unknown = set(ids) - values.get(AttributeId(attribute), frozenset())
                if unknown or attribute not in values:
                    yield f"{where}: {attribute!r} has no value {sorted(unknown)}"
