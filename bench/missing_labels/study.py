"""Train every arm on every seed and gather what it answers on the validation split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from bench.missing_labels.cells import Head, HeadCells, head_cells
from bench.missing_labels.embeddings import embed
from bench.missing_labels.heads import (
    Plan,
    Table,
    attribute_targets,
    encode_table,
    fit_attributes,
    fit_category,
)
from bench.missing_labels.labels import (
    ARMS,
    Arm,
    given_cells,
    hide_half,
    merge_by_picture,
)
from ontology.targets import layout
from tagger.known import taught_by
from tagger.scored import ScoredSamples

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ontology.labels import GarmentLabel
    from ontology.model import Ontology
    from tagger.data_sets import DataSets
    from tagger.dataset import DatasetDescription, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What all arms share.

    Attributes:
        ontology: Of the labels.
        descriptions: The data sets, by name.
        training: One sample a product.
        table: Their labels, encoded.
        inputs: (N, C) standardised embeddings of the training samples.
        validation: Samples by data set.
        outputs: (M, C) standardised embeddings of the validation samples, by data set.
        category_logits: (M, K) of the category head, which no arm changes, by data set.
    """

    ontology: Ontology
    descriptions: Mapping[str, DatasetDescription]
    training: Sequence[Sample]
    table: Table
    inputs: torch.Tensor
    validation: Mapping[str, tuple[Sample, ...]]
    outputs: Mapping[str, torch.Tensor]
    category_logits: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Training cells: given, hidden, and applicable without a label after that."""

    given: int
    hidden: int
    blank: int


Answers = Mapping[Head, HeadCells]


def prepare(
    ontology: Ontology, sets: DataSets, plan: Plan, *, folder: Path, say: Callable[[str], None]
) -> Material:
    """Embed all pictures and train the category head, whose labels are not hidden."""
    training = merge_by_picture(sets.training)
    pictures = merge_by_picture([s for held in sets.validation.values() for s in held])
    embeddings = torch.from_numpy(embed([*training, *pictures], folder=folder, say=say))
    inputs = embeddings[: len(training)]
    mean, std = inputs.mean(dim=0), inputs.std(dim=0).clamp(min=1e-3)
    embeddings = (embeddings - mean) / std
    inputs = embeddings[: len(training)].contiguous()
    at = {sample.image: len(training) + n for n, sample in enumerate(pictures)}
    outputs = {
        name: embeddings[[at[sample.image] for sample in held]]
        for name, held in sets.validation.items()
    }
    table = encode_table(ontology, training)
    head = fit_category(inputs, table.full.category, plan, seed=0)
    with torch.inference_mode():
        category_logits = {name: head(rows).numpy() for name, rows in outputs.items()}
    return Material(
        ontology=ontology,
        descriptions={description.name: description for description in sets.descriptions},
        training=training,
        table=table,
        inputs=inputs,
        validation=sets.validation,
        outputs=outputs,
        category_logits=category_logits,
    )


def run_seed(
    material: Material, plan: Plan, *, seed: int, arms: Sequence[Arm] = ARMS
) -> tuple[dict[str, Answers], Counts]:
    """Hide half of the cells and train every arm from the same start in the same order.

    Returns:
        Answers on the validation split by the arm's name, and the training cells' counts.
    """
    full = [sample.label for sample in material.training]
    left = hide_half(full, np.random.default_rng(seed))
    answers = {
        arm.name: _run_arm(material, arm, left if arm.is_hidden else full, plan, seed=seed)
        for arm in arms
    }
    remaining = torch.from_numpy(given_cells(left, list(layout(material.ontology).slices)))
    table = material.table
    return answers, Counts(
        given=int(table.given.sum()),
        hidden=int((table.given & ~remaining).sum()),
        blank=int((~remaining & ~table.full.not_applicable)[:, remaining.any(dim=0)].sum()),
    )


def _run_arm(
    material: Material, arm: Arm, labels: Sequence[GarmentLabel], plan: Plan, *, seed: int
) -> Answers:
    visible = [
        replace(sample, label=label)
        for sample, label in zip(material.training, labels, strict=True)
    ]
    targets = attribute_targets(
        material.ontology,
        material.table,
        visible,
        blank_weight=arm.blank_weight,
        rarity=plan.rarity,
    )
    branches = fit_attributes(material.inputs, targets, plan, seed=seed)
    taught = taught_by(visible, material.ontology)
    answers: dict[Head, HeadCells] = {}
    num_values = sum(len(attribute.values) for attribute in material.ontology.attributes)
    for name, rows in material.outputs.items():
        logits = np.zeros((len(rows), num_values), dtype=np.float32)
        with torch.inference_mode():
            logits[:, targets.columns.numpy()] = branches(rows).numpy()
        scored = ScoredSamples(
            samples=tuple(material.validation[name]),
            category_logits=material.category_logits[name],
            value_logits=logits,
            embedding=rows.numpy(),
        )
        answers |= head_cells(material.ontology, taught, scored, material.descriptions[name])
    return answers
