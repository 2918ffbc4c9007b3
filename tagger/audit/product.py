"""Which of several garments in a picture is the product.

The primary one, unless its likeliest category belongs to another branch of the tree than what the
listing claims. Then it is, of the garments that fit, the one in which the claim is the likeliest.
A garment fits if it is of the claimed branch, or gives the claim 5 % and ten times what the primary
one gives it: near branches (a knitted top, a top) are easily confused.
A part of a garment is not another one: what fits has to lie mostly outside of the primary one, or
the primary one holds a whole outfit, another garment of another branch beside it. Where none fits,
the primary one stays, and the claim is judged by it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ontology.model import CategoryId, Ontology
    from tagger.audit.seen import SeenPicture
    from tagger.boxes import PixelBox
    from tagger.pipeline import Garment

__all__ = ["branch", "pick_product", "seems_another"]

_MAX_INSIDE = 0.5
_MIN_CLAIM = 0.05
_MIN_RATIO = 10.0


def branch(ontology: Ontology, leaf: CategoryId) -> CategoryId:
    """Give the ancestor just below the root, or the root itself where that is the parent."""
    path = [leaf]
    while (parent := ontology.category(path[-1]).parent) is not None:
        path.append(parent)
    return path[-2] if len(path) > 1 else path[-1]


def seems_another(picture: SeenPicture, leaves: Collection[CategoryId], ontology: Ontology) -> bool:
    """Tell whether a picture's garment is of another branch than the claimed leaves."""
    garment = picture.garment
    if garment is None or not leaves:
        return False
    return not _fits(garment, leaves, ontology)


def pick_product(
    picture: SeenPicture, leaves: Collection[CategoryId], ontology: Ontology
) -> SeenPicture:
    """Give the picture with the garment that the claimed leaves speak of, by the rule above.

    Args:
        picture: With everything that was found in it.
        leaves: What the claimed category covers; empty if none is claimed.
        ontology: The tree of categories.
    """
    first = picture.garment
    if first is None or not seems_another(picture, leaves, ontology):
        return picture
    least = max(_MIN_CLAIM, _MIN_RATIO * _claimed(first, leaves))
    fitting = [
        one
        for one in picture.garments
        if one.id != first.id and (_fits(one, leaves, ontology) or _claimed(one, leaves) >= least)
    ]
    rest = [one for one in picture.garments if one not in fitting]
    fitting = [
        one for one in fitting if _is_apart(one, first) or any(_beside(one, two) for two in rest)
    ]
    if not fitting:
        return picture
    best = max(fitting, key=lambda one: _claimed(one, leaves))
    regions = tuple({**one, "primary": one["id"] == best.id} for one in picture.regions)
    return replace(picture, garment=replace(best, primary=True), regions=regions)


def _fits(garment: Garment, leaves: Collection[CategoryId], ontology: Ontology) -> bool:
    return branch(ontology, garment.category) in {branch(ontology, leaf) for leaf in leaves}


def _is_apart(one: Garment, other: Garment) -> bool:
    return _inside(one.box, other.box) < _MAX_INSIDE


def _beside(one: Garment, other: Garment) -> bool:
    return _is_apart(one, other) and _is_apart(other, one)


def _claimed(garment: Garment, leaves: Collection[CategoryId]) -> float:
    return sum(garment.category_scores.get(leaf, 0.0) for leaf in leaves)


def _inside(box: PixelBox, other: PixelBox) -> float:
    """Give the share of a box that lies inside another one, 0..1."""
    width = min(box.x1, other.x1) - max(box.x0, other.x0)
    height = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(0.0, width) * max(0.0, height) / box.area
