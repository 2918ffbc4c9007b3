"""Carry what a version knows over to a changed ontology: rows by id, the encoder as it is.

Legend: C backbone channels, K leaf categories, V values over all attributes, A attributes, w the
width of a branch, n the number of rows that take part in a split or merge, T a temperature.

- kept, renamed: the row as it was.
- split: every part gets the row. For exclusive values and categories the bias is lowered by
  `T log n`, so that the parts' probabilities add up to what the whole had.
- merged: the mean of the rows, weighted by how many labels taught each (equally where nobody
  counted). For exclusive values and categories the bias is raised by `T H`, H the entropy of the
  weights: the largest log-sum that a linear row can promise, by Jensen's inequality.
- added value: as an untrained network starts, no direct weight and a bias of -3.
- added category: the mean of its siblings' rows, with a bias 3 lower.
- attributes: hidden units go along. Of merged attributes the first one's stay; values of the others
  keep their direct weights alone and count as not taught.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from ontology.model import AttributeKind
from ontology.targets import layout

if TYPE_CHECKING:
    from ontology.migration import Migration
    from ontology.model import AttributeId, CategoryId, Ontology
    from tagger.known import Taught
    from tagger.scoring import Calibration

__all__ = ["Knowledge", "migrate_tensors", "surviving_branch"]

Key = TypeVar("Key")

_LOWER = 3.0
_HEADS = ("category.", "branches.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What decides the weights of merged rows and the shift of biases.

    Attributes:
        taught: What pictures of either kind taught the version.
        calibration: Its temperatures.
    """

    taught: Taught
    calibration: Calibration


def migrate_tensors(
    stored: Mapping[str, Tensor],
    fresh: Mapping[str, Tensor],
    migration: Migration,
    knowledge: Knowledge,
) -> dict[str, Tensor]:
    """Give the tensors of a network for the new ontology.

    Args:
        stored: Of a version for the old ontology, floating-point ones as float32.
        fresh: Of an untrained network for the new one; its encoder and its branches' width may
            differ, and what does not fit stays as it is there.
        migration: What became of every id.
        knowledge: Of the version.
    """
    tensors = dict(fresh)
    for name, tensor in stored.items():
        if not name.startswith(_HEADS) and name in fresh and tensor.shape == fresh[name].shape:
            tensors[name] = tensor.to(fresh[name].dtype)
    if stored["category.weight"].shape[1:] == fresh["category.weight"].shape[1:]:
        tensors |= _category_head(stored, fresh, migration, knowledge)
        tensors |= _value_rows(stored, fresh, migration, knowledge)
        tensors |= _hidden(stored, fresh, migration)
    return tensors


def surviving_branch(migration: Migration, attribute: AttributeId) -> AttributeId | None:
    """Give the old attribute whose hidden units a new one has; None for an added one."""
    return next(iter(migration.attribute_sources[attribute]), None)


def _category_head(
    stored: Mapping[str, Tensor],
    fresh: Mapping[str, Tensor],
    migration: Migration,
    knowledge: Knowledge,
) -> dict[str, Tensor]:
    old, new = layout(migration.old).categories, layout(migration.new).categories
    at = {leaf: position for position, leaf in enumerate(old)}
    weight, bias = fresh["category.weight"].clone(), fresh["category.bias"].clone()
    parts = {leaf: len(targets) for leaf, targets in migration.categories.items()}
    counts = knowledge.taught.counts.get("category", {})
    temperature = knowledge.calibration.category_temperature
    has_source = {leaf for leaf in new if migration.category_sources[leaf]}
    for position, leaf in enumerate(new):
        sources = migration.category_sources[leaf]
        if not sources:
            continue
        shares = _shares([counts.get(source, 0) for source in sources])
        rows = [at[source] for source in sources]
        shift = temperature * _shift(shares, [parts[source] for source in sources])
        weight[position] = _mean(stored["category.weight"][rows], shares)
        bias[position] = _mean(stored["category.bias"][rows], shares) + shift
    for position, leaf in enumerate(new):
        if leaf not in has_source:
            siblings = [new.index(x) for x in _siblings(migration.new, leaf, has_source)]
            weight[position] = weight[siblings].mean(dim=0) if siblings else 0.0
            bias[position] = (bias[siblings].mean() if siblings else 0.0) - _LOWER
    return {"category.weight": weight, "category.bias": bias}


