"""The described data sets of a training run, apart by split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ontology.errors import CatalogError
from tagger.dataset import load_description, load_samples

if TYPE_CHECKING:
    from pathlib import Path

    from ontology.model import Ontology
    from tagger.dataset import DatasetDescription, Sample


class TrainingError(CatalogError):
    """Training was asked for something that it cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSets:
    """Samples of all described sets, apart by split.

    Attributes:
        descriptions: In the order given.
        training: Samples to learn from.
        validation: Samples to calibrate and measure on, by data-set name.
    """

    descriptions: tuple[DatasetDescription, ...]
    training: tuple[Sample, ...]
    validation: Mapping[str, tuple[Sample, ...]]


def load_data(paths: Sequence[Path], ontology: Ontology, *, limit: int = 0) -> DataSets:
    """Load every described set and check that no picture is on both sides of a split.

    Raises:
        TrainingError: If a picture is in training and validation, or nothing is left to train on.
    """
    descriptions = tuple(load_description(path) for path in paths)
    training: list[Sample] = []
    validation: dict[str, tuple[Sample, ...]] = {}
    for description in descriptions:
        samples = load_samples(description, root=None, ontology=ontology, split="all")
        learn = [sample for sample in samples if sample.split == "train"]
        hold = [sample for sample in samples if sample.split == "validation"]
        training.extend(learn[: limit or None])
        validation[description.name] = tuple(hold[: limit or None])
    held = {sample.image for samples in validation.values() for sample in samples}
    leaked = [sample.id for sample in training if sample.image in held]
    if leaked:
        raise TrainingError(
            f"{len(leaked)} pictures are in training and in validation, first {leaked[0]}; "
            "give sets that share pictures the same split"
        )
    if not training:
        raise TrainingError("the described sets have no training samples")
    return DataSets(descriptions=descriptions, training=tuple(training), validation=validation)


def describe_set(description: DatasetDescription, sets: DataSets) -> dict[str, Any]:
    """Give a data set's line of a manifest: name, source, licence, how it was labelled, counts."""
    training = [s for s in sets.training if s.id.startswith(f"{description.name}/")]
    validation = sets.validation[description.name]
    return {
        "name": description.name,
        "source": description.source,
        "licence": description.licence,
        "labelled_by": description.labelled_by,
        "labelling": description.labelling,
        "pictures": len({sample.image for sample in (*training, *validation)}),
        "training": len(training),
        "validation": len(validation),
    }
