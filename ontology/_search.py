"""Exact search for the values with the highest total gain that no rule forbids.

Attributes without rules are decided alone.
The rest is a branch-and-bound over variables: an exclusive attribute is one variable whose options
are its values and blank, each value of a multiple attribute is a variable of its own.
Choosing an option removes the options that it makes impossible, and a branch is left as soon as
the best options that remain cannot beat the best total found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ontology.model import AttributeId, AttributeKind, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Gains", "best_legal_values"]

Gains = Mapping[ValueId, float]
"""What choosing each value adds to the total; a value that is not a key cannot be chosen."""

Cell = tuple[AttributeId, ValueId]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The rules that matter for one category.

    Attributes:
        is_exclusive: Per applicable attribute, whether it takes one value.
        needs: Per cell, the sets of cells of which one each must hold.
        conflicts: Per cell, the cells that cannot hold with it (both ways).
        roles: Per cell that a rule names, what it is to the rules; cells of equal roles are
            interchangeable.
        needed: Cells that some rule asks for.
        tied: Per attribute that a rule names, the attributes tied to it by rules, itself too.
    """

    is_exclusive: Mapping[AttributeId, bool]
    needs: Mapping[Cell, tuple[frozenset[Cell], ...]]
    conflicts: Mapping[Cell, frozenset[Cell]]
    roles: Mapping[Cell, object]
    needed: frozenset[Cell]
    tied: Mapping[AttributeId, tuple[AttributeId, ...]]


def best_legal_values(
    ontology: Ontology, category: CategoryId, gains: Mapping[AttributeId, Gains]
) -> dict[AttributeId, tuple[ValueId, ...]]:
    """Return the legal values with the highest total gain, per attribute in value order.

    Args:
        ontology: Says what is legal.
        category: A leaf.
        gains: Finite gains of values that are allowed for the category, in value order.
    """
    plan = _plan(ontology, category)
    best = {
        attribute: _best_alone(gains.get(attribute, {}), is_exclusive=is_exclusive)
        for attribute, is_exclusive in plan.is_exclusive.items()
    }
    done: set[AttributeId] = set()
    for attribute, group in plan.tied.items():
        if attribute in done:
            continue
        done.update(group)
        chosen = {(a, value) for a in group for value in best[a]}
        if _is_legal(plan, chosen):
            continue
        solved = _Search(plan, group, gains).solve()
        for member in group:
            best[member] = tuple(
                value for value in gains.get(member, {}) if (member, value) in solved
            )
    return best


def _best_alone(gains: Gains, *, is_exclusive: bool) -> tuple[ValueId, ...]:
    above = tuple(value for value, gain in gains.items() if gain > 0.0)
    if is_exclusive and above:
        return (max(above, key=gains.__getitem__),)
    return above


def _is_legal(plan: _Plan, chosen: set[Cell]) -> bool:
    for cell in chosen:
        if not plan.conflicts.get(cell, frozenset()).isdisjoint(chosen):
            return False
        if any(needed.isdisjoint(chosen) for needed in plan.needs.get(cell, ())):
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    """One way to settle a variable; `cell` is None for blank."""

    cell: Cell | None
    gain: float


_Variables = dict[int, tuple[_Option, ...]]


