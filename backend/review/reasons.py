"""Why an item may be refused; the code is stored, the text can be sent to the seller."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["REASONS"]

REASONS: Mapping[str, str] = {
    "wrong_product": "The picture shows another product than the listing says.",
    "no_product": "The picture shows no product.",
    "several_products": "The picture shows several products, and it is not clear which is sold.",
    "not_clear": "The picture is too small, too dark or not sharp.",
    "cropped": "The product is cut off.",
    "marked": "There is text, a logo or a watermark over the product.",
    "duplicate": "The picture is that of another listing.",
    "wrong_details": "What the listing says differs from the picture in too many places.",
    "not_allowed": "The product must not be sold here.",
}
