"""Draw a whole catalog: pictures, and one file with what is known about each garment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from PIL import Image

from ontology.decode import violations
from ontology.errors import CatalogError
from ontology.model import AttributeId, CategoryId, Ontology, ValueId
from tagger.render.cloth import Chooser
from tagger.render.items import Drawing
from tagger.render.scene import Scene, Seen, compose
from tagger.render.wardrobe import WARDROBE
from tagger.run_length import encode_mask

__all__ = [
    "FORMAT",
    "RenderError",
    "drawable_categories",
    "legal",
    "render_catalog",
    "render_scene",
]

log = structlog.get_logger(__name__)

FORMAT = 1
_JPEG_QUALITY = 92


class RenderError(CatalogError):
    """A catalog cannot be drawn as asked."""


def render_catalog(
    out: Path,
    *,
    count: int,
    seed: int,
    ontology: Ontology,
    image_wh: tuple[int, int] = (480, 640),
    missing_share: float = 0.0,
    outfit_share: float = 0.25,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Draw pictures into `images/`, then write `annotations.json` beside it in one step.

    The same arguments give the same bytes; a picture does not depend on how many follow it.

    Args:
        out: Folder; made if needed.
        count: Number of pictures, at least 1.
        seed: At least 0.
        ontology: Decides which categories are drawn and which attributes are stated.
        image_wh: Width and height in pixels, each at least 64.
        missing_share: Share of attributes that are marked as missing, 0 to 1.
        outfit_share: Share of pictures with two garments, 0 to 1.
        progress: Called after every picture with the number drawn so far.

    Raises:
        RenderError: If an argument is out of range or nothing in the ontology can be drawn.
    """
    _check(count, seed, image_wh, missing_share, outfit_share)
    names = drawable_categories(ontology)
    (out / "images").mkdir(parents=True, exist_ok=True)
    entries = []
    for number in range(1, count + 1):
        name = f"images/{number:06d}.jpg"
        scene, rng = render_scene(
            number, seed, ontology, names, image_wh=image_wh, outfit_share=outfit_share
        )
        Image.fromarray(scene.rgb).save(out / name, quality=_JPEG_QUALITY, subsampling=0)
        entries.append(_entry(name, scene, ontology, rng, missing_share))
        if progress is not None:
            progress(number)
    _write(out, {"format": FORMAT, "ontology": ontology.id, "seed": seed, "images": entries})
    log.info("catalog_rendered", pictures=count, seed=seed)


def _write(out: Path, catalog: dict[str, Any]) -> None:
    partial = out / "annotations.json.part"
    partial.write_text(json.dumps(catalog, separators=(",", ":")) + "\n", encoding="utf-8")
    partial.replace(out / "annotations.json")


def _check(
    count: int, seed: int, image_wh: tuple[int, int], missing_share: float, outfit_share: float
) -> None:
    if count < 1:
        raise RenderError(f"cannot draw {count} pictures; expected at least 1")
    if seed < 0:
        raise RenderError(f"seed is {seed}; expected 0 or more")
    if min(image_wh) < 64:
        raise RenderError(f"picture size is {image_wh}; expected at least 64 pixels a side")
    for name, share in (("missing_share", missing_share), ("outfit_share", outfit_share)):
        if not 0.0 <= share <= 1.0:
            raise RenderError(f"{name} is {share}; expected 0 to 1")


def drawable_categories(ontology: Ontology) -> tuple[str, ...]:
    """Return the ontology's leaves that the renderer can draw, in the renderer's order.

    Raises:
        RenderError: If there is none.
    """
    leaves = set(ontology.leaves)
    names = tuple(name for name in WARDROBE if CategoryId(name) in leaves)
    if not names:
        raise RenderError(
            f"ontology {ontology.id!r} has no category that can be drawn; expected one of "
            + ", ".join(sorted(WARDROBE))
        )
    return names


