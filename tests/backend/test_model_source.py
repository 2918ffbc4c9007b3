from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backend import model_source
from backend.model_source import (
    ModelSource,
    Renewer,
    all_versions,
    find_model,
    model_loader,
    models_dir,
)
from backend.settings import Settings
from tagger import registry
from tagger.registry import ModelStore, ModelStoreError, write_version


def add_version(parent: Path, name: str) -> Path:
    """Write a version directory that is whole, though no network could use it."""
    weights = parent.with_name("weights.bin")
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(name.encode())
    describe = {
        "model": {},
        "taught": {"real": {}, "rendered": {}},
        "data": [],
        "training": {},
        "metrics": {},
    }
    return write_version(
        parent,
        version=name,
        weights=weights,
        ontology_source="format: 1\n",
        calibration={},
        describe=describe,
    )


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a version of our own be the shipped one."""
    package = tmp_path / "package"
    monkeypatch.setattr(registry, "__file__", str(package / "registry.py"))
    return add_version(package / "shipped", "shipped-1")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model="")


def test_the_shipped_version_is_served_until_one_is_promoted(
    shipped: Path, settings: Settings
) -> None:
    assert find_model(settings).path == shipped
    mine = add_version(models_dir(settings), "mine-2")
    assert find_model(settings).path == shipped
    ModelStore(models_dir(settings)).promote("mine-2")
    assert find_model(settings).path == mine
    assert find_model(settings).version == "mine-2"
    assert all_versions(settings, served="mine-2") == ["mine-2", "shipped-1"]


def test_a_damaged_live_version_is_refused_and_the_shipped_one_serves(
    shipped: Path, settings: Settings
) -> None:
    mine = add_version(models_dir(settings), "mine-2")
    ModelStore(models_dir(settings)).promote("mine-2")
    (mine / "weights.safetensors").write_bytes(b"bits have flipped")
    found = find_model(settings)
    assert (found.version, found.path, found.fault) == ("shipped-1", shipped, "")


@pytest.mark.usefixtures("shipped")
def test_a_version_that_was_asked_for_is_served_or_nothing_is(settings: Settings) -> None:
    mine = add_version(models_dir(settings), "mine-2")
    asked = settings.model_copy(update={"model": "mine-2"})
    assert find_model(asked).path == mine
    assert find_model(settings.model_copy(update={"model": str(mine)})).version == "mine-2"
    (mine / "calibration.json").write_text("{}\n\n", "utf-8")
    found = find_model(asked)
    assert found.path is None
    assert "calibration.json is damaged" in found.fault
    with pytest.raises(ModelStoreError, match="damaged"):
        model_loader(found, asked)()


def test_without_any_version_there_is_a_name_and_a_reason(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "empty" / "registry.py"))
    found = find_model(settings)
    assert (found.version, found.path) == ("none", None)
    assert "weft train" in found.fault
    assert all_versions(settings, served="none") == ["none"]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Load nothing, and list the versions that would have been."""
    versions: list[str] = []

    def loader(source: ModelSource, settings: Settings) -> Callable[[], Any]:
        def load() -> Any:
            versions.append(source.version)
            if source.version.startswith("unloadable"):
                raise RuntimeError("no such backbone")
            return SimpleNamespace(version=source.version)

        return load

    monkeypatch.setattr(model_source, "model_loader", loader)
    return versions


@pytest.mark.usefixtures("shipped")
def test_a_promoted_version_is_loaded_once_and_a_rollback_returns_to_the_other(
    settings: Settings, loaded: list[str]
) -> None:
    renew = Renewer(settings, served="shipped-1")
    store = ModelStore(models_dir(settings))
    add_version(store.root, "mine-2")
    assert renew() is None
    store.promote("mine-2")
    tagger = renew()
    assert tagger is not None
    assert tagger.version == "mine-2"
    assert renew() is None
    store.rollback()
    again = renew()
    assert again is not None
    assert again.version == "shipped-1"
    assert renew() is None
    assert loaded == ["mine-2", "shipped-1"]


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("served", ["shipped-1", "mine-2"])
def test_a_damaged_version_is_never_loaded_and_the_fault_stays_until_the_store_changes(
    settings: Settings, loaded: list[str], served: str
) -> None:
    store = ModelStore(models_dir(settings))
    for name in ("mine-2", "mine-3"):
        add_version(store.root, name)
    store.promote("mine-2")
    store.promote("mine-3")
    (store.root / "mine-3" / "weights.safetensors").write_bytes(b"bits have flipped")
    renew = Renewer(settings, served=served)
    for _ in range(3):
        with pytest.raises(ModelStoreError, match=r"mine-3: weights.safetensors is damaged"):
            renew()
    assert loaded == []
    store.rollback()
    tagger = renew()
    assert (tagger is None) == (served == "mine-2")
    assert renew() is None


@pytest.mark.usefixtures("shipped")
def test_a_whole_version_that_cannot_be_loaded_is_tried_once(
    settings: Settings, loaded: list[str]
) -> None:
    store = ModelStore(models_dir(settings))
    add_version(store.root, "unloadable-2")
    store.promote("unloadable-2")
    renew = Renewer(settings, served="shipped-1")
    with pytest.raises(RuntimeError, match="no such backbone"):
        renew()
    for _ in range(3):
        with pytest.raises(ModelStoreError, match="no such backbone"):
            renew()
    assert loaded == ["unloadable-2"]


@pytest.mark.usefixtures("shipped", "loaded")
def test_a_list_of_live_versions_that_cannot_be_read_is_a_fault_only_while_it_is_so(
    settings: Settings,
) -> None:
    store = ModelStore(models_dir(settings))
    add_version(store.root, "mine-2")
    renew = Renewer(settings, served="shipped-1")
    (store.root / "live.json").write_text("[", encoding="utf-8")
    with pytest.raises(ModelStoreError, match="not a JSON list"):
        renew()
    (store.root / "live.json").write_text("[]", encoding="utf-8")
    assert renew() is None
