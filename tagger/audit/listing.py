"""Read what sellers uploaded: one CSV line a product, in their own words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import CatalogError
from tagger.audit.columns import PICTURES, PRODUCT, SELLER, TITLE, understand_columns

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Listing", "ListingError", "ListingFile", "read_listings"]

_SEPARATORS = "|;\n"
_LEFT_OUT = "; line left out"
_MAX_CELL = 100_000
_TOO_LONG = f"a cell is no text or is over {_MAX_CELL} characters"


class ListingError(CatalogError):
    """A file of listings cannot be used at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One product as its seller describes it.

    Attributes:
        id: The seller's product id.
        seller: Who sells it, as the file says it; empty if it does not.
        pictures: References, in the seller's order.
        claims: The seller's words by `category` or attribute id; what was left empty is absent.
    """

    id: str
    title: str = ""
    seller: str = ""
    pictures: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFile:
    """What a file says.

    Attributes:
        notes: Lines and columns that could not be used, one sentence each.
    """

    listings: tuple[Listing, ...]
    notes: tuple[str, ...]


def read_listings(path: Path, ontology: Ontology) -> ListingFile:
    """Read a CSV of listings; comma, semicolon and tab are told apart by the first line.

    Columns are the product id (`id`, `product_id` or `sku`), `title`, `seller`, any number of
    picture columns (`image`, `picture`, `photo`, with or without a number; several references in
    one cell are separated by `|` or `;`), `category`, and attributes by id or label. A line that
    cannot be used is named in the notes and the others go on.

    Raises:
        ListingError: If the file is no text, is empty, or has no column of product ids.
    """
    lines = list(io.StringIO(_decode(path)))
    first, delimiter = _header(path, lines)
    notes: list[str] = []
    rows = _rows(path.name, lines, first, delimiter, notes)
    columns = _named(next(rows, (0, []))[1])
    if notes:  # the column names themselves could not be read
        raise ListingError(notes[0].removesuffix(_LEFT_OUT))
    meaning, unclear = understand_columns(columns, ontology)
    if PRODUCT not in meaning.values():
        raise ListingError(
            f"{path}: no column of product ids among {', '.join(columns)}; "
            "name one of them id, product_id or sku"
        )
    listings: dict[str, Listing] = {}
    line_of: dict[str, int] = {}
    for line, row in rows:
        found = _listing(row, columns, meaning)
        if isinstance(found, Listing) and found.id in listings:
            found = f"product {found.id!r} was described in line {line_of[found.id]}"
        if isinstance(found, str):
            notes.append(f"{path.name}:{line}: {found}{_LEFT_OUT}")
        else:
            listings[found.id], line_of[found.id] = found, line
    if not (listings or notes):
        notes.append(f"{path.name}: no product below the line of column names")
    return ListingFile(listings=tuple(listings.values()), notes=(*unclear, *notes))


def _decode(path: Path) -> str:
    data = path.read_bytes()
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in data[:4096] and not is_wide:
        raise ListingError(f"{path}: not a text file; expected CSV in UTF-8")
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ListingError(
            f"{path}:{line}: byte 0x{error.object[error.start]:02x} is not "
            f"{error.encoding.upper()}; save the file as CSV in UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _header(path: Path, lines: Sequence[str]) -> tuple[int, str]:
    """Find the line of column names, counted from 0, and what separates them."""
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise ListingError(f"{path}: the file is empty; expected a line of column names")
    told = re.fullmatch(r"sep=([,;\t])", lines[first].rstrip("\n"))  # spreadsheets write it
    if told is not None:
        return first + 1, told[1]
    unquoted = re.sub('"[^"]*"', "", lines[first])
    return first, max(",;\t", key=unquoted.count)


def _named(columns: list[str]) -> list[str]:
    """Leave out the empty columns behind the last name."""
    width = max((at for at, name in enumerate(columns, 1) if name.strip()), default=0)
    return columns[:width]


def _rows(
    file: str, lines: Sequence[str], first: int, delimiter: str, notes: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """Give each record with the line, counted from 1, in which it begins.

    Where quotes go wrong, only the line in which that record begins is left out: an unclosed quote
    would otherwise take what follows for part of its cell.
    """
    while first < len(lines):
        here = map(lines.__getitem__, range(first, len(lines)))
        reader = csv.reader(here, delimiter=delimiter, strict=True, skipinitialspace=True)
        begin = first
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield begin + 1, row
                begin = first + reader.line_num
        except csv.Error as error:
            fault = _fault(str(error), is_one_line=first + reader.line_num == begin + 1)
            notes.append(f"{file}:{begin + 1}: {fault}{_LEFT_OUT}")
            first = begin + 1
        else:
            return


def _fault(error: str, *, is_one_line: bool) -> str:
    """Say in the seller's terms what the CSV reader stumbled over."""
    if is_one_line and "field limit" in error:
        return _TOO_LONG
    if is_one_line and "expected after" in error:
        return 'text follows a closing quote (inside a quoted cell, " is written "")'
    return 'a quote that opens here is not closed (inside a quoted cell, " is written "")'


def _listing(row: list[str], columns: list[str], meaning: Mapping[str, str]) -> Listing | str:
    width = max(len(columns), len(_named(row)))
    if width > len(columns) or len(row) < len(columns):
        return f"{min(width, len(row))} cells where the header has {len(columns)}"
    if any("\0" in cell or len(cell) > _MAX_CELL for cell in row):
        return _TOO_LONG
    cells = list(zip(columns, (cell.strip() for cell in row), strict=False))
    by_meaning = {meaning[name]: cell for name, cell in reversed(cells) if name in meaning}
    identity = by_meaning.pop(PRODUCT, "")
    if not identity:
        return "no product id"
    pictures = (
        part for name, cell in cells if meaning.get(name) == PICTURES for part in _split(cell)
    )
    return Listing(
        id=identity,
        title=by_meaning.pop(TITLE, ""),
        seller=by_meaning.pop(SELLER, ""),
        pictures=tuple(dict.fromkeys(pictures)),
        claims={name: cell for name, cell in by_meaning.items() if cell and name != PICTURES},
    )


def _split(cell: str) -> Iterable[str]:
    for separator in _SEPARATORS[1:]:
        cell = cell.replace(separator, _SEPARATORS[0])
    return [part.strip() for part in cell.split(_SEPARATORS[0]) if part.strip()]
