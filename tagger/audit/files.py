"""Audit a CSV of listings with pictures in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tagger.audit.claims import claimed_leaves
from tagger.audit.columns import CATEGORY
from tagger.audit.listing import read_listings
from tagger.audit.product import seems_another
from tagger.audit.risk import MIN_RISK, shipped_risk, shipped_trust
from tagger.audit.run import AuditRules, audit_listings
from tagger.audit.seen import look_at_pictures, look_closer, picture_path
from tagger.audit.words import ClaimReader
from tagger.images import ImageError, read_image

if TYPE_CHECKING:
    from PIL.Image import Image

    from ontology.model import Ontology
    from tagger.audit.findings import AuditReport
    from tagger.audit.listing import Listing
    from tagger.audit.page import Opener
    from tagger.audit.seen import SeenPicture
    from tagger.pipeline import Tagger
    from tagger.promise_file import PromiseSet

__all__ = ["audit_files", "picture_opener", "rules_for"]


def rules_for(
    tagger: Tagger,
    *,
    min_risk: float = MIN_RISK,
    base_rate: float | None = None,
    promises: PromiseSet | None = None,
) -> AuditRules:
    """Give the rules that fit a model version.

    Args:
        tagger: The version.
        min_risk: Claims below this risk are not reported, 0..1.
        base_rate: Share of claims that are wrong, 0..1; None for the usual one.
        promises: The version's, if it has any: what is sure enough to be suggested.
    """
    risk = shipped_risk(tagger.version)
    if base_rate is not None:
        risk = replace(risk, base_rate=base_rate)
    return AuditRules(
        risk=risk,
        trust=shipped_trust(),
        min_risk=min_risk,
        sure_category=max(0.5, tagger.scorer.calibration.category_threshold),
        promises=promises,
    )


def audit_files(
    tagger: Tagger,
    listings: Path,
    images: Path,
    *,
    words: Path | None = None,
    min_risk: float = MIN_RISK,
    base_rate: float | None = None,
    promises: PromiseSet | None = None,
    watch: Callable[[int, int], None] = lambda _done, _total: None,
) -> AuditReport:
    """Audit the listings of a file.

    Args:
        tagger: The model version.
        listings: CSV, see `tagger.audit.listing.read_listings`.
        images: Folder; pictures outside of it are not opened.
        words: Data set description whose words sellers use, before the ontology's own names.
        min_risk: Claims below this risk are not reported, 0..1.
        base_rate: Share of claims that are wrong before anybody looked, 0..1.
        promises: See `rules_for`.
        watch: Called with (done, all) pictures.

    Raises:
        ListingError: If the file cannot be used at all.
        DatasetError: If the description cannot.
    """
    from tagger.sources.description import load_description

    found = read_listings(listings, tagger.ontology)
    reader = ClaimReader(
        tagger.ontology, description=None if words is None else load_description(words)
    )
    references = list(dict.fromkeys(name for one in found.listings for name in one.pictures))
    seen = {one.reference: one for one in look_at_pictures(tagger, references, images, watch=watch)}
    again = _in_doubt(found.listings, seen, reader, tagger.ontology)
    seen.update((one.reference, one) for one in look_closer(tagger, again, images))
    return audit_listings(
        found.listings,
        seen,
        tagger.ontology,
        taught=tagger.real,
        rules=rules_for(tagger, min_risk=min_risk, base_rate=base_rate, promises=promises),
        reader=reader,
        model_version=tagger.version,
        notes=found.notes,
    )


def _in_doubt(
    listings: Sequence[Listing],
    seen: Mapping[str, SeenPicture],
    reader: ClaimReader,
    ontology: Ontology,
) -> list[SeenPicture]:
    """Give the pictures whose garment is none that their listing claims, each once."""
    found = {}
    for listing in listings:
        leaves = claimed_leaves(ontology, reader.read_all(listing.claims).get(CATEGORY))
        for name in listing.pictures:
            if seems_another(seen[name], leaves, ontology):
                found[name] = seen[name]
    return list(found.values())


def picture_opener(images: Path) -> Opener:
    """Give a function that reads pictures below a folder."""

    def read(reference: str) -> Image | None:
        path = picture_path(reference, images)
        if isinstance(path, str):
            return None
        try:
            return read_image(path, name=reference)
        except (ImageError, OSError):
            return None

    return read
