"""Model versions: immutable directories of weights, ontology, calibration and manifest.

A version directory holds `weights.safetensors` (half precision), `ontology.yaml` (the file as it
was),
`calibration.json`, `manifest.json` (configuration, data, metrics and the SHA-256 of the others)
and, for shipped ones, `README.md` (the model card). A version that finds garments holds
`detector.safetensors` too, and one that can be taught without its training pictures
`memory.safetensors`. Nothing in it is a pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ontology.errors import CatalogError

WEIGHTS, ONTOLOGY, CALIBRATION, MANIFEST = (
    "weights.safetensors",
    "ontology.yaml",
    "calibration.json",
    "manifest.json",
)
DETECTOR = "detector.safetensors"
MEMORY = "memory.safetensors"
_HASHED = (WEIGHTS, ONTOLOGY, CALIBRATION)
_DRAFT = ".draft-"
_ABANDONED_S = 3600.0  # writing a version takes seconds
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


class ModelStoreError(CatalogError):
    """A model version is missing, damaged or badly named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a version says of itself.

    Attributes:
        version: Its name, which is also the directory's.
        model: The network's configuration, as `ModelConfig.to_dict` gives it.
        taught: `real` and `rendered`, each as `Taught.to_dict` gives it.
        hashes: SHA-256 in hex of each file.
        data: One entry a data set: name, licence, counts.
        training: How it was trained.
        metrics: Evaluation reports by data-set name.
        detector: The detector's configuration, classes, threshold and hash; None without one.
    """

    version: str
    model: Mapping[str, Any]
    taught: Mapping[str, Any]
    hashes: Mapping[str, str]
    data: tuple[Mapping[str, Any], ...]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    detector: Mapping[str, Any] | None = None


def shipped_version_dir() -> Path:
    """Give the directory of the one version that comes with the code.

    Raises:
        ModelStoreError: If the installation has none.
    """
    folder = Path(__file__).parent / "shipped"
    versions = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    if not versions:
        raise ModelStoreError(
            f"no model version is shipped under {folder}; reinstall, or train one with `weft train`"
        )
    return versions[-1]


def read_manifest(directory: Path) -> Manifest:
    """Read a version's manifest without touching its weights.

    Raises:
        ModelStoreError: If it is missing or not what a manifest should be.
    """
    path = directory / MANIFEST
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(**{**plain, "data": tuple(plain["data"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelStoreError(
            f"model version {directory}: {MANIFEST} is unreadable: {error}"
        ) from error


def verify(directory: Path) -> Manifest:
    """Read the manifest and compare every file's hash with it.

    Raises:
        ModelStoreError: If a file is missing or differs; the version must not be served.
    """
    manifest = read_manifest(directory)
    optional = ((DETECTOR, manifest.detector), (MEMORY, MEMORY in manifest.hashes))
    for name in (*_HASHED, *(name for name, is_there in optional if is_there)):
        path = directory / name
        found = sha256(path) if path.is_file() else "missing"
        if found != manifest.hashes.get(name):
            raise ModelStoreError(
                f"model version {directory.name}: {name} is damaged (SHA-256 {found[:12]}, "
                f"expected {str(manifest.hashes.get(name))[:12]}); "
                "restore the directory or use another version"
            )
    return manifest


def write_version(
    parent: Path,
    *,
    version: str,
    weights: Path,
    ontology_source: str,
    calibration: Mapping[str, Any],
    describe: Mapping[str, Any],
    detector: Path | None = None,
    memory: Path | None = None,
) -> Path:
    """Write a new immutable version directory atomically.

    Args:
        parent: Where version directories live.
        version: Letters, digits, dot, dash, underscore; at most 64.
        weights: A safetensors file, which is copied.
        ontology_source: Text of the ontology file.
        calibration: Plain values of the calibration.
        describe: The manifest's other fields: model, taught, data, training, metrics and, with a
            detector, detector.
        detector: A safetensors file of the detector, which is copied.
        memory: A file of `tagger.memory`, which is copied.

    Raises:
        ModelStoreError: If the name is bad or the version exists.
    """
    if not _VERSION.match(version):
        raise ModelStoreError(f"version name {version!r}: expected {_VERSION.pattern}")
    target = parent / version
    if target.exists():
        raise ModelStoreError(f"model version {version} exists in {parent}; versions never change")
    parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(parent)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=parent))
    try:
        shutil.copyfile(weights, draft / WEIGHTS)
        (draft / ONTOLOGY).write_text(ontology_source, encoding="utf-8")
        _write_json(draft / CALIBRATION, calibration)
        optional = {DETECTOR: detector, MEMORY: memory}
        given = {name: path for name, path in optional.items() if path is not None}
        for name, path in given.items():
            shutil.copyfile(path, draft / name)
        hashes = {name: sha256(draft / name) for name in (*_HASHED, *given)}
        _write_json(draft / MANIFEST, {"version": version, "hashes": hashes, **describe})
        draft.chmod(0o755)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def _remove_abandoned(parent: Path) -> None:
    """Remove drafts of processes that were killed while they wrote a version."""
    for draft in parent.glob(f"{_DRAFT}*"):
        try:
            age_s = time.time() - draft.stat().st_mtime
        except OSError:
            continue  # another process was quicker
        if age_s > _ABANDONED_S:
            shutil.rmtree(draft, ignore_errors=True)


class ModelStore:
    """The versions under one directory, and which of them is live."""

    def __init__(self, root: Path) -> None:
        """Use `root`, which need not exist yet."""
        self.root = root

    def versions(self) -> list[str]:
        """List the versions here, oldest manifest first; the shipped one is not among them."""
        found = [
            path.parent
            for path in self.root.glob(f"*/{MANIFEST}")
            if not path.parent.name.startswith(".")
        ]
        return [path.name for path in sorted(found, key=lambda p: (p / MANIFEST).stat().st_mtime)]

    def path(self, version: str) -> Path:
        """Give a version's directory; the shipped version is found by its name too.

        Raises:
            ModelStoreError: If there is no such version.
        """
        if (self.root / version / MANIFEST).is_file():
            return self.root / version
        shipped = shipped_version_dir()
        if shipped.name == version:
            return shipped
        known = ", ".join([*self.versions(), shipped.name])
        raise ModelStoreError(f"model version {version!r} does not exist; there are: {known}")

    def live(self) -> Path:
        """Give the directory of the version to serve: the promoted one, else the shipped one."""
        history = self._history()
        return self.path(history[-1]) if history else shipped_version_dir()

    def promote(self, version: str) -> None:
        """Make a version live, atomically, after checking that it is whole.

        Raises:
            ModelStoreError: If it is missing or damaged.
        """
        verify(self.path(version))
        history = self._history()
        if not history or history[-1] != version:
            self._write_history([*history, version])

    def rollback(self) -> Path:
        """Return to the version that was live before, and give its directory.

        Raises:
            ModelStoreError: If nothing was promoted, or the earlier version is damaged.
        """
        previous = self.previous()
        if previous is None:
            raise ModelStoreError("nothing to roll back: no version was ever promoted here")
        verify(previous)
        self._write_history(self._history()[:-1])
        return previous

    def previous(self) -> Path | None:
        """Give the directory of the version that `rollback` would return to; None without one.

        Raises:
            ModelStoreError: If that version is missing.
        """
        history = self._history()
        if not history:
            return None
        return self.path(history[-2]) if len(history) > 1 else shipped_version_dir()

    def remove(self, version: str) -> bool:
        """Remove a version's directory and say so; one that was promoted or is not here stays."""
        if version in self._history() or version not in self.versions():
            return False
        doomed = self.root / f".removed-{version}"
        (self.root / version).rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
        return True

    def _history(self) -> list[str]:
        path = self.root / "live.json"
        if not path.exists():
            return []
        try:
            return [str(version) for version in json.loads(path.read_text(encoding="utf-8"))]
        except ValueError as error:
            raise ModelStoreError(f"{path} is not a JSON list of versions: {error}") from error

    def _write_history(self, history: list[str]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        partial = self.root / "live.json.partial"
        _write_json(partial, history)
        os.replace(partial, self.root / "live.json")  # noqa: PTH105 - atomic on one file system


def _write_json(path: Path, value: object) -> None:
    """Write a file without blanks: shipped versions are small, and indentation is no knowledge."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Give a file's SHA-256 in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