def render_scene(
    number: int,
    seed: int,
    ontology: Ontology,
    names: tuple[str, ...],
    *,
    image_wh: tuple[int, int],
    outfit_share: float,
) -> tuple[Scene, np.random.Generator]:
    """Draw one picture; returns the generator for what is decided after it.

    Args:
        number: Which picture, from 1.
        seed: The catalog's.
        ontology: What may be stated.
        names: Categories to draw from; they take turns so that all come equally often.
        image_wh: Pixels.
        outfit_share: Share of pictures with two garments.
    """
    rng = np.random.default_rng([seed, number])
    turn, place = divmod(number - 1, len(names))
    order = np.random.default_rng([seed, 0, turn]).permutation(len(names))
    first = _draw(names[int(order[place])], ontology, rng)
    garments = [first]
    partner = _partner(first, names, rng) if rng.random() < outfit_share else None
    if partner is not None:
        garments.append(_draw(partner, ontology, rng))
    return compose(garments, rng, image_wh=image_wh), rng


def _draw(name: str, ontology: Ontology, rng: np.random.Generator) -> Drawing:
    return WARDROBE[name](Chooser(ontology, name, rng))


_UPPERS = (
    "tshirt", "longsleeve_tshirt", "shirt", "sweater", "sweatshirt", "hoodie", "jacket", "blazer",
    "top", "kurti",
)  # fmt: skip
_LOWERS = ("jeans", "trousers", "track_pants", "shorts", "skirt")
_UNDER_LONG = ("leggings", "palazzo", "jeans", "trousers")


def _partner(first: Drawing, names: tuple[str, ...], rng: np.random.Generator) -> str | None:
    """Choose what is worn with a garment; None if nothing is."""
    if first.worn == "upper":
        long = first.bounds()[3] > 80.0
        options = [name for name in (_UNDER_LONG if long else _LOWERS) if name in names]
    elif first.worn == "lower":
        options = [name for name in _UPPERS if name in names]
    else:
        return None
    return options[int(rng.integers(len(options)))] if options else None


def _entry(
    name: str, scene: Scene, ontology: Ontology, rng: np.random.Generator, missing_share: float
) -> dict[str, Any]:
    height, width = scene.rgb.shape[:2]
    garments = [
        _garment(seen, index == 0, ontology, rng, missing_share)
        for index, seen in enumerate(scene.seen)
    ]
    return {"file": name, "width": width, "height": height, "garments": garments}


def _garment(
    seen: Seen, primary: bool, ontology: Ontology, rng: np.random.Generator, missing_share: float
) -> dict[str, Any]:
    drawn = {k: v for k, v in seen.drawing.attributes.items() if k not in seen.hidden}
    attributes = legal(ontology, seen.drawing.category, drawn)
    missing = [name for name in attributes if rng.random() < missing_share]
    return {
        "box": list(seen.box),
        "mask": encode_mask(seen.mask),
        "primary": primary,
        "category": seen.drawing.category,
        "attributes": {name: list(values) for name, values in attributes.items()},
        "missing": missing,
        "parts": {name: list(box) for name, box in sorted(seen.parts.items())},
    }


def legal(
    ontology: Ontology, category: str, drawn: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Keep what the ontology can say about a drawn garment.

    Attributes and values that it does not know for the category are left out; if a rule is broken,
    the attributes that break it are left out, the later ones first.
    """
    leaf = CategoryId(category)
    kept: dict[str, tuple[str, ...]] = {}
    applicable = set(ontology.applicable(leaf))
    for name, values in drawn.items():
        if AttributeId(name) in applicable:
            allowed = set(ontology.allowed(leaf, AttributeId(name)))
            usable = tuple(value for value in values if ValueId(value) in allowed)
            if usable:
                kept[name] = usable
    for name in reversed(list(kept)):
        before = _broken(ontology, leaf, kept)
        if not before:
            break
        without = {k: v for k, v in kept.items() if k != name}
        if _broken(ontology, leaf, without) < before:
            kept = without
    return kept


def _broken(ontology: Ontology, leaf: CategoryId, cells: dict[str, tuple[str, ...]]) -> int:
    typed = {AttributeId(k): tuple(ValueId(v) for v in values) for k, values in cells.items()}
    return len(violations(ontology, leaf, typed))
