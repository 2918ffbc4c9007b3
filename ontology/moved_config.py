"""Read a labeling config of an earlier ontology as one that speaks of the new one's ids.

What annotators said under the old config keeps its meaning: a string of a renamed value stands for
the new id, one of a split value for several (`ChoicesTag.legacy`), one of a removed value for none.
What the old config did not offer is in none of its tags, so an answer given there says nothing
about it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ontology.config_map import ChoicesTag, ConfigMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ontology.migration import Migration
    from ontology.model import AttributeId, CategoryId, ValueId

__all__ = ["moved_config"]


def moved_config(config: ConfigMap, migration: Migration) -> ConfigMap:
    """Give the meanings of a config's strings after a change of the ontology.

    Args:
        config: A config, read with `migration.old`.
        migration: What became of every id.
    """
    single, several = _labels(config, migration)
    tags: dict[str, ChoicesTag] = {}
    hidden = dict(config.hidden_tags)
    for name, tag in config.choices_by_name.items():
        attribute = _attribute(tag, migration)
        if attribute is None:
            hidden[name] = (*tag.value_by_label, *tag.legacy)
        else:
            tags[name] = _tag(tag, attribute, migration)
    choices: dict[tuple[AttributeId, CategoryId], ChoicesTag] = {}
    for (_, category), tag in config.choices.items():
        for leaf in _leaves([category], migration):
            if tag.name in tags and migration.new.applies(leaf, tags[tag.name].attribute):
                choices.setdefault((tags[tag.name].attribute, leaf), tags[tag.name])
    return replace(
        config,
        category_by_label=single,
        label_by_category={leaf: text for text, leaf in reversed(single.items())},
        choices=choices,
        choices_by_name=tags,
        legacy_labels=several,
        hidden_tags=hidden,
    )


def _leaves(categories: Iterable[CategoryId], migration: Migration) -> list[CategoryId]:
    """Give what the leaves under old categories became, without doubles."""
    found = [
        new
        for category in categories
        for leaf in migration.old.leaves
        if leaf in migration.old.leaves_under(category)
        for new in migration.categories.get(leaf, ())
    ]
    return list(dict.fromkeys(found))


def _labels(
    config: ConfigMap, migration: Migration
) -> tuple[dict[str, CategoryId], dict[str, frozenset[CategoryId]]]:
    """Split labels into those that mean one leaf, and those that mean several or none."""
    meant = {text: _leaves([leaf], migration) for text, leaf in config.category_by_label.items()}
    meant |= {text: _leaves(ids, migration) for text, ids in config.legacy_labels.items()}
    single = {text: leaves[0] for text, leaves in meant.items() if len(leaves) == 1}
    return single, {text: frozenset(ids) for text, ids in meant.items() if text not in single}


def _attribute(tag: ChoicesTag, migration: Migration) -> AttributeId | None:
    """Give the new attribute that a tag asks for: of several the one with most of its values."""
    found = migration.attributes.get(tag.attribute, ())

    def num_kept(new: AttributeId) -> int:
        moves = migration.values[tag.attribute, new]
        return sum(bool(moves.get(value)) for value in tag.label_by_value)

    return max(found, key=num_kept) if found else None


def _tag(tag: ChoicesTag, attribute: AttributeId, migration: Migration) -> ChoicesTag:
    moves: Mapping[ValueId, tuple[ValueId, ...]] = migration.values[tag.attribute, attribute]
    meant = {text: frozenset(moves.get(value, ())) for text, value in tag.value_by_label.items()}
    meant |= {
        text: frozenset(new for value in values for new in moves.get(value, ()))
        for text, values in tag.legacy.items()
    }
    single = {text: next(iter(ids)) for text, ids in meant.items() if len(ids) == 1}
    return replace(
        tag,
        attribute=attribute,
        value_by_label=single,
        label_by_value={value: text for text, value in reversed(single.items())},
        legacy={text: ids for text, ids in meant.items() if text not in single},
    )
