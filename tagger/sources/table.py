"""Read CSV files with a row a picture or a garment, joined by its id."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tagger.sources.description import DatasetDescription, Table
from tagger.sources.record import DatasetError, Field, Record, find_pictures

__all__ = ["Tables", "added_file", "read_tables", "table_rows"]

_Words = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    table: Table
    words: Mapping[str, _Words]
    """By id: what the rows say, column by column."""


class Tables:
    """The tables of a description, read.

    Several rows about one thing count where they agree; where they differ, the column is missing.
    """

    def __init__(self, description: DatasetDescription, root: Path) -> None:
        """Read every table that is there.

        Raises:
            DatasetError: If none with role `rows` is, or one lacks a column that the description
                names.
        """
        loaded = [_load(table, description, root) for table in description.tables]
        self._loaded = [table for table in loaded if table is not None]
        self._has_one = len(description.tables) == 1
        rows = [table for table in self._loaded if table.table.role == "rows"]
        if not rows:
            names = ", ".join(table.file for table in description.tables if table.role == "rows")
            raise DatasetError(
                f"{root}: no {names} there; put the table there or name another root"
            )
        self._wanted = {id_ for table in rows for id_ in table.words}

    def has_row(self, id_: str) -> bool:
        """Tell whether a table with role `rows` mentions an id."""
        return id_ in self._wanted

    def words(self, id_: str) -> dict[Field, tuple[str, ...]]:
        """Give what all tables say about an id; a lone table's words stand under None as well."""
        words: dict[Field, tuple[str, ...]] = {}
        for table in self._loaded:
            for column, given in table.words.get(id_, {}).items():
                words[table.table.file, column] = given
                if self._has_one:
                    words[None, column] = given
        return words


def read_tables(description: DatasetDescription, root: Path) -> Iterator[Record]:
    """Yield a record for every picture under the root.

    Those that no table with role `rows` mentions only take part in grouping.

    Raises:
        DatasetError: See `Tables`.
    """
    tables = Tables(description, root)
    seen: set[str] = set()
    for path in find_pictures(root):
        is_second = path.stem in seen
        seen.add(path.stem)
        words = tables.words(path.stem)
        yield Record(
            key=path.relative_to(root).as_posix() if is_second else path.stem,
            image=path,
            words=words,
            is_sample=tables.has_row(path.stem),
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
    if not _files(table, description, root):
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
    files = _files(table, description, root)
    added = added_file(table, description)
    if files and added is not None:
        files.append(added)
    for file in files:
        for id_, row in _rows(file, table, description):
            yield file, id_, row


def _files(table: Table, description: DatasetDescription, root: Path) -> list[Path]:
    """List a table's files: anywhere under the root, else beside the description."""
    found = sorted(root.rglob(table.file)) if root.is_dir() else []
    beside = description.file.parent / table.file
    return found or ([beside] if beside.is_file() else [])


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
