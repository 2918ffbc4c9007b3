from __future__ import annotations

import json
import os
import time

import pytest

from tagger.registry import MANIFEST, WEIGHTS, ModelStore, ModelStoreError, verify, write_version


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "w"
    path.write_bytes(b"weights")
    return path


def _write(parent, weights, version):
    return write_version(
        parent,
        version=version,
        weights=weights,
        ontology_source="format: 1\n",
        calibration={"category_temperature": 1.0},
        describe={"model": {}, "taught": {}, "data": [], "training": {}, "metrics": {}},
    )


def test_a_version_reads_back_whole(tmp_path, weights):
    path = _write(tmp_path / "models", weights, "v1")

    assert verify(path).version == "v1"
    assert (path / WEIGHTS).read_bytes() == b"weights"


def test_what_a_killed_writer_left_behind_is_removed_in_time(tmp_path, weights):
    models = tmp_path / "models"
    abandoned, fresh = models / ".draft-old", models / ".draft-new"
    for draft in (abandoned, fresh):
        draft.mkdir(parents=True)
        (draft / WEIGHTS).write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(abandoned, (two_hours_ago, two_hours_ago))

    _write(models, weights, "v1")

    assert not abandoned.exists()
    assert fresh.exists()


def test_a_version_never_changes(tmp_path, weights):
    _write(tmp_path / "models", weights, "v1")

    with pytest.raises(ModelStoreError, match="exists"):
        _write(tmp_path / "models", weights, "v1")


@pytest.mark.parametrize("name", ["", "../v1", "a b", "x" * 65, ".hidden"])
def test_bad_version_names_are_refused(tmp_path, weights, name):
    with pytest.raises(ModelStoreError, match="version name"):
        _write(tmp_path / "models", weights, name)


@pytest.mark.parametrize("name", [WEIGHTS, "ontology.yaml", "calibration.json"])
def test_a_damaged_file_is_refused_by_name(tmp_path, weights, name):
    path = _write(tmp_path / "models", weights, "v1")
    (path / name).write_bytes(b"tampered")

    with pytest.raises(ModelStoreError, match=f"{name} is damaged"):
        verify(path)


def test_a_manifest_that_is_no_manifest_is_refused(tmp_path, weights):
    path = _write(tmp_path / "models", weights, "v1")
    (path / MANIFEST).write_text(json.dumps(["not", "a", "manifest"]))

    with pytest.raises(ModelStoreError, match="unreadable"):
        verify(path)


def test_promotion_and_rollback_follow_the_history(tmp_path, weights):
    store = ModelStore(tmp_path / "models")
    for version in ("v1", "v2"):
        _write(store.root, weights, version)
        store.promote(version)

    assert store.live().name == "v2"
    assert store.rollback().name == "v1"
    assert store.live().name == "v1"


def test_a_damaged_version_cannot_be_promoted(tmp_path, weights):
    store = ModelStore(tmp_path / "models")
    for version in ("v1", "v2"):
        _write(store.root, weights, version)
    store.promote("v1")
    (store.root / "v2" / WEIGHTS).write_bytes(b"")

    with pytest.raises(ModelStoreError, match="damaged"):
        store.promote("v2")

    assert store.live().name == "v1"


def test_a_version_is_removed_unless_it_was_promoted(tmp_path, weights):
    store = ModelStore(tmp_path / "models")
    for name in ("v1", "v2"):
        _write(store.root, weights, name)
    store.promote("v1")

    assert [store.remove(name) for name in ("v1", "v2", "v3")] == [False, True, False]
    assert store.versions() == ["v1"]
    assert [path.name for path in store.root.iterdir() if path.is_dir()] == ["v1"]
