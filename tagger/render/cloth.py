"""Choose what a garment is made of: colour, pattern and print, and the words for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ontology.model import AttributeId, CategoryId, Ontology
from tagger.render import motifs, patterns
from tagger.render.fabric import RGB, Fabric, Weave, plain
from tagger.render.items import Decal
from tagger.render.palette import COLOURS, accent, jitter, mix, pick_colour, thread
from tagger.render.prints import GRAPHICS, graphic, mark

__all__ = ["Chooser", "Cloth", "choose_cloth"]


class Chooser:
    """Draws values for one garment, only such as the ontology allows for its category."""

    def __init__(self, ontology: Ontology, category: str, rng: np.random.Generator) -> None:
        """Keep the category and all of the garment's randomness."""
        self.category = category
        self.rng = rng
        self._ontology = ontology

    def allowed(self, attribute: str) -> frozenset[str] | None:
        """Return the allowed value ids; None where the attribute does not apply."""
        category, wanted = CategoryId(self.category), AttributeId(attribute)
        if wanted not in self._ontology.applicable(category):
            return None
        return frozenset(self._ontology.allowed(category, wanted))

    def pick(self, attribute: str, options: Sequence[str]) -> str:
        """Draw one option; repeated options are likelier, forbidden ones are left out."""
        allowed = self.allowed(attribute)
        usable = [o for o in options if allowed is None or o in allowed] or list(options)
        return usable[int(self.rng.integers(len(usable)))]

    def chance(self, probability: float) -> bool:
        """Say yes with the given probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Draw a number evenly."""
        return float(self.rng.uniform(low, high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth:
    """A garment's cloth and the words for it.

    Attributes:
        main: Of most panels.
        trim: Of collars, cuffs and bands.
        colour: The ground colour.
        second: The other colour.
        thread: Of visible stitches.
        decal: A chest print, if any.
        blocks: Whether some panels take the second colour.
        attributes: Ontology ids, exclusive values.
    """

    main: Fabric
    trim: Fabric
    colour: RGB
    second: RGB
    thread: RGB
    decal: Decal | None
    blocks: bool
    attributes: dict[str, str]

    def lowered(self, y: float) -> Cloth:
        """The same cloth with a large chest print no higher than `y`, below the neck."""
        if self.decal is None or self.decal.box[2] < 10:
            return self
        left, top, width, height = self.decal.box
        moved = replace(self.decal, box=(left, max(top, y), width, height))
        return replace(self, decal=moved)

    @property
    def block(self) -> Fabric:
        """The cloth of contrasting panels: the second colour, or the main cloth without blocks."""
        return plain(self.second, weave=self.main.weave) if self.blocks else self.main


def choose_cloth(
    choose: Chooser,
    *,
    patterns_: Sequence[str],
    colours: Sequence[str],
    weave: Weave = "plain",
    trim_weave: Weave | None = None,
    chest: tuple[float, float] = (0.0, 22.0),
    mark_at: tuple[float, float] | None = (9.0, 17.0),
    gloss: float = 0.05,
    quiet: bool = False,
    upright: bool = False,
) -> Cloth:
    """Choose colours, pattern and print.

    Args:
        choose: The garment's chooser.
        patterns_: Pattern ids to draw from, likelier when repeated.
        colours: Colour ids to draw from.
        weave: Fine structure of the main cloth.
        trim_weave: Of bands and cuffs; the main weave if not given.
        chest: Centre of a chest print, centimetres.
        mark_at: Centre of a small mark; None where there is no place for one.
        gloss: 0 for matt.
        quiet: Stripes and checks close to the ground colour, as in suiting.
        upright: Stripes run down the garment.
    """
    rng = choose.rng
    pattern = choose.pick("pattern", patterns_)
    colour_id = pick_colour(rng, _FITTING.get(pattern, colours), choose.allowed("base_colour"))
    inks = _inks(rng, colour_id, quiet=quiet)
    main = _fabric(rng, pattern, inks, colour_id, upright=quiet or upright)
    decal, motif = _print(rng, pattern, inks, chest=chest, mark_at=mark_at)
    contrast = pattern in ("striped", "colourblocked", "graphic") and choose.chance(0.4)
    return Cloth(
        main=main.woven(weave, gloss=gloss),
        trim=plain(inks[int(contrast)], weave=trim_weave or weave, gloss=gloss),
        colour=inks[0],
        second=inks[1],
        thread=thread(inks[0]),
        decal=decal,
        blocks=pattern == "colourblocked",
        attributes={"pattern": pattern, "base_colour": colour_id} | motif,
    )


def _inks(rng: np.random.Generator, colour_id: str, *, quiet: bool) -> tuple[RGB, RGB, RGB]:
    """The ground colour and two that can be told from it, hardly so if they are to be quiet."""
    colour, second = jitter(rng, colour_id), jitter(rng, accent(rng, colour_id))
    third = jitter(rng, accent(rng, colour_id))
    if quiet:
        second, third = mix(second, colour, 0.62), mix(third, colour, 0.62)
    return colour, second, third


def _print(
    rng: np.random.Generator,
    pattern: str,
    inks: tuple[RGB, RGB, RGB],
    *,
    chest: tuple[float, float],
    mark_at: tuple[float, float] | None,
) -> tuple[Decal | None, dict[str, str]]:
    """The chest print or mark of a pattern, and the word for its motif."""
    if pattern == "graphic":
        kind = tuple(GRAPHICS)[int(rng.integers(len(GRAPHICS)))]
        decal = graphic(rng, kind, inks[1:], centre=chest, width=24.0)
        return decal, {"print_type": GRAPHICS[kind]}
    if pattern == "logo" and mark_at is not None:
        return mark(rng, inks[1], centre=mark_at), {}
    return None, {"print_type": _PRINTS[pattern]} if pattern in _PRINTS else {}


_PRINTS = {"all_over_print": "geometric", "floral": "botanical"}

# Some patterns are only believable in some colours.
_FITTING = {
    "animal": ("beige", "tan", "mustard", "off_white", "grey"),
    "camouflage": ("olive", "khaki", "grey", "green", "beige"),
    "washed": ("blue", "navy_blue", "grey"),
}


def _fabric(
    rng: np.random.Generator,
    pattern: str,
    inks: tuple[RGB, RGB, RGB],
    colour_id: str,
    *,
    upright: bool = False,
) -> Fabric:
    ground, second, third = inks
    if pattern == "striped":
        return patterns.striped(rng, ground, second, upright=upright or bool(rng.random() < 0.35))
    if pattern == "checked":
        return patterns.checked(rng, ground, second)
    if pattern == "polka_dot":
        return patterns.polka_dot(rng, ground, second)
    if pattern == "argyle":
        return patterns.argyle(rng, ground, second)
    if pattern == "all_over_print":
        return patterns.geometric(rng, ground, second)
    if pattern == "animal":
        return patterns.animal(rng, ground)
    if pattern == "camouflage":
        return patterns.camouflage(rng, ground)
    if pattern == "tie_dye":
        return patterns.tie_dye(rng, ground, second)
    if pattern == "floral":
        return motifs.floral(rng, ground, second, third)
    if pattern == "paisley":
        return motifs.paisley(rng, ground, second, third)
    if pattern == "ethnic_motif":
        return motifs.ethnic_motif(rng, ground, second, mix(third, second, 0.3))
    heather = colour_id == "grey_melange"
    return patterns.solid(rng, ground, heather=heather)


KNIT_COLOURS = (
    "black", "white", "white", "grey_melange", "grey", "charcoal", "navy_blue", "navy_blue", "blue",
    "red", "maroon", "green", "olive", "yellow", "orange", "pink", "purple", "teal",
    "turquoise_blue", "off_white", "beige", "mustard", "lavender", "peach", "rust",
)  # fmt: skip
SHIRT_COLOURS = (
    "white", "white", "blue", "blue", "navy_blue", "black", "grey", "off_white", "pink", "lavender",
    "green", "olive", "maroon", "beige", "peach", "purple", "charcoal", "turquoise_blue",
)  # fmt: skip
BRIGHT_COLOURS = (
    "red", "maroon", "pink", "magenta", "orange", "mustard", "yellow", "green", "teal", "blue",
    "turquoise_blue", "purple", "navy_blue", "black", "off_white", "white", "peach", "rust",
    "sea_green", "lavender", "burgundy",
)  # fmt: skip
EARTH_COLOURS = (
    "black", "black", "charcoal", "grey", "navy_blue", "khaki", "beige", "olive", "brown", "tan",
    "taupe", "coffee_brown", "off_white",
)  # fmt: skip
LEATHER_COLOURS = (
    "black", "black", "brown", "coffee_brown", "tan", "maroon", "beige", "grey", "navy_blue", "red",
    "white", "taupe", "olive",
)  # fmt: skip
__all__ += ["BRIGHT_COLOURS", "EARTH_COLOURS", "KNIT_COLOURS", "LEATHER_COLOURS", "SHIRT_COLOURS"]
assert set(KNIT_COLOURS + SHIRT_COLOURS + BRIGHT_COLOURS + EARTH_COLOURS) <= set(COLOURS)  # noqa: S101 - our own invariant
