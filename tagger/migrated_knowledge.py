"""Carry what a version says of itself over to a changed ontology: taught, calibration, detector."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tagger.known import Taught
from tagger.scoring import Calibration

if TYPE_CHECKING:
    from ontology.migration import Migration
    from ontology.model import AttributeId, CategoryId, ValueId

__all__ = ["migrated_calibration", "migrated_detector", "migrated_taught"]

_UNSURE_THRESHOLD = 0.8
_CATEGORY = "category"


def migrated_taught(taught: Taught, migration: Migration) -> Taught:
    """Say in the new ontology what pictures taught.

    What was renamed or merged is as known as it was. The parts of a split are mentioned and not
    told apart, as after labels that say "one of these"; what was added is neither. Values that a
    merge of attributes brought in from another branch are mentioned only.
    """
    categories = {leaf: new[0] for leaf, new in migration.categories.items() if len(new) == 1}
    known: dict[AttributeId, frozenset[ValueId]] = {}
    mentioned: dict[AttributeId, frozenset[ValueId]] = {}
    counts: dict[str, dict[str, int]] = {
        _CATEGORY: _summed(taught.counts.get(_CATEGORY, {}), categories)
    }
    for attribute, sources in migration.attribute_sources.items():
        for at, old in enumerate(sources):
            moves = migration.values[old, attribute]
            if old in taught.mentioned:
                found = _all_targets(taught.mentioned[old], moves)
                mentioned[attribute] = mentioned.get(attribute, frozenset()) | found
            if at == 0 and old in taught.values:
                single = {value: new[0] for value, new in moves.items() if len(new) == 1}
                known[attribute] = frozenset(
                    single[value] for value in taught.values[old] if value in single
                )
                if old in taught.counts:
                    counts[attribute] = _summed(taught.counts[old], single)
    return Taught(
        categories=frozenset(categories[leaf] for leaf in taught.categories if leaf in categories),
        values=known,
        mentioned=mentioned,
        mentioned_categories=_all_targets(taught.mentioned_categories, migration.categories),
        carriers=_carriers(taught, migration),
        counts=counts if taught.counts else {},
    )


def _all_targets(ids: Iterable[Any], moves: Mapping[Any, tuple[Any, ...]]) -> frozenset[Any]:
    return frozenset(target for id_ in ids for target in moves.get(id_, ()))


def _summed(counts: Mapping[str, int], single: Mapping[Any, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for id_, count in counts.items():
        if id_ in single:
            found[single[id_]] = found.get(single[id_], 0) + count
    return dict(sorted(found.items()))


def _carriers(taught: Taught, migration: Migration) -> dict[AttributeId, frozenset[CategoryId]]:
    found: dict[AttributeId, frozenset[CategoryId]] = {}
    for old, leaves in taught.carriers.items():
        for attribute in migration.attributes.get(old, ()):
            here = frozenset(
                leaf
                for leaf in _all_targets(leaves, migration.categories)
                if migration.new.applies(leaf, attribute)
            )
            found[attribute] = found.get(attribute, frozenset()) | here
    return found


def migrated_calibration(calibration: Calibration, migration: Migration) -> Calibration:
    """Give temperatures, thresholds, wordings and offsets to the attributes that theirs became.

    A merge takes the geometric mean of the temperatures and the highest of the thresholds. Where
    the kind of an attribute changed, its probabilities are other ones: no temperature, and a
    threshold of 0.8 at least.
    """
    temperatures: dict[AttributeId, float] = {}
    thresholds: dict[AttributeId, float] = {}
    street = {head: least for head, least in calibration.street.items() if head == _CATEGORY}
    for attribute, sources in migration.attribute_sources.items():
        fitted = [calibration.temperatures[a] for a in sources if a in calibration.temperatures]
        limits = [calibration.thresholds[a] for a in sources if a in calibration.thresholds]
        kind = migration.new.attribute(attribute).kind
        if any(migration.old.attribute(old).kind is not kind for old in sources):
            fitted, limits = [], [*limits, _UNSURE_THRESHOLD]
        if fitted:
            temperatures[attribute] = (
                fitted[0]
                if len(fitted) == 1
                else math.exp(sum(map(math.log, fitted)) / len(fitted))
            )
        if limits:
            thresholds[attribute] = max(limits)
        if higher := [calibration.street[a] for a in sources if a in calibration.street]:
            street[str(attribute)] = max(higher)
    return replace(
        calibration,
        temperatures=temperatures,
        thresholds=thresholds,
        street=street,
        wordings=tuple(
            replace(wording, key=key)
            for wording in calibration.wordings
            for key in _wording_keys(wording.key, migration)
        ),
        offsets=tuple(
            replace(offsets, key=key)
            for offsets in calibration.offsets
            for key in _wording_keys(offsets.key, migration)
        ),
    )


def _wording_keys(key: str, migration: Migration) -> list[str]:
    """Rename the column of a head's key, `column` or `column@table`."""
    column, mark, table = key.partition("@")
    if column == _CATEGORY:
        return [key]
    moved = [new for old, found in migration.attributes.items() if old == column for new in found]
    first = [new for new in moved if migration.attribute_sources[new][0] == column]
    return [f"{new}{mark}{table}" for new in first]


def migrated_detector(block: Mapping[str, Any], migration: Migration) -> dict[str, Any]:
    """Give the manifest's entry `detector` with the leaves of its classes in the new ontology.

    An added leaf joins the class that holds all of its siblings, else the last class, which holds
    what no other does. A leaf of two merged classes stays in the first.
    """
    classes: list[tuple[str, list[str]]] = []
    taken: set[str] = set()
    for entry in block["classes"]:
        leaves = _all_targets(entry["leaves"], migration.categories) - taken
        taken |= leaves
        classes.append((entry["name"], sorted(leaves)))
    for leaf in migration.new.leaves:
        if leaf not in taken and classes:
            siblings = _siblings(leaf, migration) & taken
            held = [members for _, members in classes if siblings and siblings <= set(members)]
            (held or [classes[-1][1]])[0].append(leaf)
    return {
        **block,
        "classes": [{"name": name, "leaves": sorted(leaves)} for name, leaves in classes],
    }


def _siblings(leaf: CategoryId, migration: Migration) -> set[str]:
    parent = migration.new.category(leaf).parent
    return set(migration.new.leaves_under(parent)) if parent is not None else set()
