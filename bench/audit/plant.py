"""Plant one fault into a listing: into its words, or into its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ontology.model import AttributeKind

if TYPE_CHECKING:
    from ontology.model import CategoryId, Ontology

__all__ = ["KINDS", "OF_PICTURES", "Drawn", "Planted", "plant_fault"]

OF_PICTURES = (
    "duplicate_picture",
    "small_picture",
    "blurred_picture",
    "dark_picture",
    "cropped_picture",
    "watermark",
)
"""Faults of a picture that shows the product all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One drawn product: its picture and what is true of it."""

    path: Path
    category: str
    attributes: Mapping[str, str]
    box: tuple[int, int, int, int]
    num_garments: int = 1


@dataclass(slots=True, kw_only=True)
class Planted:
    """One line of the listings' file before it is written.

    Attributes:
        fault: Kind that is to be found; empty for honest listings.
        claims: Words by `category` or attribute id.
        images: File names in the folder of pictures.
    """

    id: str
    fault: str = ""
    claims: dict[str, str] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)


class _Shop:
    """What planting needs: the ontology, the folder, chance, and other products."""

    def __init__(
        self, ontology: Ontology, folder: Path, random: np.random.Generator, drawn: Sequence[Drawn]
    ) -> None:
        self.ontology, self.folder, self.random, self.drawn = ontology, folder, random, drawn

    def one(self, things: Sequence[Any]) -> Any:
        return things[int(self.random.integers(len(things)))]

    def picture(self, name: str) -> Image.Image:
        with Image.open(self.folder / name) as image:
            return image.convert("RGB")

    def other(self, product: Drawn) -> Drawn:
        """Choose a product of another branch of the tree."""
        while True:
            found = self.one(self.drawn)
            if _branch(self.ontology, found.category) != _branch(self.ontology, product.category):
                return found

    def label(self, attribute: str, value: str) -> str:
        return self.ontology.value(attribute, value).label  # type: ignore[arg-type]


def _branch(ontology: Ontology, leaf: str) -> str:
    path: list[CategoryId] = [leaf]  # type: ignore[list-item]
    while (parent := ontology.category(path[-1]).parent) is not None:
        path.append(parent)
    return path[-2]


def plant_fault(
    fault: str,
    line: Planted,
    product: Drawn,
    *,
    ontology: Ontology,
    folder: Path,
    random: np.random.Generator,
    drawn: Sequence[Drawn],
) -> None:
    """Change an honest line, its picture, or both; the line keeps its id.

    Raises:
        KeyError: If there is no such fault.
    """
    line.fault = fault
    KINDS[fault](line, product, _Shop(ontology, folder, random, drawn))


def _contradiction(line: Planted, product: Drawn, shop: _Shop) -> None:
    name = shop.one([n for n in ("base_colour", "pattern") if n in product.attributes])
    values = shop.ontology.allowed(product.category, name)  # type: ignore[arg-type]
    others = [value for value in values if value != product.attributes[name]]
    line.claims[name] = shop.label(name, shop.one(others))


def _wrong_garment(line: Planted, product: Drawn, shop: _Shop) -> None:
    other = shop.other(product)
    line.claims = {"category": shop.ontology.category(other.category).label}  # type: ignore[arg-type]
    line.claims["base_colour"] = shop.label("base_colour", product.attributes["base_colour"])


def _no_garment(line: Planted, product: Drawn, shop: _Shop) -> None:
    plain = np.full((640, 480, 3), shop.random.integers(200, 255, 3), dtype=np.float64)
    noise = shop.random.normal(0, 1.5, plain.shape)
    _save(Image.fromarray(np.clip(plain + noise, 0, 255).astype(np.uint8)), line, shop)


def _several(line: Planted, product: Drawn, shop: _Shop) -> None:
    page = Image.new("RGB", (960, 640), (245, 245, 245))
    for at, one in enumerate((product, shop.other(product))):
        with Image.open(one.path) as image:
            x, y, width, height = one.box
            crop = image.convert("RGB").crop((x, y, x + width, y + height))
        crop.thumbnail((400, 560))
        page.paste(crop, (480 * at + (480 - crop.width) // 2, (640 - crop.height) // 2))
    _save(page, line, shop)


def _views(line: Planted, product: Drawn, shop: _Shop) -> None:
    name = f"{line.id}-other.jpg"
    with Image.open(shop.other(product).path) as image:
        image.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(shop.folder / name)
    line.images = [line.images[0], name]


def _illegal(line: Planted, product: Drawn, shop: _Shop) -> None:
    leaf, found = product.category, []
    for attribute in shop.ontology.attributes:
        legal = shop.ontology.allowed(leaf, attribute.id)  # type: ignore[arg-type]
        found += [(attribute.id, v.id) for v in attribute.values if v.id not in legal]
    name, value = shop.one(found)
    line.claims[name] = shop.label(name, value)


def _exclusive(line: Planted, product: Drawn, shop: _Shop) -> None:
    names = [
        attribute.id
        for attribute in shop.ontology.attributes
        if attribute.kind is AttributeKind.EXCLUSIVE
        and len(shop.ontology.allowed(product.category, attribute.id)) > 1  # type: ignore[arg-type]
    ]
    name = shop.one(names)
    values = list(shop.ontology.allowed(product.category, name))  # type: ignore[arg-type]
    shop.random.shuffle(values)
    line.claims[name] = f"{shop.label(name, values[0])}; {shop.label(name, values[1])}"


def _unknown(line: Planted, product: Drawn, shop: _Shop) -> None:
    line.claims["pattern"] = shop.one(["zigzag swirl", "qwerty", "see description", "model 7B"])


def _misspelt(line: Planted, product: Drawn, shop: _Shop) -> None:
    """Swap two letters inside the colour's or the category's name."""
    name = shop.one(["category", "base_colour"])
    text = line.claims[name]
    if len(text) < 5:
        name, text = "category", line.claims["category"]
    at = int(shop.random.integers(1, max(2, len(text) - 2)))
    line.claims[name] = f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"


def _duplicate(line: Planted, product: Drawn, shop: _Shop) -> None:
    image = shop.picture(line.images[0])
    name = f"{line.id}-copy.jpg"
    image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(shop.folder / name, quality=70)
    line.images = [name]


def _unreadable(line: Planted, product: Drawn, shop: _Shop) -> None:
    how = shop.one(["cut off", "missing", "outside"])
    if how == "missing":
        line.images = [f"{line.id}-gone.jpg"]
    elif how == "outside":
        line.images = [f"../../{line.id}.jpg"]
    else:
        name = f"{line.id}-cut.jpg"
        data = (shop.folder / line.images[0]).read_bytes()
        (shop.folder / name).write_bytes(data[: len(data) // 3])
        line.images = [name]


def _none(line: Planted, product: Drawn, shop: _Shop) -> None:
    line.images = []


def _missing(line: Planted, product: Drawn, shop: _Shop) -> None:
    del line.claims[shop.one(["base_colour", "category"])]


def _changed(change: Callable[[Image.Image, _Shop, Drawn], Image.Image]) -> _Plant:
    def plant(line: Planted, product: Drawn, shop: _Shop) -> None:
        _save(change(shop.picture(line.images[0]), shop, product), line, shop)

    return plant


def _save(image: Image.Image, line: Planted, shop: _Shop) -> None:
    name = f"{line.id}-fault.jpg"
    image.save(shop.folder / name, quality=92)
    line.images = [name]


def _small(image: Image.Image, shop: _Shop, product: Drawn) -> Image.Image:
    return image.resize((120, 160))


def _blurred(image: Image.Image, shop: _Shop, product: Drawn) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(float(shop.random.uniform(2.0, 6.0))))


def _dark(image: Image.Image, shop: _Shop, product: Drawn) -> Image.Image:
    factor = float(shop.random.uniform(0.1, 0.4))
    return image.point([int(v * factor) for v in range(256)] * 3)


def _cropped(image: Image.Image, shop: _Shop, product: Drawn) -> Image.Image:
    """Cut away a third to a half of the product on one side."""
    x, y, width, height = product.box
    cut = float(shop.random.uniform(0.33, 0.5))
    side = shop.one(["left", "top", "right", "bottom"])
    left = x + int(cut * width) if side == "left" else 0
    top = y + int(cut * height) if side == "top" else 0
    right = x + width - int(cut * width) if side == "right" else image.width
    bottom = y + height - int(cut * height) if side == "bottom" else image.height
    return image.crop((left, top, right, bottom))


def _watermark(image: Image.Image, shop: _Shop, product: Drawn) -> Image.Image:
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    strength = int(shop.random.integers(50, 130))
    size = int(shop.random.integers(24, 44))
    for y in range(20, image.height, image.height // 5):
        for x in range(0, image.width, image.width // 3):
            pen.text((x, y), "STOCK", fill=(110, 110, 110, strength), font_size=size)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


_Plant = Callable[[Planted, Drawn, _Shop], None]
KINDS: Mapping[str, _Plant] = {
    "contradicts_picture": _contradiction,
    "wrong_garment": _wrong_garment,
    "no_garment": _no_garment,
    "several_products": _several,
    "views_disagree": _views,
    "illegal_value": _illegal,
    "exclusive_values": _exclusive,
    "unknown_words": _unknown,
    "misspelt": _misspelt,
    "duplicate_picture": _duplicate,
    "unreadable_picture": _unreadable,
    "no_picture": _none,
    "small_picture": _changed(_small),
    "blurred_picture": _changed(_blurred),
    "dark_picture": _changed(_dark),
    "cropped_picture": _changed(_cropped),
    "watermark": _changed(_watermark),
    "missing_mandatory": _missing,
}
