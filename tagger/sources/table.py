"""Read CSV files with a row a picture, joined by the picture's id."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tagger.sources.description import DatasetDescription, Table
from tagger.sources.record import DatasetError, Field, Record, find_pictures

__all__ = ["added_file", "read_tables", "table_rows"]

_Words = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    table: Table
    words: Mapping[str, _Words]
    """By picture id: what the rows say, column by column."""


def read_tables(description: DatasetDescription, root: Path) -> Iterator[Record]:
    """Yield a record for every picture under the root.

    Those that no table with role `rows` mentions only take part in grouping.
    Several rows about one picture count where they agree; where they differ, the column is
    missing.
    The tables are looked for by name anywhere under the root; those of `more` lie beside the
    description.

    Raises:
        DatasetError: If a table is missing or lacks a column that the description names.
    """
    loaded = [_load(table, description, root) for table in description.tables]
    found = [table for table in loaded if table is not None]
    if not any(table.table.role == "rows" for table in found):
        names = ", ".join(table.file for table in description.tables if table.role == "rows")
        raise DatasetError(f"{root}: no {names} there; put the table there or name another root")
    has_one = len(description.tables) == 1
    wanted = {id_ for table in found if table.table.role == "rows" for id_ in table.words}
    seen: set[str] = set()
    for path in find_pictures(root):
        is_second = path.stem in seen
        seen.add(path.stem)
        words: dict[Field, tuple[str, ...]] = {}
        for table in found:
            for column, given in table.words.get(path.stem, {}).items():
                words[table.table.file, column] = given
                if has_one:
                    words[None, column] = given
        yield Record(
            key=path.relative_to(root).as_posix() if is_second else path.stem,
            image=path,
            words=words,
            is_sample=path.stem in wanted,
            group=_group(description, words),
        )


def _group(description: DatasetDescription, words: Mapping[Field, tuple[str, ...]]) -> str | None:
    rule = description.split
    if rule.by != "column" or rule.column is None:
        return None
    given = words.get((description.tables[0].file, rule.column), ())
    text = " ".join(" ".join(given).casefold().split())
    return f"{rule.column}:{text}" if text else None


def _load(table: Table, description: DatasetDescription, root: Path) -> _Loaded | None:
    if not _files(table, root):
        return None
    words: dict[str, _Words] = {}
    for _, id_, row in table_rows(table, description, root):
        known = words.setdefault(id_, row)
        if known is not row:
            words[id_] = _agreed(known, row)
    return _Loaded(table=table, words=words)


def added_file(table: Table, description: DatasetDescription) -> Path | None:
    """Give the file that a table's `more` names, which lies beside the description."""
    return None if table.more is None else description.file.parent / table.more


def table_rows(
    table: Table, description: DatasetDescription, root: Path
) -> Iterator[tuple[Path, str, _Words]]:
    """Yield each row of a table: its file, the picture's id, and its words by column.

    Rows of the file that `more` names come last; they alone do not make a table.

    Raises:
        DatasetError: If a file cannot be read or lacks a column that the description names.
    """
    files = _files(table, root)
    added = added_file(table, description)
    if files and added is not None:
        files.append(added)
    for file in files:
        for id_, row in _rows(file, table, description):
            yield file, id_, row


def _files(table: Table, root: Path) -> list[Path]:
    return sorted(root.rglob(table.file)) if root.is_dir() else []


def _agreed(left: _Words, right: _Words) -> _Words:
    return {column: left[column] if left[column] == right.get(column) else () for column in left}


def _rows(
    file: Path, table: Table, description: DatasetDescription
) -> Iterator[tuple[str, _Words]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = tuple(reader.fieldnames or ())
            _check_header(file, header, table, description)
            for row in reader:
                id_ = (row.get(table.id) or "").strip()
                yield (
                    Path(id_).stem,
                    {c: (t,) if (t := (row[c] or "").strip()) else () for c in header},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file}: cannot be read as a CSV file in UTF-8 ({error})") from error


def _check_header(
    file: Path, header: tuple[str, ...], table: Table, description: DatasetDescription
) -> None:
    named = [table.id]
    is_only = len(description.tables) == 1
    for column in description.columns():
        for label_map in description.column_maps(column):
            if label_map.table == table.file or (is_only and label_map.table is None):
                named.append(label_map.column or column)
    missing = [column for column in named if column not in header]
    if missing:
        raise DatasetError(
            f"{file}: lacks the column {', '.join(missing)} that {description.file} names; "
            f"it has {', '.join(header)}"
        )
