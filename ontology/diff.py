"""Say what changed between two ontologies, and what each change does to heads and stored labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ontology.migration import Migration
    from ontology.model import Attribute, AttributeId, Category, CategoryId, Ontology, Value

__all__ = ["Change", "changes", "to_json"]

_EFFECTS = {
    "added": ("fresh row, answered once it was taught", "kept; unknown whether it held"),
    "removed": ("row dropped", "dropped to unknown"),
    "renamed": ("row kept", "renamed"),
    "merged": ("rows averaged by their labels", "renamed"),
    "split": ("row copied to each, none answered until taught", "become a set: one of {new}"),
    "wording": ("row kept", "kept"),
}
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that changed.

    Attributes:
        what: `category`, `attribute` or `value`.
        kind: `added`, `removed`, `renamed`, `merged`, `split`, `wording`, `applicability`,
            `kind`, `required`, `rules` or `settings`.
        old: Old ids, a value's as `attribute.value`.
        new: New ids, likewise.
        heads: What becomes of the model's rows.
        labels: What becomes of stored labels.
        detail: More about it, may be empty.
    """

    what: str
    kind: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    heads: str
    labels: str
    detail: str = ""

    @property
    def line(self) -> str:
        """The change in one line, without its effects."""
        sides = [" + ".join(self.old), " + ".join(self.new)]
        names = sides[0] if self.old == self.new else " -> ".join(side for side in sides if side)
        return f"{self.what} {self.kind}: {names}" + (f" ({self.detail})" if self.detail else "")


def changes(migration: Migration) -> tuple[Change, ...]:
    """List what changed: categories, then attributes, then values, in the files' order."""
    found = [
        *_moved("category", migration.categories, migration.category_sources),
        *_category_words(migration),
        *_moved("attribute", migration.attributes, migration.attribute_sources),
    ]
    for old, afters in migration.attributes.items():
        for new in afters:
            found += _attribute_changes(migration, old, new)
    found += _moved("value", _value_moves(migration), _value_sources(migration))
    found += _value_words(migration)
    if migration.old.rules != migration.new.rules:
        found.append(_kept("attribute", "rules", (), "what may be answered together changed"))
    return tuple(found)


def _moved(
    what: str,
    moves: Mapping[Any, tuple[Any, ...]],
    sources: Mapping[Any, tuple[Any, ...]],
) -> Iterator[Change]:
    """Give the changes of one kind of ids; a move of one to one is kept, or renamed."""
    for old, targets in moves.items():
        if not targets:
            yield _change(what, "removed", (old,), ())
        elif len(targets) > 1:
            yield _change(what, "split", (old,), targets)
        elif targets != (old,) and len(sources[targets[0]]) == 1:
            yield _change(what, "renamed", (old,), targets)
    for new, olds in sources.items():
        if not olds:
            yield _change(what, "added", (), (new,))
        elif len(olds) > 1:
            yield _change(what, "merged", olds, (new,))


def _change(what: str, kind: str, old: tuple[str, ...], new: tuple[str, ...]) -> Change:
    heads, labels = _EFFECTS[kind]
    if what == "attribute":
        heads = {
            "added": "fresh branch, answered once it was taught",
            "removed": "branch dropped",
            "renamed": "branch kept",
            "merged": f"branch of {old[0] if old else ''} kept; values of the others keep their "
            "direct weights and are not answered until taught",
            "split": "branch copied to each",
        }[kind]
        labels = {
            "added": "kept; the new attribute is missing",
            "merged": "put together; unknown where they disagree",
            "split": "kept in each that has the value, unknown elsewhere",
        }.get(kind, labels)
    named = ", ".join(new)
    return Change(
        what=what, kind=kind, old=old, new=new, heads=heads, labels=labels.format(new=named)
    )


def _kept(what: str, kind: str, ids: tuple[str, ...], detail: str, labels: str = "kept") -> Change:
    return Change(
        what=what, kind=kind, old=ids, new=ids, heads="kept", labels=labels, detail=detail
    )


def _value_moves(migration: Migration) -> dict[str, tuple[str, ...]]:
    """Give moves of values as `attribute.value`, leaving out what went with its attribute."""
    found: dict[str, tuple[str, ...]] = {}
    for attribute in migration.old.attributes:
        afters = migration.attributes[attribute.id]
        for value in attribute.values if afters else ():
            targets = [
                _plain(migration, attribute.id, after, target)
                for after in afters
                for target in migration.values[attribute.id, after][value.id]
            ]
            found[f"{attribute.id}.{value.id}"] = tuple(dict.fromkeys(targets))
    return found


def _value_sources(migration: Migration) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for (attribute, value), olds in migration.value_sources.items():
        befores = migration.attribute_sources[attribute]
        if befores:
            name = _plain(migration, befores[0], attribute, value)
            found[name] = found.get(name, ()) + tuple(f"{a}.{v}" for a, v in olds)
    return found


