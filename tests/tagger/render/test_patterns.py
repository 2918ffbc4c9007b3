from __future__ import annotations

import numpy as np
import pytest

from tagger.render import motifs, patterns
from tagger.render.fabric import plain

GROUND, SECOND, THIRD = (200.0, 40.0, 50.0), (240.0, 240.0, 235.0), (30.0, 40.0, 90.0)

MAKERS = {
    "striped": lambda rng: patterns.striped(rng, GROUND, SECOND, upright=False),
    "upright": lambda rng: patterns.striped(rng, GROUND, SECOND, upright=True),
    "checked": lambda rng: patterns.checked(rng, GROUND, SECOND),
    "polka_dot": lambda rng: patterns.polka_dot(rng, GROUND, SECOND),
    "argyle": lambda rng: patterns.argyle(rng, GROUND, SECOND),
    "geometric": lambda rng: patterns.geometric(rng, GROUND, SECOND),
    "animal": lambda rng: patterns.animal(rng, GROUND),
    "camouflage": lambda rng: patterns.camouflage(rng, GROUND),
    "floral": lambda rng: motifs.floral(rng, GROUND, SECOND, THIRD),
    "paisley": lambda rng: motifs.paisley(rng, GROUND, SECOND, THIRD),
    "ethnic_motif": lambda rng: motifs.ethnic_motif(rng, GROUND, SECOND, THIRD),
}


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_patterns_repeat_and_depend_on_the_seed_only(name):
    fabric = MAKERS[name](np.random.default_rng(5))
    again = MAKERS[name](np.random.default_rng(5))
    u, v = np.meshgrid(np.linspace(0.01, 9, 40), np.linspace(0.01, 9, 40))
    u, v = u.astype(np.float32), v.astype(np.float32)
    width = fabric.tile_cm[0]
    column = np.floor(u * (fabric.tile.shape[1] / width)).astype(int) % fabric.tile.shape[1]
    moved = np.floor((u + width) * (fabric.tile.shape[1] / width)).astype(int)

    assert (fabric.tile == again.tile).all()
    assert np.abs(column - moved % fabric.tile.shape[1]).max() in (0, 1, fabric.tile.shape[1] - 1)
    assert fabric.tile.std(axis=(0, 1)).max() > 8
    assert 0 <= fabric.tile.min() <= fabric.tile.max() <= 255


@pytest.mark.parametrize("name", ["polka_dot", "paisley", "ethnic_motif", "geometric"])
def test_the_ground_colour_dominates_small_prints(name):
    tile = MAKERS[name](np.random.default_rng(3)).tile
    near = np.linalg.norm(tile - np.asarray(GROUND), axis=2) < 30

    assert near.mean() > 0.5


@pytest.mark.parametrize("weave", ["plain", "denim", "knit", "rib", "leather", "canvas", "fleece"])
def test_a_weave_is_fine_structure_around_the_colour(weave):
    u, v = np.meshgrid(np.linspace(0, 20, 200), np.linspace(0, 20, 200))

    colours = plain(GROUND, weave=weave).sample(u.astype(np.float32), v.astype(np.float32))

    assert colours.mean(axis=(0, 1)) == pytest.approx(GROUND, rel=0.05)
    assert 0.3 < colours[..., 0].std() < 40