def _siblings(ontology: Ontology, leaf: CategoryId, among: set[CategoryId]) -> list[CategoryId]:
    """Give the leaves with a row under the nearest node above that has any."""
    node = ontology.category(leaf).parent
    while node is not None:
        found = [x for x in ontology.leaves if x in among and x in ontology.leaves_under(node)]
        if found:
            return found
        node = ontology.category(node).parent
    return [x for x in ontology.leaves if x in among]


def _value_rows(
    stored: Mapping[str, Tensor],
    fresh: Mapping[str, Tensor],
    migration: Migration,
    knowledge: Knowledge,
) -> dict[str, Tensor]:
    old, new = layout(migration.old).positions, layout(migration.new)
    names = ("branches.rows", "branches.bias", "branches.direct.weight")
    tensors = {name: fresh[name].clone() for name in names}
    has_width = stored[names[0]].shape[1:] == tensors[names[0]].shape[1:]
    for position, (attribute, value) in enumerate(new.values):
        keys = migration.value_sources[attribute, value]
        if not keys:
            continue
        rows = [old[key] for key in keys]
        shares = _shares([knowledge.taught.counts.get(a, {}).get(v, 0) for a, v in keys])
        tensors[names[1]][position] = _mean(stored[names[1]][rows], shares) + _value_shift(
            migration, attribute, keys, shares, knowledge.calibration
        )
        tensors[names[2]][position] = _mean(stored[names[2]][rows], shares)
        branch = surviving_branch(migration, attribute)
        inner = torch.tensor(
            [share * (a == branch) for (a, _), share in zip(keys, shares, strict=True)]
        )
        if has_width:
            tensors[names[0]][position] = _mean(stored[names[0]][rows], inner.tolist())
    return tensors


def _value_shift(
    migration: Migration,
    attribute: AttributeId,
    keys: Sequence[tuple[AttributeId, str]],
    shares: Sequence[float],
    calibration: Calibration,
) -> float:
    if migration.new.attribute(attribute).kind is not AttributeKind.EXCLUSIVE:
        return 0.0
    parts = [len(migration.values[old, attribute][value]) for old, value in keys]  # type: ignore[index]  # ids are strings
    return calibration.temperatures.get(keys[0][0], 1.0) * _shift(shares, parts)


def _hidden(
    stored: Mapping[str, Tensor], fresh: Mapping[str, Tensor], migration: Migration
) -> dict[str, Tensor]:
    """Carry the hidden units of each attribute, if a branch is as wide as it was."""
    names = ("branches.hidden.weight", "branches.hidden.bias")
    width = stored["branches.rows"].shape[1]
    if width != fresh["branches.rows"].shape[1]:
        return {}
    at = {attribute.id: position for position, attribute in enumerate(migration.old.attributes)}
    tensors = {name: fresh[name].clone() for name in names}
    for position, attribute in enumerate(migration.new.attributes):
        source = surviving_branch(migration, attribute.id)
        if source is None:
            continue
        for name in names:
            block = stored[name][at[source] * width : (at[source] + 1) * width]
            tensors[name][position * width : (position + 1) * width] = block
    return tensors


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 1 / len(counts) for count in counts]


def _shift(shares: Sequence[float], parts: Sequence[int]) -> float:
    """Give the entropy of a merge's weights less the logarithm of what a split shares, in nats."""
    return sum(
        share * (-math.log(share) - math.log(count))
        for share, count in zip(shares, parts, strict=True)
        if share > 0
    )


def _mean(rows: Tensor, shares: Sequence[float]) -> Tensor:
    """Give the weighted sum of rows; a single whole row comes back bit by bit."""
    if len(rows) == 1 and shares[0] == 1.0:
        return rows[0]
    weights = torch.tensor(shares, dtype=rows.dtype)
    mean: Tensor = torch.tensordot(weights, rows, dims=1)
    return mean
