"""Packs: the garments of described data sets in a few small files, without their sources.

A pack is a directory of `index.json` (sizes, licences and the SHA-256 of every file),
`samples.json.gz` (labels and boxes) and shards of encoded pictures. Training reads it like the
descriptions it was made from: labels are the same, pictures are smaller and compressed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ontology.errors import CatalogError
from tagger.boxes import BoxError
from tagger.pack_labels import RowReader
from tagger.sources.description import DatasetDescription

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.dataset import Sample

__all__ = ["FORMAT", "INDEX", "SAMPLES", "Pack", "PackError", "digest_of", "is_pack", "load_pack"]

FORMAT = 1
INDEX, SAMPLES = "index.json", "samples.json.gz"


class PackError(CatalogError):
    """A pack cannot be written, is damaged, or was made for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a pack holds.

    Attributes:
        descriptions: The data sets, in the order of writing.
        samples: Their samples by the set's name. `image` names the source picture, `box` and
            `aspect` are about the stored one, `mask` is always None.
        side: Side in pixels at which a garment's crop window was stored.
        quality: WebP quality, 0..100.
        reach: How far crops may be varied so that they show what the files would show: largest
            `scale`, `shift` and `aspect` as in `Augmentation`.
        digest: SHA-256 of the index, in hex.
    """

    descriptions: tuple[DatasetDescription, ...]
    samples: Mapping[str, tuple[Sample, ...]]
    side: int
    quality: int
    reach: Mapping[str, float]
    digest: str


def is_pack(path: Path) -> bool:
    """Say whether a path is meant as a pack: a directory, where a description is a file."""
    return path.is_dir()


def load_pack(directory: Path, ontology: Ontology) -> Pack:
    """Read a pack after comparing every file with the hashes of its index.

    Raises:
        PackError: If it is no pack, a file is missing or damaged, or it was made with another
            ontology.
    """
    index = _read_index(directory)
    try:
        for entry in [index["samples"], *index["shards"]]:
            _check_file(directory, entry)
        _check_ontology(directory, index["ontology"], ontology)
        tables = json.loads(gzip.decompress((directory / SAMPLES).read_bytes()))
        return _pack(directory, index, tables)
    except (LookupError, TypeError, ValueError, zlib.error, OSError, BoxError) as error:
        raise PackError(
            f"{directory}: is no readable pack of format {FORMAT} "
            f"({' '.join(str(error).split())[:120]}); pack the data again"
        ) from error


def _read_index(directory: Path) -> dict[str, Any]:
    path = directory / INDEX
    if not path.is_file():
        raise PackError(
            f"{directory}: has no {INDEX}, so it is no pack; write one with `weft data pack`"
        )
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_whole = index.pop("sha256") == digest_of(index)
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise PackError(
            f"{path}: is damaged ({type(error).__name__}); pack the data again"
        ) from error
    if not is_whole:
        raise PackError(f"{path}: is damaged (its SHA-256 is another); pack the data again")
    if index.get("format") != FORMAT:
        raise PackError(
            f"{path}: has format {index.get('format')!r}, expected {FORMAT}; pack the data again"
        )
    return index


def _check_file(directory: Path, entry: Mapping[str, Any]) -> None:
    path = directory / Path(entry["file"]).name
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
    if found != entry["sha256"]:
        raise PackError(
            f"{path}: is damaged (SHA-256 {found[:12]}, expected {entry['sha256'][:12]}); "
            "copy the pack again or pack the data again"
        )


def _check_ontology(directory: Path, packed: Mapping[str, str], ontology: Ontology) -> None:
    if packed["sha256"] != hashlib.sha256(ontology.source.encode()).hexdigest():
        raise PackError(
            f"{directory}: was packed with ontology {packed['id']} {packed['version']} as it then "
            f"was, used with {ontology.id} {ontology.version}; its labels may differ, so pack the "
            "data again"
        )


def _pack(directory: Path, index: Mapping[str, Any], tables: Mapping[str, Any]) -> Pack:
    shards = [directory / Path(entry["file"]).name for entry in index["shards"]]
    pictures = [(shards[shard], offset, length) for shard, offset, length in tables["pictures"]]
    samples = RowReader(tables, directory=directory, pictures=pictures).samples()
    try:
        descriptions = tuple(
            DatasetDescription.model_validate({**plain, "root": ".", "file": directory / INDEX})
            for plain in tables["descriptions"]
        )
    except ValidationError as error:
        raise PackError(
            f"{directory}: holds a data set that this release cannot read "
            f"({error.error_count()} faults); pack the data again"
        ) from error
    return Pack(
        descriptions=descriptions,
        samples={
            one.name: tuple(s for s in samples if s.id.startswith(f"{one.name}/"))
            for one in descriptions
        },
        side=index["side"],
        quality=index["quality"],
        reach=index["reach"],
        digest=digest_of(index),
    )


def digest_of(index: Mapping[str, Any]) -> str:
    """Give the SHA-256 of an index without its own `sha256`, in hex."""
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()
