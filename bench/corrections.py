"""Labelled catalog photographs as corrections of the shipped version, for benchmarks.

Legend: N pictures, C channels.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.labels import GarmentLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment
    from tagger.dataset import Sample
    from tagger.gate_pairs import CellOutcome

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".artifacts" / "embedded"
DATA = ("myntra", "myntra-by-eye")
_CHUNK = 256


def is_data_here() -> bool:
    """Tell whether the photographs are on this machine."""
    from tagger.dataset import load_description, shipped_descriptions

    return load_description(shipped_descriptions()[DATA[0]]).default_root.is_dir()


def load_pictures() -> tuple[tuple[Sample, ...], NDArray[np.float32]]:
    """Give pictures that both sets label, and their embeddings (N, C) by the shipped version.

    Embeddings are kept by chunks, so that a run that was stopped goes on.
    """
    from tagger.found_boxes import find_boxes
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir
    from tagger.scored import score_samples

    tagger = Tagger.load(shipped_version_dir(), device="cpu")
    samples = _samples(tagger.ontology)
    boxes = find_boxes(
        samples, cache=CACHE / "boxes.json", workers=1, detector_of=shipped_version_dir()
    )
    parts = []
    for start in range(0, len(samples), _CHUNK):
        chunk = samples[start : start + _CHUNK]
        text = "\n".join([tagger.encoder, *(str(one.image) for one in chunk)])
        path = CACHE / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.npy"
        if not path.exists():
            scored = score_samples(tagger, chunk, boxes=boxes[start : start + _CHUNK])
            np.save(path, scored.embedding.astype(np.float16))
            say(f"embedded {start + len(chunk)} of {len(samples)} pictures")
        parts.append(np.load(path))
    return tuple(samples), np.concatenate(parts).astype(np.float32)


def _samples(ontology: Ontology) -> list[Sample]:
    """Give the pictures that both sets label; where both speak of a cell, the second one counts."""
    from tagger.data_sets import load_data
    from tagger.dataset import shipped_descriptions

    sets = load_data([shipped_descriptions()[name] for name in DATA], ontology)
    everything = [*sets.training, *(one for held in sets.validation.values() for one in held)]
    first, second = (
        {one.image: one for one in everything if one.id.startswith(f"{name}/")} for name in DATA
    )
    united = []
    for image in sorted(first.keys() & second.keys()):
        one, other = first[image].label, second[image].label
        label = GarmentLabel(
            categories=other.categories or one.categories, cells={**one.cells, **other.cells}
        )
        united.append(replace(first[image], label=label))
    return united


def corrected(
    sample: Sample, embedding: NDArray[np.float32], *, encoder: str, is_blind: bool = False
) -> CorrectedGarment:
    """Make a correction of a labelled picture."""
    from tagger.corrections import CorrectedGarment

    return CorrectedGarment(
        id=f"ledger/bench/{sample.id}/r",
        image=str(sample.image),
        digest="",
        image_wh=(100, 100),
        box_percent=(0.0, 0.0, 100.0, 100.0),
        label=sample.label,
        is_blind=is_blind,
        is_moved=False,
        region_id=sample.id,
        embedding=embedding.astype(np.float16),
        encoder=encoder,
    )


def with_memory(
    version: Path, embeddings: NDArray[np.float32], *, folder: Path
) -> tuple[Path, str]:
    """Write a version again with a replay memory of embeddings; give it and its encoder."""
    from tagger.loading import encoder_digest, load_parts, save_version
    from tagger.memory import ReplayMemory

    parts = load_parts(version)
    encoder = encoder_digest(parts["model"])
    path = save_version(
        folder,
        version="live",
        model=parts["model"],
        ontology=parts["scorer"].ontology,
        calibration=parts["scorer"].calibration,
        real=parts["real"],
        rendered=parts["rendered"],
        describe={"data": [], "training": {}, "metrics": {}},
        memory=ReplayMemory.of(embeddings, encoder=encoder),
    )
    return path, encoder


def outcomes(version: Path, garments: Sequence[CorrectedGarment]) -> list[CellOutcome]:
    """Say what a version answers for garments and whether it is right."""
    from tagger.gate_cells import cell_outcomes
    from tagger.judged import scored
    from tagger.loading import load_parts

    parts = load_parts(version)
    rows = {one.id: one.embedding for one in garments if one.embedding is not None}
    answered = scored(parts["model"], garments, rows)
    return cell_outcomes(
        parts["scorer"],
        garments,
        category_logits=answered.category_logits,
        value_logits=answered.value_logits,
        known=parts["real"],
    )


def changes(
    before: Sequence[CellOutcome], after: Sequence[CellOutcome]
) -> Mapping[str, Mapping[str, Any]]:
    """Give each head's change in shares of cells that `before` could answer, with its interval."""
    from tagger.gate import GateConfig, decide

    verdict = decide(before, after, config=GateConfig(min_labels=1, alpha=0.025))
    found = [*([verdict.mean] if verdict.mean else []), *verdict.heads]
    return {
        one.head: {
            "n": one.num_cells,
            "before": round(one.live, 4),
            "after": round(one.candidate, 4),
            "change": round(one.change, 4),
            "change_ci95": [round(one.low, 4), round(one.high, 4)],
        }
        for one in found
    }


def say(line: str) -> None:
    """Tell how far a benchmark is."""
    sys.stderr.write(f"{line}\n")
