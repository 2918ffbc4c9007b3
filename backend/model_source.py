"""Which model version is served: found and checked from its files alone, without torch."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from tagger.registry import ModelStore, ModelStoreError, shipped_version_dir, verify

if TYPE_CHECKING:
    from backend.settings import Settings
    from tagger.pipeline import GarmentTagger

__all__ = [
    "ModelSource",
    "Renewer",
    "all_versions",
    "find_model",
    "import_libraries",
    "model_loader",
    "models_dir",
]

log = structlog.get_logger(__name__)

_NO_VERSION = "none"
_LIBRARIES = ("torch", "timm", "cv2", "ontology.load", "tagger.loading", "tagger.pipeline")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model version on disk.

    Attributes:
        path: Its directory; None if nothing can be served.
        fault: Why nothing can be served; empty otherwise.
    """

    version: str
    path: Path | None
    fault: str = ""


def models_dir(settings: Settings) -> Path:
    """Return the folder in which trained versions are kept."""
    return settings.data_dir / "models"


def find_model(settings: Settings) -> ModelSource:
    """Find the version to serve.

    A version or directory that the settings name is taken or nothing is. Otherwise the live one
    is, and if that is damaged, the shipped one.
    """
    store = ModelStore(models_dir(settings))
    candidates: list[Callable[[], Path]]
    if settings.model:
        directory = Path(settings.model)
        candidates = [lambda: directory if directory.is_dir() else store.path(settings.model)]
    else:
        candidates = [store.live, shipped_version_dir]
    fault = ""
    for candidate in candidates:
        try:
            path = candidate()
            return ModelSource(version=verify(path).version, path=path)
        except ModelStoreError as error:
            if str(error) != fault:
                log.error("model_version_refused", reason=str(error))
            fault = fault or str(error)
    return ModelSource(version=settings.model or _NO_VERSION, path=None, fault=fault)


def all_versions(settings: Settings, *, served: str) -> list[str]:
    """List every version that could be served, the served one first."""
    try:
        shipped = [shipped_version_dir().name]
    except ModelStoreError:
        shipped = []
    return list(dict.fromkeys([served, *ModelStore(models_dir(settings)).versions(), *shipped]))


class Renewer:
    """Loads the live version when another one became live, by `weft models promote` or otherwise.

    The version is checked against its hashes before it is loaded. One that is of no use is looked
    at once; whoever asks again is told the same until the store points elsewhere.
    """

    def __init__(self, settings: Settings, *, served: str) -> None:
        """Look at nothing yet.

        Args:
            settings: Where the versions are, and how they are loaded.
            served: The version that is served, or was tried, at the start.
        """
        self._settings = settings
        self._store = ModelStore(models_dir(settings))
        self._served = served
        self._seen: Path | None = None
        self._fault = ""

    def __call__(self) -> GarmentTagger | None:
        """Give the live version, loaded, or None while that is the one that is served.

        Raises:
            ModelStoreError: If the store or the live version is damaged.
        """
        live = self._store.live()
        if live == self._seen:
            if self._fault:
                raise ModelStoreError(self._fault)
            return None
        self._seen = live
        try:
            tagger = self._load(live)
        except Exception as error:
            self._fault = str(error) or type(error).__name__
            raise
        self._fault = ""
        return tagger

    def _load(self, path: Path) -> GarmentTagger | None:
        version = verify(path).version
        if version == self._served:
            return None
        tagger = model_loader(ModelSource(version=version, path=path), self._settings)()
        self._served = version
        return tagger


def import_libraries() -> None:
    """Import what the model needs, before the server listens.

    Loading torch's library holds the interpreter for up to a second at a stretch, in which no
    other thread could answer `/health`. What cannot be imported is reported when the model loads.
    """
    for name in _LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.warning("library_not_imported", library=name, reason=str(error))


def model_loader(source: ModelSource, settings: Settings) -> Callable[[], GarmentTagger]:
    """Return what loads the version; to be called in the thread that will run it."""

    def load() -> GarmentTagger:
        if source.path is None:
            raise ModelStoreError(source.fault or "there is no model version to serve")
        from tagger.pipeline import Tagger

        num_threads = _limit_torch_threads(settings.torch_threads)
        log.info("model_loading", model_version=source.version, torch_threads=num_threads)
        return Tagger.load(source.path, device=settings.device)

    return load


def _limit_torch_threads(num_threads: int) -> int:
    """Set how many cores the model uses and return the number; 0 leaves one to the server."""
    import torch

    chosen = num_threads or max(1, _num_cores() - 1)
    torch.set_num_threads(chosen)
    return chosen


def _num_cores() -> int:
    """Count the cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
