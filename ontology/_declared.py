"""Read what somebody declared about a change: `was` entries, or a migration file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ontology._schema import MigrationSpec
from ontology._yaml import Document, EntryPath, read_yaml
from ontology.errors import Fault, OntologyError

if TYPE_CHECKING:
    from pathlib import Path

    from ontology.model import Ontology

__all__ = ["Declared", "Origin", "declared_in", "read_declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What one entry of the new file was, and where that is said.

    Attributes:
        ids: Of the old file.
    """

    ids: tuple[str, ...]
    file: str
    line: int

    def fault(self, reason: str) -> Fault:
        """Make a fault of what is said here."""
        return Fault(file=self.file, line=self.line, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What entries of the new file were, by their new ids.

    Attributes:
        text: The migration file, empty without one.
    """

    categories: Mapping[Any, Origin] = field(default_factory=dict)
    attributes: Mapping[Any, Origin] = field(default_factory=dict)
    values: Mapping[Any, Mapping[Any, Origin]] = field(default_factory=dict)
    text: str = ""

    def under(self, other: Declared | None) -> Declared:
        """Put another declaration before this one."""
        if other is None:
            return self
        names = [*self.values, *(name for name in other.values if name not in self.values)]
        return Declared(
            categories={**self.categories, **other.categories},
            attributes={**self.attributes, **other.attributes},
            values={
                name: {**self.values.get(name, {}), **other.values.get(name, {})} for name in names
            },
            text=other.text,
        )

    def unknown(self, new: Ontology) -> Iterator[Fault]:
        """Give a fault for each entry that the new file does not have."""
        values = {a.id: {value.id for value in a.values} for a in new.attributes}
        categories = {category.id for category in new.categories}
        entries = [
            *(("category", k, o, k in categories) for k, o in self.categories.items()),
            *(("attribute", k, o, k in values) for k, o in self.attributes.items()),
            *(
                (f"value of {attribute!r}:", k, o, k in values.get(attribute, ()))
                for attribute, said in self.values.items()
                for k, o in said.items()
            ),
        ]
        for name, id_, origin, is_there in entries:
            if not is_there:
                yield origin.fault(f"{name} {id_!r} is not in the new file; correct the id")


def declared_in(ontology: Ontology, *, file: str) -> Declared:
    """Collect the `was` entries of an ontology's own file."""
    document = read_yaml(ontology.source, file=file)
    data = document.data or {"categories": [], "attributes": []}
    categories = {
        entry["id"]: _origin(document, path, entry)
        for path, entry in _walk(data["categories"], ("categories",))
        if entry.get("was")
    }
    attributes: dict[str, Origin] = {}
    values: dict[str, dict[str, Origin]] = {}
    for at, attribute in enumerate(data["attributes"]):
        if attribute.get("was"):
            attributes[attribute["id"]] = _origin(document, ("attributes", at), attribute)
        for position, value in enumerate(attribute["values"]):
            if value.get("was"):
                path = ("attributes", at, "values", position)
                said = values.setdefault(attribute["id"], {})
                said[value["id"]] = _origin(document, path, value)
    return Declared(categories=categories, attributes=attributes, values=values)


def _walk(entries: list[Any], path: EntryPath) -> Iterator[tuple[EntryPath, Any]]:
    for at, entry in enumerate(entries):
        yield (*path, at), entry
        yield from _walk(entry.get("children", []), (*path, at, "children"))


def _origin(document: Document, path: EntryPath, entry: Mapping[str, Any]) -> Origin:
    was = entry["was"]
    return Origin(
        ids=(was,) if isinstance(was, str) else tuple(was),
        file=document.file,
        line=document.line((*path, "was")),
    )


def read_declared(text: str, *, file: str | Path) -> Declared:
    """Read a migration file.

    Raises:
        OntologyError: If the text is wrong; `.faults` lists everything.
    """
    document = read_yaml(text, file=str(file))
    if document.faults:
        raise OntologyError.from_faults(document.faults)
    try:
        spec = MigrationSpec.model_validate(document.data)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            document.fault(
                tuple(step for step in problem["loc"] if step != "[key]"),
                f"{problem['msg']}; found {problem['input']!r:.80}",
            )
        raise OntologyError.from_faults(document.faults) from error

    def origins(said: Mapping[str, list[str]], *path: str) -> dict[str, Origin]:
        return {
            id_: Origin(ids=tuple(was), file=document.file, line=document.line((*path, id_)))
            for id_, was in said.items()
        }

    return Declared(
        categories=origins(spec.categories, "categories"),
        attributes=origins(spec.attributes, "attributes"),
        values={name: origins(said, "values", name) for name, said in spec.values.items()},
        text=text,
    )
