"""Write records as CSV, JSON or Parquet, and what sellers are to be told."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from backend.records.record import RecordCell
from backend.records.refused import known_of

if TYPE_CHECKING:
    from pathlib import Path

    from backend.records.record import ProductRecord
    from backend.reject_reasons import RejectReason
    from ontology.model import Ontology

__all__ = ["RecordFormat", "plain_record", "write_records", "write_rejections"]

_PARTS = ("value", "state", "source", "by", "confidence", "reasons", "suggestion")
_TOLD = ("seller", "product_id", "reason", "message")
_TOGETHER = 1000  # records a Parquet row group


class RecordFormat(StrEnum):
    """How records are written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def plain_record(record: ProductRecord) -> dict[str, Any]:
    """Give a record as plain values."""
    return {
        "product_id": record.product_id,
        "seller": record.seller,
        "pictures": list(record.pictures),
        "rejected": list(record.rejected),
        "category": _plain_cell(record.category),
        "attributes": {name: _plain_cell(cell) for name, cell in record.cells.items()},
    }


def _plain_cell(cell: RecordCell) -> dict[str, Any]:
    return {
        "value": list(cell.values),
        "state": cell.state.value,
        "source": cell.source.value if cell.source is not None else None,
        "by": cell.by,
        "confidence": None if cell.confidence is None else round(cell.confidence, 4),
        "reasons": list(cell.reasons),
        "suggestion": list(cell.suggestion),
    }


def write_records(
    records: Iterable[ProductRecord], path: Path, *, format_: RecordFormat, ontology: Ontology
) -> int:
    """Write records to a file, one a product; returns how many.

    JSON is an array with a product a line. A CSV row has `ATTRIBUTE`, `ATTRIBUTE.state` and so on
    for each attribute, several values with spaces between. Parquet has the cells of a product as a
    list of structs.

    Args:
        records: Any number, taken one by one.
        path: The file; replaced if it is there.
        format_: How.
        ontology: Names the columns.
    """
    plain = (plain_record(record) for record in records)
    if format_ is RecordFormat.JSON:
        return _write_json(plain, path)
    if format_ is RecordFormat.CSV:
        return _write_csv(plain, path, [str(one.id) for one in ontology.attributes])
    return _write_parquet(plain, path)


def _write_json(records: Iterable[Mapping[str, Any]], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for record in records:
            stream.write((",\n" if count else "[\n") + json.dumps(record, ensure_ascii=False))
            count += 1
        stream.write("\n]\n" if count else "[]\n")
    return count


def _write_csv(records: Iterable[Mapping[str, Any]], path: Path, attributes: list[str]) -> int:
    heads = ["category", *attributes]
    names = [head if part == "value" else f"{head}.{part}" for head in heads for part in _PARTS]
    count = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["product_id", "seller", "pictures", "rejected", *names])
        writer.writeheader()
        for record in records:
            cells = {"category": record["category"], **record["attributes"]}
            row = {name: record[name] for name in ("product_id", "seller")}
            row |= {name: " ".join(record[name]) for name in ("pictures", "rejected")}
            for head in heads:
                for part in _PARTS:
                    name = head if part == "value" else f"{head}.{part}"
                    row[name] = _text(cells[head][part], between="; " if part == "reasons" else " ")
            writer.writerow({name: _unformulaic(value) for name, value in row.items()})
            count += 1
    return count


def _text(value: Any, *, between: str) -> Any:
    return between.join(value) if isinstance(value, list) else value


def _unformulaic(value: Any) -> Any:
    """Keep a spreadsheet from running a seller's text as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "@", "\t") else value


def _write_parquet(records: Iterable[Mapping[str, Any]], path: Path) -> int:
    import itertools

    import pyarrow as pa
    from pyarrow import parquet

    words = pa.list_(pa.string())
    cell = pa.struct(
        [
            ("attribute", pa.string()),
            ("value", words),
            ("state", pa.string()),
            ("source", pa.string()),
            ("by", pa.string()),
            ("confidence", pa.float32()),
            ("reasons", words),
            ("suggestion", words),
        ]
    )
    schema = pa.schema(
        [
            ("product_id", pa.string()),
            ("seller", pa.string()),
            ("pictures", words),
            ("rejected", words),
            ("cells", pa.list_(cell)),
        ]
    )
    count, waiting = 0, iter(records)
    with parquet.ParquetWriter(path, schema) as writer:
        while chunk := list(itertools.islice(waiting, _TOGETHER)):
            rows = [_parquet_row(record) for record in chunk]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(chunk)
    return count


def _parquet_row(record: Mapping[str, Any]) -> dict[str, Any]:
    heads = {"category": record["category"], **record["attributes"]}
    return {
        **{name: record[name] for name in ("product_id", "seller", "pictures", "rejected")},
        "cells": [{"attribute": name, **cell} for name, cell in heads.items()],
    }


def write_rejections(
    records: Iterable[ProductRecord],
    folder: Path,
    *,
    reasons: Mapping[str, RejectReason],
    ontology: Ontology,
) -> dict[str, int]:
    """Write one CSV a seller with what is to be said about each refused listing.

    Args:
        records: Those without a reason for a refusal are left out.
        folder: Made when missing.
        reasons: By code; a code that is not among them is written without a text.
        ontology: Names attributes and values.

    Returns:
        How many lines each seller's file has, by file name.
    """
    by_seller: dict[str, list[dict[str, str]]] = {}
    for record in records:
        for code in record.rejected:
            text = ""
            if code in reasons:
                text = reasons[code].message(known_of(record, reasons[code], ontology))
            line = dict(zip(_TOLD, (record.seller, record.product_id, code, text), strict=True))
            by_seller.setdefault(_file_name(record.seller), []).append(line)
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in by_seller.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, _TOLD)
            writer.writeheader()
            writer.writerows({k: _unformulaic(v) for k, v in line.items()} for line in lines)
    return {name: len(lines) for name, lines in sorted(by_seller.items())}


def _file_name(seller: str) -> str:
    import hashlib
    import re

    if not seller:
        return "unknown-seller.csv"
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", seller).strip("-.")[:60]
    if safe == seller:
        return f"{safe}.csv"
    return f"{safe}-{hashlib.sha256(seller.encode()).hexdigest()[:8]}.csv"
