"""What a drawing says about itself is what it shows."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from ontology import default_ontology_path, load_ontology
from tagger.render.cloth import Chooser
from tagger.render.items import Drawing, Panel
from tagger.render.palette import COLOURS
from tagger.render.wardrobe import WARDROBE

ONTOLOGY = load_ontology(default_ontology_path())
SEEDS = range(14)


@functools.cache
def drawings(name: str) -> list[Drawing]:
    return [
        WARDROBE[name](Chooser(ONTOLOGY, name, np.random.default_rng([seed, len(name)])))
        for seed in SEEDS
    ]


def panels(drawing: Drawing) -> list[Panel]:
    return [item for item in drawing.items if isinstance(item, Panel)]


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_prints_marks_and_thread_work_are_drawn_exactly_where_they_are_stated(name):
    for drawing in drawings(name):
        [pattern] = drawing.attributes["pattern"]
        printed = any(panel.decal is not None for panel in panels(drawing))

        assert printed == (pattern in ("graphic", "logo", "embroidered"))


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_woven_and_printed_patterns_are_in_the_cloth(name):
    for drawing in drawings(name):
        [pattern] = drawing.attributes["pattern"]
        varied = max(panel.fabric.tile.std(axis=(0, 1)).max() for panel in panels(drawing))
        if pattern in ("striped", "checked", "floral", "polka_dot", "animal", "paisley", "washed"):
            assert varied > 5
        if pattern in ("solid", "logo") and drawing.attributes["base_colour"] != ("grey_melange",):
            assert varied < 5


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_the_stated_colour_is_that_of_some_panel(name):
    for drawing in drawings(name):
        if drawing.attributes["pattern"] == ("washed",) or name == "jeans":
            continue
        [colour] = drawing.attributes["base_colour"]
        wanted = np.asarray(COLOURS[colour])
        near = min(
            np.linalg.norm(panel.fabric.tile.reshape(-1, 3) - wanted, axis=1).min()
            for panel in panels(drawing)
        )

        assert near < 60


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_drawings_vary(name):
    shapes = {tuple(round(edge, 3) for edge in drawing.bounds()) for drawing in drawings(name)}
    colours = {drawing.attributes["base_colour"] for drawing in drawings(name)}

    assert len(shapes) >= 2
    assert len(colours) >= 3


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("shirt", "collar"),
        ("shirt", "placket"),
        ("shirt", "sleeve_left"),
        ("shirt", "sleeve_right"),
        ("tshirt", "hem"),
        ("dress", "skirt"),
        ("jeans", "waistband"),
        ("jeans", "pocket"),
        ("casual_shoe", "toe"),
        ("formal_shoe", "heel"),
        ("sandal", "strap"),
        ("handbag", "handle"),
        ("socks", "cuff"),
    ],
)
def test_garments_have_their_parts(name, part):
    for drawing in drawings(name):
        outlines = drawing.part_outlines()
        x0, y0, x1, y1 = drawing.bounds()

        assert part in outlines
        for outline in outlines[part]:
            assert outline[:, 0].min() >= x0 - 1
            assert outline[:, 0].max() <= x1 + 1
            assert outline[:, 1].min() >= y0 - 1
            assert outline[:, 1].max() <= y1 + 1


@pytest.mark.parametrize("name", ["tshirt", "shirt", "kurta", "dress"])
def test_the_stated_sleeve_is_as_long_as_drawn(name):
    reach = {"short": [], "full": []}
    for drawing in drawings(name):
        [stated] = drawing.attributes["sleeve_length"]
        if stated in reach:
            [outline] = drawing.part_outlines()["sleeve_right"]
            reach[stated].append(outline[:, 1].max() - outline[:, 1].min())

    assert not reach["short"] or max(reach["short"]) < 40
    assert not reach["full"] or min(reach["full"]) > 40
