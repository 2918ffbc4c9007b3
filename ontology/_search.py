"""Exact search for the values with the highest total gain that no rule forbids.

Attributes without rules are decided alone.
The rest is a branch-and-bound over variables: an exclusive attribute is one variable whose options
are its values and blank, each value of a multiple attribute is a variable of its own.
A branch takes the best option of every open variable; if that is legal, it is the branch's best.
If not, it tries the options of a variable that breaks a rule, and choosing one removes the options
that it makes impossible.
A branch is left as soon as the best options that remain cannot beat the best total found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ontology._plan import Cell, Plan, plan_for
from ontology.model import AttributeId, CategoryId, ValueId

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Gains", "best_legal_values"]

Gains = Mapping[ValueId, float]
"""What choosing each value adds to the total; a value that is not a key cannot be chosen."""


def best_legal_values(
    ontology: Ontology, category: CategoryId, gains: Mapping[AttributeId, Gains]
) -> dict[AttributeId, tuple[ValueId, ...]]:
    """Return the legal values with the highest total gain, per attribute in value order.

    Args:
        ontology: Says what is legal.
        category: A leaf.
        gains: Finite gains of values that are allowed for the category, in value order.
    """
    plan = plan_for(ontology, category)
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


def _is_legal(plan: Plan, chosen: set[Cell]) -> bool:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """A rule that the best options break.

    Attributes:
        variables: One of these must take another option.
        cost: The least gain that this gives up; infinite if nothing mends it.
    """

    variables: tuple[int, ...]
    cost: float


_Variables = dict[int, tuple[_Option, ...]]


class _Search:
    """Branch-and-bound over the attributes of one tied group."""

    def __init__(
        self,
        plan: Plan,
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
        """Make an attribute's variables, options in falling order of gain."""
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
        needs: tuple[frozenset[Cell], ...],
        total: float,
    ) -> None:
        """Settle what is left; `needs` are what the chosen cells ask for."""
        bound = total + sum(options[0].gain for options in variables.values())
        if bound <= self.best_total:
            return
        best = (options[0].cell for options in variables.values())
        relaxed = chosen.union(cell for cell in best if cell is not None)
        broken = self._broken_rules(variables, relaxed, needs)
        if not broken:
            self.best_total, self.best_cells = bound, relaxed
            return
        if bound - _least_cost(broken) <= self.best_total:
            return
        key = max(broken, key=lambda rule: rule.cost).variables[0]
        rest = {other: options for other, options in variables.items() if other != key}
        for option in variables[key]:
            if option.cell is None:
                self._branch(rest, chosen, needs, total)
                continue
            more = needs + self.plan.needs.get(option.cell, ())
            narrowed = self._narrow(rest, option.cell)
            self._branch(narrowed, chosen | {option.cell}, more, total + option.gain)

    def _broken_rules(
        self, variables: _Variables, relaxed: frozenset[Cell], needs: tuple[frozenset[Cell], ...]
    ) -> list[_Broken]:
        """Return the rules that taking every variable's best option would break."""
        found = [_unmet(variables, need) for need in needs if need.isdisjoint(relaxed)]
        for key, options in variables.items():
            cell = options[0].cell
            if cell is None:
                continue
            for need in self.plan.needs.get(cell, ()):
                if need.isdisjoint(relaxed):
                    found.append(_unmet(variables, need, head=key))
            conflicts = self.plan.conflicts.get(cell, frozenset())
            if conflicts.isdisjoint(relaxed):
                continue
            for other, theirs in variables.items():
                if other > key and theirs[0].cell in conflicts:
                    cost = min(_loss(options), _loss(theirs))
                    found.append(_Broken(variables=(key, other), cost=cost))
        return found

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
    """Order by falling gain; blank goes before what gains nothing."""
    return tuple(sorted(options, key=lambda option: (-option.gain, option.cell is not None)))


def _loss(options: tuple[_Option, ...]) -> float:
    """Return what giving up the best option costs; only blank is ever alone."""
    return options[0].gain - options[1].gain


def _unmet(variables: _Variables, need: frozenset[Cell], *, head: int | None = None) -> _Broken:
    """Describe a need that no best option meets; `head` is the variable that asks for it."""
    involved = [] if head is None else [head]
    cost = float("inf") if head is None else _loss(variables[head])
    for key, options in variables.items():
        gains = [option.gain for option in options if option.cell in need]
        if gains:
            involved.append(key)
            cost = min(cost, options[0].gain - max(gains))
    return _Broken(variables=tuple(involved), cost=cost)


def _least_cost(broken: list[_Broken]) -> float:
    """Return a total that mending cannot go below: the costs of rules that share no variable."""
    used: set[int] = set()
    total = 0.0
    for rule in sorted(broken, key=lambda rule: -rule.cost):
        if used.isdisjoint(rule.variables):
            used.update(rule.variables)
            total += rule.cost
    return total