class _Search:
    """Branch-and-bound over the attributes of one tied group."""

    def __init__(
        self,
        plan: _Plan,
        group: tuple[AttributeId, ...],
        gains: Mapping[AttributeId, Gains],
    ) -> None:
        self.plan = plan
        self.best_total = 0.0
        self.best_cells: frozenset[Cell] = frozenset()
        self.variables: _Variables = {}
        for attribute in group:
            for options in self._variables_of(attribute, gains.get(attribute, {})):
                self.variables[len(self.variables)] = options

    def solve(self) -> frozenset[Cell]:
        """Return the cells of the best legal choice; blank everywhere is the one to beat."""
        self._branch(self.variables, frozenset(), (), 0.0)
        return self.best_cells

    def _variables_of(self, attribute: AttributeId, gains: Gains) -> list[tuple[_Option, ...]]:
        """Make an attribute's variables, options in falling order of gain, blank last."""
        blank = _Option(cell=None, gain=0.0)
        by_role: dict[object, _Option] = {}
        options: list[_Option] = []
        for value, gain in gains.items():
            cell = (attribute, value)
            if gain <= 0.0 and cell not in self.plan.needed:
                continue
            option = _Option(cell=cell, gain=gain)
            options.append(option)
            role = self.plan.roles.get(cell)
            if role not in by_role or gain > by_role[role].gain:
                by_role[role] = option
        if not self.plan.is_exclusive[attribute]:
            return [_sorted((option, blank)) for option in options]
        return [_sorted((*by_role.values(), blank))]

    def _branch(
        self,
        variables: _Variables,
        chosen: frozenset[Cell],
        open_needs: tuple[frozenset[Cell], ...],
        total: float,
    ) -> None:
        if total + sum(options[0].gain for options in variables.values()) <= self.best_total:
            return
        reachable = {option.cell for options in variables.values() for option in options}
        open_needs = tuple(need for need in open_needs if need.isdisjoint(chosen))
        if any(need.isdisjoint(reachable) for need in open_needs):
            return
        if not variables:
            self.best_total, self.best_cells = total, chosen
            return
        key = self._next_variable(variables, open_needs)
        rest = {other: options for other, options in variables.items() if other != key}
        for option in variables[key]:
            if option.cell is None:
                self._branch(rest, chosen, open_needs, total)
                continue
            needs = open_needs + self.plan.needs.get(option.cell, ())
            narrowed = self._narrow(rest, option.cell)
            self._branch(narrowed, chosen | {option.cell}, needs, total + option.gain)

    def _next_variable(self, variables: _Variables, open_needs: tuple[frozenset[Cell], ...]) -> int:
        """Settle first what an open need asks for, then the variable with most to lose."""
        if open_needs:
            for key, options in variables.items():
                if any(option.cell in open_needs[0] for option in options):
                    return key
        return max(variables, key=lambda key: (variables[key][0].gain, -key))

    def _narrow(self, variables: _Variables, cell: Cell) -> _Variables:
        """Drop the options that a chosen cell makes impossible; blank always remains."""
        conflicts = self.plan.conflicts.get(cell)
        if not conflicts:
            return variables
        return {
            key: tuple(option for option in options if option.cell not in conflicts)
            for key, options in variables.items()
        }


def _sorted(options: tuple[_Option, ...]) -> tuple[_Option, ...]:
    return tuple(sorted(options, key=lambda option: -option.gain))


@lru_cache(maxsize=4096)
def _plan(ontology: Ontology, category: CategoryId) -> _Plan:
    legal = {
        (attribute, value)
        for attribute in ontology.applicable(category)
        for value in ontology.allowed(category, attribute)
    }
    needs: dict[Cell, list[frozenset[Cell]]] = {}
    conflicts: dict[Cell, set[Cell]] = {}
    for rule in ontology.rules:
        head = (rule.attribute, rule.value)
        if head not in legal:
            continue
        for other, values in rule.implies.items():
            if ontology.applies(category, other):
                wanted = frozenset((other, value) for value in values) & legal
                needs.setdefault(head, []).append(wanted)
        for other, values in rule.excludes.items():
            for cell in legal.intersection((other, value) for value in values):
                conflicts.setdefault(head, set()).add(cell)
                conflicts.setdefault(cell, set()).add(head)
    frozen_needs = {cell: tuple(sets) for cell, sets in needs.items()}
    frozen_conflicts = {cell: frozenset(others) for cell, others in conflicts.items()}
    return _Plan(
        is_exclusive={
            a: ontology.attribute(a).kind is AttributeKind.EXCLUSIVE
            for a in ontology.applicable(category)
        },
        needs=frozen_needs,
        conflicts=frozen_conflicts,
        roles=_roles(frozen_needs, frozen_conflicts),
        needed=frozenset(cell for sets in needs.values() for cells in sets for cell in cells),
        tied=_tied(frozen_needs, frozen_conflicts, ontology.applicable(category)),
    )


def _roles(
    needs: Mapping[Cell, tuple[frozenset[Cell], ...]], conflicts: Mapping[Cell, frozenset[Cell]]
) -> dict[Cell, object]:
    every_need = [need for sets in needs.values() for need in sets]
    cells = {*needs, *conflicts, *(cell for need in every_need for cell in need)}
    return {
        cell: (
            needs.get(cell, ()),
            conflicts.get(cell, frozenset()),
            frozenset(number for number, need in enumerate(every_need) if cell in need),
        )
        for cell in cells
    }


def _tied(
    needs: Mapping[Cell, tuple[frozenset[Cell], ...]],
    conflicts: Mapping[Cell, frozenset[Cell]],
    order: tuple[AttributeId, ...],
) -> dict[AttributeId, tuple[AttributeId, ...]]:
    """Return the connected groups of attributes that rules tie together, in file order."""
    groups: dict[AttributeId, set[AttributeId]] = {}
    links = [(cell[0], {c[0] for need in sets for c in need}) for cell, sets in needs.items()]
    links += [(cell[0], {c[0] for c in others}) for cell, others in conflicts.items()]
    for attribute, others in links:
        merged = {attribute, *others}
        for member in tuple(merged):
            merged |= groups.get(member, set())
        for member in merged:
            groups[member] = merged
    return {a: tuple(m for m in order if m in groups[a]) for a in order if a in groups}
