"""What the demonstration remembers between two runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Source", "load_source", "save_source"]


@dataclass(slots=True, kw_only=True)
class Source:
    """One folder of pictures and the project made from it.

    Attributes:
        key: Names the folder.
        project_id: The project's id in Label Studio, 0 before there is one.
        imported: Keys of the pictures that are in.
        faulty: Those of them that cannot be tagged.
    """

    key: str
    project_id: int = 0
    imported: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / "sources.json"
    if not file.is_file():
        return {}
    kept: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def load_source(folder: Path, key: str) -> Source:
    """Read what is known of a source of pictures; nothing is known of a new one."""
    kept = _read(folder).get(key)
    if kept is None:
        return Source(key=key)
    return Source(
        key=key,
        project_id=int(kept["project_id"]),
        imported=set(kept["imported"]),
        faulty=set(kept["faulty"]),
    )


def save_source(folder: Path, source: Source) -> None:
    """Keep a source's state; a crash leaves either the old or the new file."""
    kept = _read(folder)
    kept[source.key] = {
        "project_id": source.project_id,
        "imported": sorted(source.imported),
        "faulty": sorted(source.faulty),
    }
    draft = folder / "sources.json.tmp"
    draft.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    draft.replace(folder / "sources.json")
