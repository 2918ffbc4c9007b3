"""The full round: fine-tune the whole network on corrected garments, old knowledge kept.

Where descriptions of base data are given, their pictures are replayed beside the corrections.
Without them, the version itself says what is to stay, see `tagger.replay`.

Legend: C channels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagger.corrections_file import label_to, load_garments, save_garments
from tagger.data_sets import DataSets, describe_set, load_data
from tagger.dataset import Sample
from tagger.found_boxes import find_boxes
from tagger.full_write import Finished, write_full
from tagger.known import also_taught, taught_by
from tagger.loading import encoder_digest, load_parts
from tagger.loop_config import LoopConfig
from tagger.memory import ReplayMemory, load_memory_of
from tagger.model import ModelConfig
from tagger.pipeline import choose_device
from tagger.refit import RefitError, Refitted, Sorted, sort_garments, taught_before
from tagger.registry import read_manifest
from tagger.replay import ReplayTrainer
from tagger.split import content_hash
from tagger.train import fit_stage
from tagger.train_config import TrainConfig, run_name
from tagger.trainer import Trainer

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.boxes import PixelBox
    from tagger.corrections import CorrectedGarment
    from tagger.model import AttributeModel

__all__ = ["FullConfig", "full_round"]

_SET = "corrections"


@dataclass(frozen=True, slots=True, kw_only=True)
class FullConfig:
    """How the network is fine-tuned.

    Attributes:
        loop: Schedule and rates; its epochs are passes over base data and corrections, or, without
            base data, chosen so that about `draws` crops are drawn.
        draws: See `loop`.
        base_limit: Base samples that are replayed, chosen evenly by their ids.
        share: Factor on how often corrections are drawn, see `tagger.weighting.draw_weights`.
    """

    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(epochs=1, batch_size=32, ema_decay=0.99).scaled(0.15)
    )
    draws: int = 4000
    base_limit: int = 6000
    share: float = 2.0


def full_round(
    live: Path,
    garments: Sequence[CorrectedGarment],
    *,
    picture: Callable[[CorrectedGarment], Path | None],
    base_data: Sequence[Path] = (),
    runs: Path,
    versions: Path,
    snapshot: Path,
    device: str = "auto",
    config: FullConfig | None = None,
    watch: Callable[[int, int], None] = lambda _done, _all: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Refitted:
    """Fine-tune a version on corrections and write the result as a new version.

    Args:
        live: The version directory to start from.
        garments: All corrections; those of the first attempt count if it was cut off.
        picture: Gives the file of a garment's picture, or None if it cannot be had.
        base_data: Data-set descriptions and packs to replay.
        runs: Where run directories with checkpoints live.
        versions: Where the new version is written.
        snapshot: File that keeps the corrections of this round.
        device: `auto`, `cpu`, `cuda` ...
        config: How to fine-tune.
        watch: Called with (done, all) steps.
        clock: Gives the date in the version's name.

    Raises:
        RefitError: If no garment is left to learn from.
    """
    config = config or FullConfig()
    if not snapshot.exists():
        save_garments(garments, snapshot)
    parts, found = load_parts(live), sort_garments(load_garments(snapshot))
    ontology: Ontology = parts["scorer"].ontology
    base = load_data(base_data, ontology) if base_data else _NO_DATA
    held = _held(base)
    learn = [one for one in _samples(found.learn, picture) if content_hash(one.image) not in held]
    blind = _samples(found.blind, picture)
    if not learn:
        raise RefitError(
            f"nothing to learn: of {len(garments)} corrected garments none has a picture that can "
            "be had and that is not held back for measuring; see the log, or correct more"
        )
    replayed = _without(_some(base.training, config.base_limit), blind)
    sets = replace(base, training=(*replayed, *learn))
    boxes = find_boxes(sets.training, cache=runs / "boxes.json", detector_of=live)
    memory = load_memory_of(live, encoder=encoder_digest(parts["model"]))
    stage = _stage(live, config, sets)
    model = _fitted(
        ontology,
        sets,
        boxes,
        stage,
        runs=runs,
        device=device,
        watch=watch,
        kind=Trainer if base_data else _replay(parts, memory, ontology),
    )
    before = taught_before(read_manifest(live))
    done = Finished(
        live=live,
        parts=parts,
        model=model,
        sets=sets,
        boxes=boxes,
        learn=learn,
        blind=blind,
        memory=memory,
        before=before,
        real=also_taught(before, taught_by(learn, ontology), ontology),
        counts=_counts(found, len(learn), len(blind), num_replayed=len(sets.training) - len(learn)),
        described=[describe_set(one, base) for one in base.descriptions],
        loop=stage.loop.to_dict(),
    )
    made = write_full(done, versions=versions, now=clock())
    return replace(made, scratch=(runs / run_name(ontology, sets, (stage,)), snapshot))


def _fitted(
    ontology: Ontology,
    sets: DataSets,
    boxes: Sequence[PixelBox],
    stage: TrainConfig,
    *,
    runs: Path,
    device: str,
    watch: Callable[[int, int], None],
    kind: Callable[..., Trainer],
) -> AttributeModel:
    fitted = fit_stage(
        ontology,
        sets,
        boxes,
        (stage,),
        runs=runs,
        before=None,
        device=choose_device(device),
        watch=lambda step: watch(step.step, step.num_steps),
        say=lambda _: None,
        stop_after_s=None,
        kind=kind,
    )
    assert fitted is not None  # noqa: S101 - only a time limit ends early
    return fitted[0]


def _counts(found: Sorted, num_learn: int, num_blind: int, *, num_replayed: int) -> dict[str, int]:
    everything = (*found.learn, *found.blind)
    return {
        "learnt": num_learn,
        "blind": num_blind,
        "moved": sum(one.is_moved for one in everything),
        "left_out": len(everything) - num_learn - num_blind,
        "held_back": found.held_back,
        "empty": found.empty,
        "replayed": num_replayed,
    }


_NO_DATA = DataSets(descriptions=(), training=(), validation={})


def _stage(live: Path, config: FullConfig, sets: DataSets) -> TrainConfig:
    epochs = config.loop.epochs
    if not sets.descriptions:
        epochs = max(epochs, round(config.draws / len(sets.training)))
    return TrainConfig(
        model=ModelConfig.from_dict(read_manifest(live).model),
        loop=replace(config.loop, epochs=epochs),
        init=live,
        set_weights={_SET: config.share},
    )


def _replay(
    parts: Mapping[str, Any], memory: ReplayMemory | None, ontology: Ontology
) -> Callable[..., Trainer]:
    import numpy as np

    model = parts["model"]
    rows = memory.embeddings() if memory else np.zeros((0, model.num_channels), dtype=np.float32)
    taught = parts["real"].united(parts["rendered"])
    return partial(ReplayTrainer, teacher=model, memory=rows, ontology=ontology, taught=taught)


def _samples(
    garments: Sequence[CorrectedGarment], picture: Callable[[CorrectedGarment], Path | None]
) -> list[Sample]:
    """Make samples of garments whose picture can be had; ids change with what was said."""
    samples = []
    for garment in garments:
        path = picture(garment)
        if path is None:
            continue
        said = json.dumps([label_to(garment.label), garment.box_percent])
        samples.append(
            Sample(
                id=f"{_SET}/{garment.id}@{hashlib.sha256(said.encode()).hexdigest()[:8]}",
                image=path,
                group=garment.group,
                split="train",
                aspect=1.0,
                box=garment.box,
                mask=None,
                source_labels={},
                rivals={},
                label=garment.label,
                origin="real",
            )
        )
    return samples


def _held(base: DataSets) -> set[str]:
    """Hash the pictures that base data is measured on."""
    return {
        content_hash(sample.image)
        for samples in base.validation.values()
        for sample in samples
        if sample.packed is None
    }


def _without(samples: Sequence[Sample], blind: Sequence[Sample]) -> list[Sample]:
    """Leave out base data's copies of pictures that measure."""
    gold = {content_hash(one.image) for one in blind}
    return [
        one
        for one in samples
        if not gold or one.packed is not None or content_hash(one.image) not in gold
    ]


def _some(samples: Sequence[Sample], limit: int) -> Sequence[Sample]:
    def rank(sample: Sample) -> str:
        return hashlib.sha256(sample.id.encode()).hexdigest()

    return samples if len(samples) <= limit else sorted(samples, key=rank)[:limit]
