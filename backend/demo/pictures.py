"""The demonstration's pictures: found in a folder, or drawn."""

from __future__ import annotations

import os
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from backend.demo.processes import DemoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["SUFFIXES", "Picture", "batches", "examine", "find_pictures", "render_pictures"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})

# Label Studio takes 100 files and 250 MB in one request by default; a batch stays far below, so
# that the first pictures are there to be looked at early.
_BATCH_FILES = 40
_BATCH_BYTES = 60 * 1024 * 1024
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file to import.

    Attributes:
        name: Its path below the folder.
        fault: Why it cannot be tagged, or empty.
        is_importable: Whether it does no harm in Label Studio, which takes no empty file, and
            whose pages would try to draw the hugest.
    """

    path: Path
    name: str
    num_bytes: int
    fault: str = ""
    is_importable: bool = True

    @property
    def key(self) -> str:
        """Tell this file from others and from an older state of itself."""
        return f"{self.name}|{self.num_bytes}"

    @property
    def upload_name(self) -> str:
        """Give a short name of plain characters that still reminds of the file."""
        path = Path(self.name)
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.")[:_NAME_LENGTH]
        return f"{stem or 'picture'}{path.suffix.lower()}"


def find_pictures(folder: Path) -> list[Picture]:
    """List the JPEG, PNG and WebP files of a folder and its sub-folders, by name.

    Hidden files and folders are left out. Nothing is opened.

    Raises:
        DemoError: If the folder is not one, or holds no such file.
    """
    if not folder.is_dir():
        raise DemoError(f"{folder} is not a folder; give one that holds pictures: IMAGES=dir")
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for file in files:
            path = Path(parent) / file
            if path.suffix.lower() in SUFFIXES and not file.startswith(".") and path.is_file():
                with suppress(OSError):  # it went away meanwhile
                    name = path.relative_to(folder).as_posix()
                    found.append(Picture(path=path, name=name, num_bytes=path.stat().st_size))
    if not found:
        raise DemoError(f"{folder} holds no JPEG, PNG or WebP file, nor do its sub-folders")
    return sorted(found, key=lambda picture: picture.name)


def examine(picture: Picture) -> Picture:
    """Open a picture, and note the reason if it cannot be used."""
    from backend.settings import Settings
    from tagger.images import ImageError, read_image

    limit = int(Settings.model_fields["max_image_bytes"].default)
    if picture.num_bytes > limit:
        fault = f"{picture.name}: has {picture.num_bytes} bytes, more than the {limit} allowed"
        return replace(picture, fault=fault)
    try:
        read_image(picture.path, name=picture.name)
    except ImageError as error:
        is_importable = picture.num_bytes > 0 and not _is_huge(picture.path)
        return replace(picture, fault=str(error), is_importable=is_importable)
    return picture


def _is_huge(path: Path) -> bool:
    """Tell from the header whether a browser had better not draw it."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            Image.open(path).close()
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            return True
        except (OSError, SyntaxError, ValueError):
            return False
    return False


def batches(pictures: Iterable[Picture]) -> Iterator[list[Picture]]:
    """Group pictures into batches that are bounded in number and in bytes."""
    batch: list[Picture] = []
    num_bytes = 0
    for picture in pictures:
        if batch and (len(batch) == _BATCH_FILES or num_bytes + picture.num_bytes > _BATCH_BYTES):
            yield batch
            batch, num_bytes = [], 0
        batch.append(picture)
        num_bytes += picture.num_bytes
    if batch:
        yield batch


def render_pictures(folder: Path, *, count: int, seed: int = 7) -> Path:
    """Draw a catalog once; later calls find it.

    Args:
        folder: Where catalogs are kept.
        count: Number of pictures.
        seed: Same seed, same pictures.

    Returns:
        The folder of the drawn pictures.
    """
    catalog = folder / f"rendered-{count}-{seed}"
    if not (catalog / "annotations.json").is_file():
        from ontology.load import default_ontology_path, load_ontology
        from tagger.render import render_catalog

        render_catalog(
            catalog, count=count, seed=seed, ontology=load_ontology(default_ontology_path())
        )
    return catalog / "images"
