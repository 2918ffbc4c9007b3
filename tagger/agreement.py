"""Measure how far independent passes over the same pictures agree.

Every pair of rows about one picture counts once. Agreement includes the answers "cannot tell" and
"makes no sense"; a second figure is over the pairs in which both passes decided on a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from tagger.sources.record import DatasetError
from tagger.sources.table import added_file, table_rows

if TYPE_CHECKING:
    from pathlib import Path

    from tagger.sources.description import DatasetDescription, LabelMap, Table

__all__ = ["Agreement", "agreements", "cohen_kappa"]

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often two passes say the same of one column.

    Attributes:
        table: The table's file name.
        column: Its column.
        num_pairs: Pairs of passes on one picture with an entry on both sides.
        agree: Share of them that say the same, 0..1.
        kappa: Cohen's kappa of them; None where chance agreement is complete.
        num_decided: Pairs in which both named a value.
        agree_decided: Share of those that name the same one; None where there are none.
    """

    table: str
    column: str
    num_pairs: int
    agree: float
    kappa: float | None
    num_decided: int
    agree_decided: float | None


def agreements(
    description: DatasetDescription, *, root: Path | None = None, added_only: bool = False
) -> list[Agreement]:
    """Compare all passes over the same pictures, column by column.

    Args:
        description: A data set of tables; its maps say which words decide nothing.
        root: A folder in place of the description's own.
        added_only: Only pairs with at least one row of a table's `more` file.

    Raises:
        DatasetError: If the tables are not there, or no picture was judged twice.
    """
    folder = root if root is not None else description.default_root
    found = [
        agreement
        for table in description.tables
        for agreement in _of_table(description, table, folder, added_only=added_only)
    ]
    if not found:
        raise DatasetError(
            f"{description.file}: no picture under {folder} was judged twice; agreement needs "
            "several rows about one picture"
        )
    return found


def _of_table(
    description: DatasetDescription, table: Table, root: Path, *, added_only: bool
) -> Iterator[Agreement]:
    rows: dict[str, list[tuple[bool, dict[str, str]]]] = {}
    added = added_file(table, description)
    for file, id_, words in table_rows(table, description, root):
        plain = {column: " ".join(given) for column, given in words.items()}
        rows.setdefault(id_, []).append((file == added, plain))
    pairs = [
        (left, right)
        for passes in rows.values()
        for (left_added, left), (right_added, right) in combinations(passes, 2)
        if left_added or right_added or not added_only
    ]
    for column, label_map in _columns(description, table):
        entries = [(left.get(column, ""), right.get(column, "")) for left, right in pairs]
        given = [pair for pair in entries if all(pair)]
        if given:
            yield _agreement(table.file, column, given, label_map)


def _columns(description: DatasetDescription, table: Table) -> Iterator[tuple[str, LabelMap]]:
    is_only = len(description.tables) == 1
    for name in description.columns():
        for label_map in description.column_maps(name):
            if label_map.table == table.file or (is_only and label_map.table is None):
                yield label_map.column or name, label_map


def _agreement(table: str, column: str, pairs: Sequence[Pair], label_map: LabelMap) -> Agreement:
    undecided = {*label_map.cannot_tell, *label_map.na}
    decided = [pair for pair in pairs if not undecided & set(pair)]
    return Agreement(
        table=table,
        column=column,
        num_pairs=len(pairs),
        agree=_share_equal(pairs),
        kappa=cohen_kappa(pairs),
        num_decided=len(decided),
        agree_decided=_share_equal(decided) if decided else None,
    )


def _share_equal(pairs: Sequence[Pair]) -> float:
    return sum(left == right for left, right in pairs) / len(pairs)


def cohen_kappa(pairs: Sequence[Pair]) -> float | None:
    """Give the agreement beyond chance of pairs of labels (Cohen 1960).

    Returns:
        At most 1; None if both sides always say one and the same thing, or there is no pair.
    """
    if not pairs:
        return None
    lefts, rights = (Counter(side) for side in zip(*pairs, strict=True))
    chance = sum(lefts[label] * rights[label] for label in lefts) / len(pairs) ** 2
    return None if chance == 1 else (_share_equal(pairs) - chance) / (1 - chance)
