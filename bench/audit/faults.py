"""Audit drawn listings with one planted fault each, and count what is found and what is not.

A listing is a drawn picture with its true category, colour and up to four more attributes in the
ontology's labels; every third one has a second view, and one in four pictures shows another garment
too. A planted fault is found if the audit gives a finding of its kind; a misspelt claim, if it is
read as what was meant.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bench.audit.plant import KINDS, Drawn, Planted, plant_fault

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.audit.findings import AuditReport, ListingResult
    from tagger.pipeline import Tagger

_SEED = 2026
_PER_KIND = 40
_TOLD = ("pattern", "neck", "sleeve_length", "heel")


def measure_faults(*, count: int, folder: Path) -> dict[str, Any]:
    """Draw, plant, audit and count.

    Args:
        count: Listings; 40 of each kind are faulty if there are enough.
        folder: Where pictures are drawn, once.
    """
    from ontology.load import default_ontology_path, load_ontology
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir

    ontology = load_ontology(default_ontology_path())
    drawn = _draw(ontology, folder / "drawn", count)
    tagger = Tagger.load(shipped_version_dir())
    found = audit_planted(tagger, drawn, folder, kinds=tuple(KINDS))
    return {"model_version": tagger.version, **found}


def audit_planted(
    tagger: Tagger,
    products: list[Drawn],
    folder: Path,
    *,
    kinds: Sequence[str],
    per_kind: int = _PER_KIND,
) -> dict[str, Any]:
    """Plant faults, audit all listings, and count.

    Args:
        tagger: Looks at the pictures.
        products: One listing each.
        folder: Where pictures and listings are written.
        kinds: Names in `KINDS`.
        per_kind: Listings with a fault of each kind, if there are enough.
    """
    from tagger.audit.files import audit_files

    lines = _listings(tagger.ontology, products, folder / "pictures", kinds, per_kind)
    table = folder / "listings.csv"
    _write(lines, table)
    report = audit_files(tagger, table, folder / "pictures")
    return _count(lines, products, report, kinds)


def _draw(ontology: Ontology, folder: Path, count: int) -> list[Drawn]:
    from tagger.render import render_catalog

    file = folder / "annotations.json"
    if not file.exists() or len(json.loads(file.read_text())["images"]) != count:
        render_catalog(folder, count=count, seed=_SEED, ontology=ontology)
    products = []
    for entry in json.loads(file.read_text(encoding="utf-8"))["images"]:
        garment = next(one for one in entry["garments"] if one["primary"])
        products.append(
            Drawn(
                path=folder / entry["file"],
                category=garment["category"],
                attributes={name: values[0] for name, values in garment["attributes"].items()},
                box=tuple(garment["box"]),
                num_garments=len(entry["garments"]),
            )
        )
    return products


def _listings(
    ontology: Ontology, drawn: list[Drawn], folder: Path, kinds: Sequence[str], per_kind: int
) -> list[Planted]:
    random = np.random.default_rng(_SEED)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_honest(ontology, at, product, folder) for at, product in enumerate(drawn)]
    order = random.permutation(len(lines)).tolist()
    fit = [at for at in order if "base_colour" in drawn[at].attributes]
    per_kind = min(per_kind, len(lines) // (len(kinds) + 2), len(fit) // len(kinds))
    for number, fault in enumerate(kinds):
        for at in fit[number * per_kind : (number + 1) * per_kind]:
            plant_fault(
                fault,
                lines[at],
                drawn[at],
                ontology=ontology,
                folder=folder,
                random=random,
                drawn=drawn,
            )
    copies = [_source_of(line, at) for at, line in enumerate(lines) if "duplicate" in line.fault]
    return [*lines, *copies]


def _source_of(line: Planted, at: int) -> Planted:
    """Give the listing whose picture was copied."""
    original = f"{at:04d}.jpg"
    return Planted(
        id=f"{line.id}-original", fault="source", claims=dict(line.claims), images=[original]
    )


def _honest(ontology: Ontology, at: int, product: Drawn, folder: Path) -> Planted:
    name = f"{at:04d}.jpg"
    with Image.open(product.path) as image:
        image = image.convert("RGB")
        image.save(folder / name, quality=92)
        images = [name]
        if at % 3 == 0:
            view = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            view.point([min(255, round(v * 1.04)) for v in range(256)] * 3).save(
                folder / f"{at:04d}-view.jpg", quality=90
            )
            images.append(f"{at:04d}-view.jpg")
    claims = {"category": ontology.category(product.category).label}  # type: ignore[arg-type]
    for attribute in ("base_colour", *_TOLD):
        if attribute in product.attributes:
            value = product.attributes[attribute]
            claims[attribute] = ontology.value(attribute, value).label  # type: ignore[arg-type]
    return Planted(id=f"p{at:04d}", claims=claims, images=images)


def _write(lines: list[Planted], path: Path) -> None:
    columns = list(dict.fromkeys(name for line in lines for name in line.claims))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "image_2", *columns])
        for line in lines:
            images = [*line.images, "", ""][:2]
            writer.writerow([line.id, *images, *(line.claims.get(name, "") for name in columns)])


def _count(
    lines: list[Planted], drawn: list[Drawn], report: AuditReport, kinds: Sequence[str]
) -> dict[str, Any]:
    results = {listing.product_id: listing for listing in report.listings}
    clean = [results[line.id] for line in lines if not line.fault]
    counts = {}
    for fault in kinds:
        planted = [(at, line) for at, line in enumerate(lines) if line.fault == fault]
        found = sum(_is_found(results[line.id], fault, drawn[at]) for at, line in planted)
        alarms = sum(any(one.kind == fault for one in listing.findings) for listing in clean)
        counts[fault] = {"planted": len(planted), "found": found, "false_alarms": alarms}
    return {
        "listings": len(lines),
        "pictures": sum(len(line.images) for line in lines),
        "faulty": sum(bool(line.fault) and line.fault != "source" for line in lines),
        "clean": len(clean),
        "false_alarm_listings": sum(
            any(one.kind in kinds for one in listing.findings) for listing in clean
        ),
        "two_garments": _outfits(lines, drawn, results),
        "kinds": counts,
    }


def _outfits(lines: list[Planted], drawn: list[Drawn], results: dict[str, ListingResult]) -> int:
    """Count honest listings that were told to show several products and do show two garments."""
    return sum(
        any(one.kind == "several_products" for one in results[line.id].findings)
        for line, product in zip(lines, drawn, strict=False)
        if not line.fault and product.num_garments > 1
    )


def _is_found(listing: ListingResult, fault: str, product: Drawn) -> bool:
    kinds = {str(one.kind) for one in listing.findings}
    if fault != "misspelt":
        # Another product altogether is a contradiction of the category as well, and may be told so.
        also = {"wrong_garment": {"contradicts_picture"}}.get(fault, set())
        return fault in kinds or bool(also & kinds)
    wanted = {"category": product.category, "base_colour": product.attributes["base_colour"]}
    return "unknown_words" not in kinds and all(
        listing.claims.get(name) == (value,) for name, value in wanted.items()
    )
