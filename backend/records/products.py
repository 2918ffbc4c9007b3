"""Which product a picture shows and who sells it: from a table, else from what items say."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

    from backend.review.items import ReviewItem

__all__ = ["Product", "ProductTable", "RecordsError", "read_products"]

Product = tuple[str, str]
"""A product's id and its seller, who is empty where nobody names one; ids are a seller's own."""

_PRODUCT, _IMAGE, _SELLER = "product_id", "image", "seller"


class RecordsError(CatalogError):
    """Records cannot be made or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTable:
    """What is known of pictures and products.

    Attributes:
        products: Product id by picture reference.
        sellers: Seller by product id, of products that have one seller only.
        listed: Product by picture reference, as items in review say; `products` counts first.
    """

    products: Mapping[str, str] = field(default_factory=dict)
    sellers: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, Product] = field(default_factory=dict)

    def with_items(self, items: Iterable[ReviewItem]) -> ProductTable:
        """Add what items in review say; the table's own word counts first."""
        items = [item for item in items if item.product_id]
        named: dict[str, set[str]] = {}
        for item in items:
            if seller := item.seller:
                named.setdefault(self._id_of(item), set()).add(seller)
        only = {name: min(found) for name, found in named.items() if len(found) == 1}
        table = replace(self, sellers={**only, **self.sellers})
        listed: dict[str, Product] = {}
        for item in items:
            for image in (item.image, *(str(view["image"]) for view in item.views)):
                listed.setdefault(image, table.product_of_item(item))
        return replace(table, listed=listed)

    def product_of_item(self, item: ReviewItem) -> Product:
        """Give the product of an item: two products may show the same picture, or have one id."""
        name, seller = self._id_of(item), item.seller
        if not seller or item.image in self.products:
            seller = self.sellers.get(name, seller)
        return name, seller

    def product_of(self, image: str) -> Product:
        """Give the product of a picture; a picture of no known product is one of its own."""
        if image not in self.products and image in self.listed:
            return self.listed[image]
        name = self.products.get(image, image)
        return name, self.sellers.get(name, "")

    def _id_of(self, item: ReviewItem) -> str:
        return self.products.get(item.image) or item.product_id or item.image


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
