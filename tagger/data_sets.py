"""The described data sets of a training run, apart by split."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ontology.errors import CatalogError
from tagger.dataset import load_description, load_samples
from tagger.pack import is_pack, load_pack

if TYPE_CHECKING:
    from pathlib import Path

    from ontology.model import Ontology
    from tagger.dataset import DatasetDescription, Sample
    from tagger.pack import Pack


class TrainingError(CatalogError):
    """Training was asked for something that it cannot do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSets:
    """Samples of all described sets, apart by split.

    Attributes:
        descriptions: In the order given.
        training: Samples to learn from.
        validation: Samples to calibrate and measure on, by data-set name.
        packs: The packs that samples were taken from.
    """

    descriptions: tuple[DatasetDescription, ...]
    training: tuple[Sample, ...]
    validation: Mapping[str, tuple[Sample, ...]]
    packs: tuple[Pack, ...] = ()


def load_data(
    paths: Sequence[Path],
    ontology: Ontology,
    *,
    limit: int = 0,
    only: Collection[str] | None = None,
) -> DataSets:
    """Load every described set and check that no picture is on both sides of a split.

    Args:
        paths: Descriptions and packs.
        ontology: What labels map onto.
        limit: Use at most so many samples a set and side; 0 for all.
        only: Names of the sets that are wanted of packs; others that they hold are left aside.

    Raises:
        TrainingError: If a picture is in training and validation, a set is wanted of a pack and in
            none, or nothing is left to train on.
        PackError: If a pack is damaged or was made with another ontology.
    """
    packs = tuple(load_pack(path, ontology) for path in paths if is_pack(path))
    described = _read_all(paths, packs, ontology, only=only)
    training: list[Sample] = []
    validation: dict[str, tuple[Sample, ...]] = {}
    for description, samples in described:
        if description.name in validation:
            raise TrainingError(f"the data set {description.name!r} is given twice; give it once")
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
    return DataSets(
        descriptions=tuple(description for description, _ in described),
        training=tuple(training),
        validation=validation,
        packs=packs,
    )


def _read_all(
    paths: Sequence[Path],
    packs: Sequence[Pack],
    ontology: Ontology,
    *,
    only: Collection[str] | None,
) -> list[tuple[DatasetDescription, Sequence[Sample]]]:
    """Read packs and descriptions in the order given."""
    waiting = iter(packs)
    described: list[tuple[DatasetDescription, Sequence[Sample]]] = []
    for path in paths:
        if is_pack(path):
            pack = next(waiting)
            described += [
                (one, pack.samples[one.name])
                for one in pack.descriptions
                if only is None or one.name in only
            ]
        else:
            one = load_description(path)
            described.append((one, load_samples(one, root=None, ontology=ontology, split="all")))
    missing = set(only or ()) - {one.name for one, _ in described}
    if packs and missing:
        raise TrainingError(
            f"no data set is called {sorted(missing)[0]!r} in {', '.join(map(str, paths))}; "
            "give its description or a pack that has it"
        )
    return described


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
