"""Load labelled pictures as a dataset description says, with their labels and their split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import structlog

from ontology.labels import GarmentLabel
from ontology.model import Ontology
from tagger.boxes import PixelBox
from tagger.images import read_image
from tagger.packed import PackedPicture
from tagger.sources.check import check_description
from tagger.sources.coco import read_coco
from tagger.sources.description import DatasetDescription, load_description
from tagger.sources.folder import read_folders
from tagger.sources.label_studio import read_label_studio
from tagger.sources.labelling import Labeller
from tagger.sources.record import DatasetError, Record
from tagger.sources.rendered import read_rendered
from tagger.sources.table import read_tables
from tagger.split import Split, assign_split, content_hash, join_groups

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "DatasetDescription",
    "DatasetError",
    "LoadReport",
    "LoadedDataset",
    "Sample",
    "check_description",
    "load_dataset",
    "load_description",
    "load_samples",
    "shipped_descriptions",
]

log = structlog.get_logger(__name__)

Part = Literal["train", "validation", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One labelled garment of one picture.

    Attributes:
        id: Unique over all data sets: `name/key`.
        image: The picture's file.
        group: What shares a group is never on both sides of a split.
        split: The side of the split.
        aspect: True width of a pixel of the file relative to its height.
        box: The garment in pixels of the file; None where the source gives no box.
        mask: COCO run-length encoding over the whole picture, or None.
        source_labels: Per column (`category` or an attribute's id) the source's label, where it
            is in the vocabulary of that column.
        rivals: Per such column, the labels among which the source chose.
        label: The label in the ontology's ids.
        origin: Whether the picture is a photograph or was drawn.
        parts: Per attribute, where the parts that show it lie, in pixels of the file.
        packed: Where the picture lies in a pack; `image` is then a name only, and pixels are those
            of the stored picture.
    """

    id: str
    image: Path
    group: str
    split: Split
    aspect: float
    box: PixelBox | None
    mask: Mapping[str, Any] | None
    source_labels: Mapping[str, str]
    rivals: Mapping[str, frozenset[str]]
    label: GarmentLabel
    origin: Literal["real", "rendered"]
    parts: Mapping[str, tuple[PixelBox, ...]] = field(default_factory=dict)
    packed: PackedPicture | None = None

    @property
    def garment(self) -> PixelBox | None:
        """The source's box, or the one that a pack holds; None where it is yet to be found."""
        return self.box if self.packed is None else self.packed.garment

    def open(self) -> Image:
        """Read the picture.

        Raises:
            ImageError: If it cannot be read.
        """
        return read_image(
            self.image if self.packed is None else self.packed.read_bytes(), name=self.id
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What became of the data.

    Attributes:
        num_samples: Samples of the asked part.
        num_unlabelled: Pictures, or garments, about which the source decides nothing.
        unmapped: (column, word) that the description does not mention, with counts.
        dropped: (column, category, word) that the ontology does not allow there, with counts.
    """

    num_samples: int
    num_unlabelled: int
    unmapped: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dropped: Mapping[tuple[str, str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDataset:
    """Samples, and what could not be used."""

    samples: tuple[Sample, ...]
    report: LoadReport


def shipped_descriptions() -> dict[str, Path]:
    """Return the descriptions that come with the project, by name."""
    folder = Path(__file__).with_name("datasets")
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_samples(
    description: DatasetDescription,
    *,
    root: Path | None = None,
    ontology: Ontology,
    split: Part | None = None,
) -> list[Sample]:
    """Load the samples of a data set; see `load_dataset`."""
    return list(load_dataset(description, root=root, ontology=ontology, split=split).samples)


def load_dataset(
    description: DatasetDescription,
    *,
    root: Path | None = None,
    ontology: Ontology,
    split: Part | None = None,
) -> LoadedDataset:
    """Load the samples of a data set and report what could not be used.

    Args:
        description: Where the data is and how its labels map.
        root: A folder in place of the description's own: pictures are used wherever they lie
            under it, whatever the folders in between are called.
        ontology: What the labels map onto.
        split: `train` or `validation` for one side, `all` or None for every picture.

    Raises:
        DatasetError: If the description does not fit the ontology, the data is not there, or
            there is nothing to load.
    """
    folder = root if root is not None else description.default_root
    if not folder.is_dir():
        raise DatasetError(
            f"{folder}: no such folder, where {description.file} has the data of "
            f"{description.name!r}; put the data there or name another root"
        )
    labeller = Labeller(description=description, ontology=ontology)
    records = list(_read(description, folder, ontology))
    sides = _sides(description, records)
    samples = []
    num_unlabelled = sum(not record.is_sample for record in records)
    for record, (group, side) in zip(records, sides, strict=True):
        if record.is_sample and split in (None, "all", side):
            sample = _sample(description, labeller, record, group=group, side=side)
            if sample.label.categories or sample.label.cells:
                samples.append(sample)
            else:
                num_unlabelled += 1
    report = LoadReport(
        num_samples=len(samples),
        num_unlabelled=num_unlabelled,
        unmapped=dict(labeller.unmapped),
        dropped=dict(labeller.dropped),
    )
    _log(description, report)
    if not samples:
        raise DatasetError(
            f"{folder}: no labelled picture of {description.name!r} there for split "
            f"{split or 'all'!r}; check the root, or that pictures and labels belong together"
        )
    return LoadedDataset(samples=tuple(samples), report=report)


def _read(description: DatasetDescription, folder: Path, ontology: Ontology) -> Iterator[Record]:
    if description.kind == "folder":
        return read_folders(description, folder)
    if description.kind == "csv":
        return read_tables(description, folder)
    if description.kind == "coco":
        return read_coco(description, folder)
    if description.kind == "label-studio":
        return read_label_studio(description, folder, ontology)
    return read_rendered(description, folder)


def _sides(description: DatasetDescription, records: Sequence[Record]) -> list[tuple[str, Split]]:
    """Give each record its group and its side; byte-identical pictures share a group."""
    hashes = {path: content_hash(path) for path in {record.image for record in records}}
    keys = [
        (f"~bytes:{hashes[r.image]}", *((r.group,) if r.group is not None else ())) for r in records
    ]
    rule = description.split
    return [
        (
            group,
            record.split
            or assign_split(group, seed=rule.seed, validation_share=rule.validation_share),
        )
        for group, record in zip(join_groups(keys), records, strict=True)
    ]


def _sample(
    description: DatasetDescription,
    labeller: Labeller,
    record: Record,
    *,
    group: str,
    side: Split,
) -> Sample:
    labelled = labeller.label(record)
    return Sample(
        id=f"{description.name}/{record.key}",
        image=record.image,
        group=group,
        split=side,
        aspect=description.pixel_aspect,
        box=record.box,
        mask=record.mask,
        source_labels=labelled.source_labels,
        rivals=labelled.rivals,
        label=labelled.label,
        origin=description.origin,
        parts={
            attribute: tuple(record.parts[name] for name in names if name in record.parts)
            for attribute, names in description.parts.items()
        },
    )


def _log(description: DatasetDescription, report: LoadReport) -> None:
    if report.unmapped:
        log.warning(
            "labels_not_in_description",
            dataset=description.name,
            labels={f"{column}={word}": n for (column, word), n in report.unmapped.items()},
        )
    log.info(
        "dataset_loaded",
        dataset=description.name,
        samples=report.num_samples,
        unlabelled_pictures=report.num_unlabelled,
        values_not_allowed=sum(report.dropped.values()),
    )