def _plain(migration: Migration, old: AttributeId, new: AttributeId, value: str) -> str:
    """Name a new value by its old attribute where that was only renamed: no change of its own."""
    is_rename = migration.attributes[old] == (new,) and migration.attribute_sources[new] == (old,)
    return f"{old if is_rename else new}.{value}"


def _category_words(migration: Migration) -> Iterator[Change]:
    for old in migration.old.categories:
        targets = migration.categories.get(old.id, ())
        if len(targets) == 1 and len(migration.category_sources[targets[0]]) == 1:
            new = migration.new.category(targets[0])
            if _words(old) != _words(new):
                detail = f"{old.label!r} -> {new.label!r}" if old.label != new.label else ""
                yield _kept("category", "wording", (new.id,), detail)


def _value_words(migration: Migration) -> Iterator[Change]:
    for (before, after), moves in migration.values.items():
        for value, targets in moves.items():
            if len(targets) == 1 and len(migration.value_sources[after, targets[0]]) == 1:
                old = migration.old.value(before, value)
                new = migration.new.value(after, targets[0])
                if _words(old) != _words(new):
                    detail = f"{old.label!r} -> {new.label!r}" if old.label != new.label else ""
                    yield _kept("value", "wording", (f"{after}.{new.id}",), detail)


def _words(entry: Category | Value | Attribute) -> tuple[object, ...]:
    aliases = getattr(entry, "aliases", ())
    return (entry.label, tuple(aliases), dict(entry.translations))


def _attribute_changes(
    migration: Migration, old: AttributeId, new: AttributeId
) -> Iterator[Change]:
    before, after = migration.old.attribute(old), migration.new.attribute(new)
    if _words(before) != _words(after):
        yield _kept("attribute", "wording", (new,), f"{before.label!r} -> {after.label!r}")
    if before.kind is not after.kind:
        yield _kept(
            "attribute",
            "kind",
            (new,),
            f"{before.kind} -> {after.kind}",
            "kept as far as they follow; temperature and threshold start again",
        )
    gained, lost = _applicability(migration, old, new)
    if gained:
        yield _kept("attribute", "applicability", (new,), f"now also for {gained}", "missing there")
    if lost:
        yield _kept(
            "attribute", "applicability", (new,), f"no longer for {lost}", "not applicable there"
        )
    if _legal_changes(migration, old, new):
        yield _kept(
            "value",
            "applicability",
            (new,),
            f"allowed elsewhere for {_legal_changes(migration, old, new)}",
            "kept where allowed, else dropped to unknown",
        )
    asked = [_required(migration.old, old, migration), migration.new.required.get(new, frozenset())]
    if asked[0] != asked[1]:
        yield _kept("attribute", "required", (new,), "asked for elsewhere")
    if _settings(before) != _settings(after):
        yield _kept("attribute", "settings", (new,), "what is offered besides values changed")


def _settings(attribute: Attribute) -> tuple[bool, bool, bool]:
    return attribute.weakly_visible, attribute.offer_cannot_tell, attribute.offer_other


def _required(old: Ontology, attribute: AttributeId, migration: Migration) -> frozenset[CategoryId]:
    return frozenset(
        new
        for leaf in old.required.get(attribute, ())
        for new in migration.categories.get(leaf, ())
    )


def _applicability(migration: Migration, old: AttributeId, new: AttributeId) -> tuple[str, str]:
    """Name the kept leaves that gained and lost an attribute."""
    gained, lost = [], []
    for leaf, targets in migration.categories.items():
        for target in targets:
            had, has = migration.old.applies(leaf, old), migration.new.applies(target, new)
            gained += [target] if has and not had else []
            lost += [target] if had and not has else []
    return _named(gained), _named(lost)


def _legal_changes(migration: Migration, old: AttributeId, new: AttributeId) -> str:
    """Name the kept leaves whose allowed values differ by more than moves of ids."""
    moves = migration.values[old, new]
    added = {value for (a, value), olds in migration.value_sources.items() if a == new and not olds}
    found = []
    for leaf, targets in migration.categories.items():
        for target in targets:
            was = {t for v in migration.old.allowed(leaf, old) for t in moves[v]}
            now = set(migration.new.allowed(target, new)) - added
            if was and now and was != now:
                found.append(target)
    return _named(found)


def _named(ids: list[CategoryId]) -> str:
    unique = list(dict.fromkeys(ids))
    more = len(unique) - _MOST_NAMED
    return ", ".join(unique[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def to_json(migration: Migration) -> dict[str, Any]:
    """Give the changes as plain data, for `--json`."""
    return {
        "old": {"id": migration.old.id, "version": migration.old.version},
        "new": {"id": migration.new.id, "version": migration.new.version},
        "changes": [{**asdict(change), "line": change.line} for change in changes(migration)],
    }
