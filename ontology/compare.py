"""Find what leads from one ontology file to another: declared moves, and the rest by comparing.

An entry of the new file was itself if the old file has it, unless it says `was:` something else.
So a rename, a merge or a split is always said by somebody, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ontology._declared import Declared, Origin, declared_in, read_declared
from ontology.errors import Fault, OntologyError
from ontology.migration import AttributePair, Migration, Moves
from ontology.model import AttributeId, CategoryId, ValueId

if TYPE_CHECKING:
    from pathlib import Path

    from ontology.model import Category, Ontology

__all__ = ["compare", "read_declared"]

Id = TypeVar("Id", bound=str)


def compare(
    old: Ontology, new: Ontology, *, file: str | Path = "", declared: Declared | None = None
) -> Migration:
    """Find what became of every entry of an ontology.

    Args:
        old: Before.
        new: After; its `was` entries say what cannot be guessed.
        file: Name of the new file, for faults.
        declared: What a migration file says; goes before `was` entries.

    Raises:
        OntologyError: If something declared does not fit both files, or an old entry would get
            lost without a word; `.faults` lists everything with file and line.
    """
    said = declared_in(new, file=str(file) or f"{new.id}.yaml").under(declared)
    faults: list[Fault] = []
    categories = _categories(old, new, said, faults)
    attributes = _moves(
        _Kind(
            name="attribute",
            old={a.id: a.was for a in old.attributes},
            new=[a.id for a in new.attributes],
            said=said.attributes,
        ),
        faults,
    )
    values = _values(old, new, attributes, said, faults)
    faults += said.unknown(new)
    if faults:
        raise OntologyError.from_faults(sorted(faults, key=lambda fault: fault.line))
    return Migration(old=old, new=new, categories=categories, attributes=attributes, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind(Generic[Id]):
    """Entries of one kind in both files.

    Attributes:
        name: What to call one in a fault.
        old: Every id with what it was in files before.
        new: Every id.
        said: Where an entry of the new file says that it comes from.
        spent: Old ids that somebody else accounts for.
    """

    name: str
    old: Mapping[Id, Sequence[Id]]
    new: Sequence[Id]
    said: Mapping[Id, Origin]
    spent: frozenset[Id] = field(default_factory=frozenset)


def _moves(kind: _Kind[Id], faults: list[Fault]) -> dict[Id, tuple[Id, ...]]:
    moves: dict[Id, list[Id]] = {id_: [] for id_ in kind.old}
    unclaimed: list[tuple[Id, Origin]] = []
    for id_ in kind.new:
        origin = kind.said.get(id_)
        for source in _origins(kind, id_, faults):
            moves[source].append(id_)
        if origin is not None and id_ in kind.old and not _is_history(kind, id_):
            unclaimed.append((id_, origin))
    for id_, origin in unclaimed:
        if not moves[id_] and id_ not in kind.spent:
            faults.append(
                origin.fault(
                    f"{kind.name} {id_!r} was {', '.join(origin.ids)}, but the old file has "
                    f"{id_!r} too and nobody says what became of it; list it in `was` as well, or "
                    "give another id"
                )
            )
    return {id_: tuple(targets) for id_, targets in moves.items()}


def _is_history(kind: _Kind[Id], id_: Id) -> bool:
    """Say whether what an entry declares happened before the old file was written."""
    before = kind.old.get(id_, ())
    origin = kind.said.get(id_)
    return origin is not None and any(
        source in before and source not in kind.old for source in origin.ids
    )


def _origins(kind: _Kind[Id], id_: Id, faults: list[Fault]) -> list[Id]:
    """Give the old ids that became a new one."""
    origin = kind.said.get(id_)
    if origin is None:
        return [id_] if id_ in kind.old else []
    found: list[Id] = [id_] if _is_history(kind, id_) else []
    for source in dict.fromkeys(origin.ids):
        if source in kind.old:
            found += [source] if source not in found else []  # type: ignore[list-item]  # is a key
        elif source not in kind.old.get(id_, ()):
            faults.append(
                origin.fault(
                    f"{kind.name} {id_!r} was {source!r}, which the old file does not have; "
                    "correct the id, or migrate from a file that has it"
                )
            )
    return found


def _categories(
    old: Ontology, new: Ontology, said: Declared, faults: list[Fault]
) -> Moves[CategoryId]:
    """Follow the leaves; a node that is a leaf on one side only stands for the leaves below it."""
    nodes = _moves(
        _Kind(
            name="category",
            old={category.id: category.was for category in old.categories},
            new=[category.id for category in new.categories],
            said=said.categories,
        ),
        faults,
    )
    is_leaf = {category.id: category.is_leaf for category in new.categories}
    moves: dict[CategoryId, list[CategoryId]] = {}
    for leaf in old.leaves:
        exact = [target for target in nodes[leaf] if is_leaf[target]]
        coarse = [target for target in nodes[leaf] if not is_leaf[target]]
        below = [x for node in coarse for x in new.leaves if x in new.leaves_under(node)]
        moves[leaf] = exact or below or _above(leaf, old, nodes, is_leaf)
    return {leaf: tuple(dict.fromkeys(targets)) for leaf, targets in moves.items()}


def _above(
    leaf: CategoryId,
    old: Ontology,
    nodes: Mapping[CategoryId, Sequence[CategoryId]],
    is_leaf: Mapping[CategoryId, bool],
) -> list[CategoryId]:
    """Give what the nearest node above became, if that is a leaf now: it says less, not other."""
    above: Category = old.category(leaf)
    while above.parent is not None:
        above = old.category(above.parent)
        found = [target for target in nodes[above.id] if is_leaf[target]]
        if found:
            return found
    return []


def _values(
    old: Ontology,
    new: Ontology,
    attributes: Mapping[AttributeId, Iterable[AttributeId]],
    said: Declared,
    faults: list[Fault],
) -> dict[AttributePair, Moves[ValueId]]:
    """Follow the values into each attribute that theirs became."""
    pairs = [(before, after) for before, afters in attributes.items() for after in afters]
    found: dict[AttributePair, Moves[ValueId]] = {}
    for after in dict.fromkeys(pair[1] for pair in pairs):
        befores = [before for before, target in pairs if target == after]
        everything = {v.id: v.was for a in befores for v in old.attribute(a).values}
        kind = _Kind(
            name=f"value of {after!r}:",
            old=everything,
            new=[value.id for value in new.attribute(after).values],
            said=said.values.get(after, {}),
            spent=_spent(old, befores, attributes, after),
        )
        moves = _moves(kind, faults)
        for before in befores:
            found[before, after] = {v.id: moves[v.id] for v in old.attribute(before).values}
    return found


def _spent(
    old: Ontology,
    befores: Sequence[AttributeId],
    attributes: Mapping[AttributeId, Iterable[AttributeId]],
    after: AttributeId,
) -> frozenset[ValueId]:
    """Give the values of attributes that went elsewhere as well, where theirs may have gone."""
    return frozenset(
        value.id
        for before in befores
        if tuple(attributes[before]) != (after,)
        for value in old.attribute(before).values
    )
