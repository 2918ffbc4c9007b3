"""Lay an audit out as one HTML page that needs nothing from outside; pictures are inside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.audit.findings import FindingKind

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.audit.findings import AuditReport, Finding, ListingResult, SellerSummary

__all__ = ["Opener", "Overlay", "render_page"]

Opener = Callable[[str], "Image | None"]
"""Gives a picture by its reference; None if it cannot be read."""
Overlay = Callable[["Image", "Finding"], "Image | None"]
"""Draws where the model looked for a finding; None if it has nothing to show."""

_STYLE = Path(__file__).with_name("page.css")
_THUMB_PX = 220
_MAX_SELLERS = 100
_WORDS = {kind: kind.value.replace("_", " ") for kind in FindingKind}


def render_page(
    report: AuditReport,
    *,
    open_picture: Opener,
    overlay: Overlay | None = None,
    num_shown: int = 200,
) -> str:
    """Give the page: counts first, then the riskiest listings with their pictures.

    Args:
        report: What was found.
        open_picture: Gives pictures.
        overlay: Draws heat for a finding; without it only boxes are drawn.
        num_shown: Listings that are shown; the rest is in the other files.
    """
    faulty = [listing for listing in report.listings if listing.findings]
    shown = faulty[:num_shown]
    cards = "".join(_card(listing, open_picture, overlay) for listing in shown)
    rest = len(faulty) - len(shown)
    more = f"<p>{rest} more listings are in audit.json and findings.csv.</p>" if rest else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Audit of {len(report.listings)} listings</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<main>
<h1>Audit of {len(report.listings):,} listings</h1>
<p>{len(faulty):,} have findings. Model version <code>{escape(report.model_version)}</code>.
Risk is the probability that something said or shown is wrong; what was not said has none.</p>
{_counts(report)}
{_sellers(report.sellers)}
{_notes(report.notes)}
{cards}
{more}
</main>
</body>
</html>
"""


def _counts(report: AuditReport) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_WORDS[FindingKind(kind)]}</th><td>{count:,}</td></tr>'
        for kind, count in report.counts.items()
    )
    return f"<table><caption>Findings by kind</caption>{rows}</table>" if rows else ""


def _sellers(sellers: Sequence[SellerSummary]) -> str:
    if not sellers:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(one.name) or "<em>not said</em>"}</th>'
        f"<td>{one.num_listings:,}</td><td>{one.num_faulty:,}</td>"
        f"<td>{one.num_contradicted:,} ({one.share:.0%})</td>"
        f'<td class="kinds">{_kinds(one.counts)}</td></tr>'
        for one in sellers[:_MAX_SELLERS]
    )
    rest = len(sellers) - _MAX_SELLERS
    more = f"<p>{rest:,} more sellers are in audit.json.</p>" if rest > 0 else ""
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("seller", "listings", "with findings", "contradicted", "findings by kind")
    )
    return (
        '<div class="wide"><table class="sellers"><caption>Sellers</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )


def _kinds(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_WORDS[FindingKind(kind)]}" for kind, count in counts.items())


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    lines = "".join(f"<li>{escape(note)}</li>" for note in notes[:100])
    rest = f"<li>and {len(notes) - 100} more</li>" if len(notes) > 100 else ""
    head = f"<summary>{len(notes)} notes on the input</summary>"
    return f"<details>{head}<ul>{lines}{rest}</ul></details>"


def _card(listing: ListingResult, open_picture: Opener, overlay: Overlay | None) -> str:
    images = {reference: open_picture(reference) for reference in listing.pictures[:6]}
    figures = "".join(
        _figure(reference, image, listing.regions.get(reference, ()))
        for reference, image in images.items()
        if image is not None
    )
    items = "".join(_item(finding, images, overlay) for finding in listing.findings)
    words = {"seller": listing.seller} if listing.seller else {}
    words |= listing.claim_text
    said = "; ".join(f"{name}: {text}" for name, text in words.items())
    return f"""<article>
<h2><code>{escape(listing.product_id)}</code> {escape(listing.title)}
<span class="risk">risk {listing.risk:.0%}</span></h2>
<p class="said">{escape(said)}</p>
<div class="pictures">{figures}</div>
<ol>{items}</ol>
</article>
"""


def _item(finding: Finding, images: Mapping[str, Image | None], overlay: Overlay | None) -> str:
    heat = ""
    image = images.get(finding.picture)
    if overlay is not None and image is not None and finding.seen and finding.region_id:
        drawn = overlay(image, finding)
        if drawn is not None:
            label = escape(f"where the model looked for {finding.seen}")
            heat = f'<img class="heat" alt="{label}" src="{_inline(drawn)}">'
    return (
        f'<li><span class="kind">{_WORDS[finding.kind]}</span> '
        f'<span class="risk">{finding.risk:.0%}</span> {escape(finding.reason)}{heat}</li>'
    )


def _figure(reference: str, image: Image, regions: Sequence[Mapping[str, Any]]) -> str:
    boxes = "".join(_box(region) for region in regions)
    name = escape(reference)
    return (
        f'<figure><div class="frame"><img alt="{name}" src="{_inline(image)}">'
        f'<svg viewBox="0 0 {image.width} {image.height}" aria-hidden="true">{boxes}</svg></div>'
        f"<figcaption>{name}</figcaption></figure>"
    )


def _box(region: Mapping[str, Any]) -> str:
    x, y, width, height = (float(edge) for edge in region["box"])
    kind = "primary" if region.get("primary") else "other"
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _inline(image: Image) -> str:
    small = image.convert("RGB")
    small.thumbnail((_THUMB_PX, _THUMB_PX), reducing_gap=2.0)
    stream = io.BytesIO()
    small.save(stream, format="JPEG", quality=78)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
