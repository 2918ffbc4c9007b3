"""What tops share: fit, neck and the finished drawing."""

from __future__ import annotations

from dataclasses import replace

from tagger.render.cloth import Chooser, Cloth
from tagger.render.cut import Cut
from tagger.render.items import Drawing, Item
from tagger.render.upper import hem_part

__all__ = ["finish_top", "fitted", "with_neck"]


def fitted(choose: Chooser, cut: Cut) -> tuple[Cut, str]:
    """Widen or narrow a cut and name the fit."""
    fit = choose.pick("fit", ("slim", "regular", "regular", "loose"))
    wide = {"slim": -2.4, "regular": 0.0, "loose": 3.6}.get(fit, 0.0)
    return (
        replace(
            cut,
            chest=cut.chest + wide * 0.8,
            waist=cut.waist + wide * 1.15,
            hem=cut.hem + wide,
            shoulder=cut.shoulder + max(0.0, wide) * 0.6,
        ),
        fit,
    )


_NECK_DEPTH = {"round": 8.5, "v_neck": 15.0, "scoop": 13.5, "henley": 8.5, "polo_collar": 8.0}


def with_neck(choose: Chooser, cut: Cut, neck: str) -> Cut:
    """Set the neckline's shape and depth."""
    depth = _NECK_DEPTH.get(neck, 8.5) + choose.between(-1.0, 1.5)
    kind = neck if neck in ("v_neck", "scoop", "square", "boat") else "round"
    half = cut.neck + (1.6 if neck == "scoop" else 0.0)
    return replace(cut, neck_kind=kind, neck_depth=depth, neck=half)


def finish_top(
    choose: Chooser,
    items: list[Item],
    cut: Cut,
    cloth: Cloth,
    found: dict[str, str],
    pockets: tuple[str, ...] = (),
) -> Drawing:
    """Return the finished drawing."""
    attributes: dict[str, tuple[str, ...]] = {
        name: (value,) for name, value in {**cloth.attributes, **found}.items()
    }
    if pockets:
        attributes["pockets"] = pockets
    parts = {} if found.get("hem") == "ribbed" else {"hem": (hem_part(cut),)}
    return Drawing(
        category=choose.category,
        attributes=attributes,
        items=tuple(items),
        worn="upper",
        parts=parts,
    )
