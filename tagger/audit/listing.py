"""Read what sellers uploaded: one CSV line a product, in their own words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import CatalogError
from tagger.audit.columns import PICTURES, PRODUCT, SELLER, TITLE, understand_columns

if TYPE_CHECKING:
    from ontology.model import Ontology

__all__ = ["Listing", "ListingError", "ListingFile", "read_listings"]

_SEPARATORS = "|;\n"
_MAX_CELL = 100_000


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
    text = _decode(path)
    header, _, _ = text.partition("\n")
    if not header.strip():
        raise ListingError(f"{path}: the file is empty; expected a line of column names")
    delimiter = max(",;\t", key=header.count)
    columns = next(csv.reader(io.StringIO(header), delimiter=delimiter))
    meaning, notes = understand_columns(columns, ontology)
    if PRODUCT not in meaning.values():
        raise ListingError(
            f"{path}: no column of product ids among {', '.join(columns)}; "
            "name one of them id, product_id or sku"
        )
    listings: dict[str, Listing] = {}
    for line, row in _rows(text, delimiter, notes):
        found = _listing(row, columns, meaning)
        if isinstance(found, str):
            notes.append(f"line {line}: {found}; line left out")
        elif found.id in listings:
            notes.append(f"line {line}: product {found.id!r} was described before; line left out")
        else:
            listings[found.id] = found
    return ListingFile(listings=tuple(listings.values()), notes=tuple(notes))


def _decode(path: Path) -> str:
    data = path.read_bytes()
    if b"\0" in data[:4096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise ListingError(f"{path}: not a text file; expected CSV in UTF-8")
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as error:
            raise ListingError(
                f"{path}: byte {error.start} is not {encoding}; save the file as CSV in UTF-8"
            ) from error
    raise AssertionError


def _rows(text: str, delimiter: str, notes: list[str]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    next(reader)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            notes.append(f"line {reader.line_num}: not CSV ({error}); line left out")
            continue
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _listing(row: list[str], columns: list[str], meaning: Mapping[str, str]) -> Listing | str:
    if len(row) > len(columns):
        return f"{len(row)} cells where the header has {len(columns)}"
    if any("\0" in cell or len(cell) > _MAX_CELL for cell in row):
        return "a cell is no text or is over 100000 characters"
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
