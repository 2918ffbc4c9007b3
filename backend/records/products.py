"""Which product a picture shows and who sells it: from a table, else from what items say."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

    from backend.review.items import ReviewItem

__all__ = ["ProductTable", "RecordsError", "read_products"]

_PRODUCT, _IMAGE, _SELLER = "product_id", "image", "seller"


class RecordsError(CatalogError):
    """Records cannot be made or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTable:
    """What is known of pictures and products.

    Attributes:
        products: Product id by picture reference.
        sellers: Seller by product id.
    """

    products: Mapping[str, str] = field(default_factory=dict)
    sellers: Mapping[str, str] = field(default_factory=dict)

    def with_items(self, items: Iterable[ReviewItem]) -> ProductTable:
        """Add what items in review say; the table's own word counts first."""
        products, sellers = dict(self.products), dict(self.sellers)
        for item in items:
            if item.product_id:
                for image in (item.image, *(str(view["image"]) for view in item.views)):
                    products.setdefault(image, item.product_id)
                if seller := str(item.claim_text.get(_SELLER) or ""):
                    sellers.setdefault(self.product_of_item(item), seller)
        return ProductTable(products=products, sellers=sellers)

    def product_of_item(self, item: ReviewItem) -> str:
        """Give the product of an item: two products may show the same picture."""
        return self.products.get(item.image) or item.product_id or item.image

    def product_of(self, image: str) -> str:
        """Give the product of a picture; a picture of no known product is one of its own."""
        return self.products.get(image, image)


def read_products(path: Path) -> ProductTable:
    """Read a CSV with the columns `image` and `product_id`, and perhaps `seller`.

    Raises:
        RecordsError: If it cannot be read or a column is missing.
    """
    rows: list[dict[str, str]] = []
    line = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = {_IMAGE, _PRODUCT} - set(reader.fieldnames or ())
            line = reader.line_num
            for row in reader:
                rows.append(row)
                line = reader.line_num
    except csv.Error as error:
        raise RecordsError(f"{path}:{line + 1}: cannot be read as CSV ({error})") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordsError(f"{path}: cannot be read as CSV ({error})") from error
    if missing:
        raise RecordsError(
            f"{path}: no column {', '.join(sorted(missing))}; expected image, product_id and "
            "perhaps seller"
        )
    return ProductTable(
        products={row[_IMAGE]: row[_PRODUCT] for row in rows if row[_IMAGE] and row[_PRODUCT]},
        sellers={row[_PRODUCT]: row[_SELLER] for row in rows if row.get(_SELLER)},
    )
