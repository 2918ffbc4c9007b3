"""Which model version is served: found and checked from its files alone, without torch."""

from __future__ import annotations

import importlib
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
        from backend.model_thread import limit_torch_threads
        from tagger.pipeline import Tagger

        num_threads = limit_torch_threads(settings.torch_threads)
        log.info("model_loading", model_version=source.version, torch_threads=num_threads)
        return Tagger.load(source.path, device=settings.device)

    return load
