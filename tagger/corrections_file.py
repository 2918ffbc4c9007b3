"""Keep corrections in a file, so that a training that is cut off goes on with the same ones.

Embeddings are left out: they can be made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ontology.errors import CatalogError
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeId
from tagger.corrections import CorrectedGarment

__all__ = ["CorrectionsFileError", "label_from", "label_to", "load_garments", "save_garments"]

_SETS = ("any_of", "positives", "negatives")
_PLAIN = ("id", "image", "digest", "image_wh", "box_percent", "is_blind", "is_moved", "region_id")


class CorrectionsFileError(CatalogError):
    """A file of corrections cannot be read."""


def save_garments(garments: Sequence[CorrectedGarment], path: Path) -> None:
    """Write garments as JSON, atomically."""
    plain = [
        {**{name: getattr(one, name) for name in _PLAIN}, "label": label_to(one.label)}
        for one in garments
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(plain), encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 - atomic on one file system


def load_garments(path: Path) -> list[CorrectedGarment]:
    """Read what `save_garments` wrote.

    Raises:
        CorrectionsFileError: If it is no such file.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return [_garment(one) for one in plain]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorrectionsFileError(
            f"{path}: no file of corrections ({error!r}); delete it to start the round over"
        ) from error


def label_to(label: GarmentLabel) -> dict[str, Any]:
    """Give a label as plain values."""
    return {
        "categories": sorted(label.categories),
        "category_vocabulary": _sorted(label.category_vocabulary),
        "category_weight": label.category_weight,
        "cells": {
            str(name): {
                "state": cell.state.value,
                **{field: sorted(getattr(cell, field)) for field in _SETS},
                "vocabulary": _sorted(cell.vocabulary),
                "looked_at": cell.looked_at,
                "weight": cell.weight,
            }
            for name, cell in sorted(label.cells.items())
        },
    }


def label_from(plain: dict[str, Any]) -> GarmentLabel:
    """Read what `label_to` gave."""
    return GarmentLabel(
        categories=frozenset(plain["categories"]),
        category_vocabulary=_set(plain["category_vocabulary"]),
        category_weight=float(plain.get("category_weight", 1.0)),
        cells={
            AttributeId(name): CellLabel(
                state=CellState(cell["state"]),
                **{field: frozenset(cell[field]) for field in _SETS},
                vocabulary=_set(cell["vocabulary"]),
                looked_at=bool(cell["looked_at"]),
                weight=float(cell["weight"]),
            )
            for name, cell in plain["cells"].items()
        },
    )


def _garment(plain: dict[str, Any]) -> CorrectedGarment:
    width, height = plain["image_wh"]
    x, y, w, h = plain["box_percent"]
    return CorrectedGarment(
        **{name: plain[name] for name in _PLAIN if name not in ("image_wh", "box_percent")},
        image_wh=(int(width), int(height)),
        box_percent=(float(x), float(y), float(w), float(h)),
        label=label_from(plain["label"]),
        embedding=None,
        encoder="",
    )


def _sorted(values: frozenset[Any] | None) -> list[Any] | None:
    return None if values is None else sorted(values)


def _set(values: list[Any] | None) -> frozenset[Any] | None:
    return None if values is None else frozenset(values)
