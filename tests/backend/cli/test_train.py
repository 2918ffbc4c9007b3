"""`weft train` reads recipes and packs, and what is written on the command line wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend.cli import app

RECIPE = """
format: 1
data:
  - {set: clothing-small, draw: 1.5}
  - {set: ccp}
stages:
  - {epochs: 3, rate: 0.5, seed: 1}
  - {epochs: 1, rate: 0.25, seed: 2, crop_size: 208}
average: [1, 2]
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Keep what would be trained."""
    import tagger.train

    kept: dict[str, Any] = {}

    def keep(_ontology: object, data: list[Path], **others: Any) -> Path:
        kept.update(others, data=data)
        return tmp_path / "version"

    monkeypatch.setenv("WEFT_DATA_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(tagger.train, "train_stages", keep)
    return kept


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def train(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def test_a_recipe_alone_decides_everything(asked: dict[str, Any], recipe: Path) -> None:
    result = train("--recipe", recipe)

    assert result.exit_code == 0, result.output
    assert [path.name for path in asked["data"]] == ["clothing-small.yaml", "ccp.yaml"]
    assert [config.loop.epochs for config in asked["stages"]] == [3, 1]
    assert [config.loop.crop_size for config in asked["stages"]] == [176, 208]
    assert asked["stages"][0].set_weights == {"clothing-small": 1.5}
    assert (asked["average"], asked["recipe"]) == ((1, 2), "recipe.yaml")
    assert asked["only"] == ["clothing-small", "ccp"]


def test_options_override_a_recipe_in_every_stage_and_defaults_do_not(
    asked: dict[str, Any], recipe: Path, tmp_path: Path
) -> None:
    result = train(
        *("--recipe", recipe, "--epochs", "7", "--weight", "ccp=2", "--limit", "9"),
        *("--data", tmp_path / "all.pack"),
    )

    assert result.exit_code == 0, result.output
    assert asked["data"] == [tmp_path / "all.pack"]
    for config in asked["stages"]:
        assert config.loop.epochs == 7
        assert config.set_weights == {"clothing-small": 1.5, "ccp": 2.0}
        assert config.limit == 9
    assert [config.loop.seed for config in asked["stages"]] == [1, 2]


def test_without_a_recipe_options_and_their_defaults_make_one_stage(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    result = train("--data", tmp_path / "a.yaml", "--rate", "0.5", "--weight", "a=1.5")

    assert result.exit_code == 0, result.output
    (config,) = asked["stages"]
    assert (config.loop.epochs, config.loop.seed, config.set_weights) == (8, 1, {"a": 1.5})
    assert config.loop.head_rate == pytest.approx(1e-3)
    assert "only" not in asked


def test_neither_data_nor_recipe_is_refused(asked: dict[str, Any]) -> None:
    result = train()

    assert result.exit_code == 2
    assert "give --data DATASET.yaml or --recipe FILE.yaml" in result.stderr
    assert asked == {}


def test_a_wrong_recipe_ends_in_one_line(asked: dict[str, Any], recipe: Path) -> None:
    recipe.write_text(RECIPE.replace("epochs: 3", "epochs: many"))

    result = train("--recipe", recipe)

    assert result.exit_code == 2
    assert f"error: {recipe}:7: stages.0.epochs: input should be a valid integer" in result.stderr
    assert "Traceback" not in result.output
