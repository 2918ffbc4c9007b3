"""The fast round: fit a version's heads to corrections on embeddings, in seconds.

The encoder stays, so embeddings that were kept when a picture was predicted still hold. Garments
whose box was moved have none; they are embedded afresh where the caller can do that.

Legend: C channels.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.errors import CatalogError
from tagger.judged import scored
from tagger.known import Taught, also_taught, taught_by
from tagger.loading import encoder_digest, half_precision_, load_parts, save_version
from tagger.memory import load_memory_of
from tagger.refit_calibration import recalibrated
from tagger.refit_folds import score_left_out
from tagger.refit_heads import RefitConfig, fit_heads, prepare
from tagger.registry import MANIFEST, Manifest, read_manifest
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment
    from tagger.dataset import Sample
    from tagger.memory import ReplayMemory
    from tagger.model import AttributeModel
    from tagger.scoring import Calibration

__all__ = ["Embedder", "RefitConfig", "RefitError", "Refitted", "Sorted", "refit"]

Embedder = Callable[[Sequence["CorrectedGarment"]], Mapping[str, "NDArray[np.floating]"]]
"""Gives embeddings (C,) by garment id; garments that it cannot embed are left out."""

TAUGHT_BEFORE = "taught_before_corrections"
MIGRATED_FROM = "migrated_from"  # as `tagger.migrate_heads` notes it
_FOLDS = 2


class RefitError(CatalogError):
    """Corrections cannot be learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """Corrections by what they are for.

    Attributes:
        learn: Trained on.
        blind: For calibration and gate only.
        held_back: Not blind themselves, but of a picture that is.
        empty: Garments of which nothing was said.
    """

    learn: tuple[CorrectedGarment, ...]
    blind: tuple[CorrectedGarment, ...]
    held_back: int
    empty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitted:
    """A written version.

    Attributes:
        path: Its directory.
        counts: Garments by what became of them.
        scratch: Files and folders that nobody needs once the version is known to be there.
    """

    path: Path
    counts: Mapping[str, int]
    scratch: tuple[Path, ...] = ()


def sort_garments(garments: Sequence[CorrectedGarment]) -> Sorted:
    """Keep what is blind, and every picture of it, out of training."""
    said = [garment for garment in garments if garment.label.categories or garment.label.cells]
    blind = tuple(garment for garment in said if garment.is_blind)
    held = {garment.group for garment in blind}
    rest = [garment for garment in said if not garment.is_blind]
    learn = tuple(garment for garment in rest if garment.group not in held)
    return Sorted(
        learn=learn,
        blind=blind,
        held_back=len(rest) - len(learn),
        empty=len(garments) - len(said),
    )


def refit(
    live: Path,
    garments: Sequence[CorrectedGarment],
    *,
    versions: Path,
    embed: Embedder | None = None,
    config: RefitConfig | None = None,
    watch: Callable[[int, int], None] = lambda _done, _all: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Refitted:
    """Fit the heads of a version to corrections and write the result as a new version.

    Args:
        live: The version directory to start from; its ontology's ids are those of the labels.
        garments: All corrections, blind ones too, which are never trained on.
        versions: Where the new version is written.
        embed: Embeds garments that have no embedding of this encoder; without it they are left
            out.
        config: How heads are fitted.
        watch: Called with (done, all) steps.
        clock: Gives the date in the version's name.

    Raises:
        RefitError: If no garment is left to learn from.
        ModelStoreError: If the live version is damaged.
    """
    config = config or RefitConfig()
    parts, manifest = load_parts(live), read_manifest(live)
    ontology, encoder = parts["scorer"].ontology, encoder_digest(parts["model"])
    found = sort_garments(garments)
    rows, counts = _embedded(found, encoder, embed)
    learn = [garment for garment in found.learn if garment.id in rows]
    if not learn:
        raise RefitError(
            f"nothing to learn: of {len(garments)} corrected garments none has an embedding of "
            f"version {live.name}; run without --fast, or correct more"
        )
    before, memory = taught_before(manifest), load_memory_of(live, encoder=encoder)
    real = also_taught(before, taught_by(learn, ontology), ontology)
    calibration = _fit(parts, real, learn, found.blind, rows, memory, config=config, watch=watch)
    name = _name(parts["model"], calibration, ontology, clock())
    if (versions / name / MANIFEST).is_file():  # an attempt that was cut off got this far
        return Refitted(path=versions / name, counts=counts)
    path = save_version(
        versions,
        version=name,
        model=parts["model"],
        ontology=ontology,
        calibration=calibration,
        real=real,
        rendered=parts["rendered"],
        describe={
            "data": corrections_entry(manifest.data, learn, found.blind),
            "training": {
                "kind": "fast refit of the heads",
                "start": f"version {live.name}",
                "corrections": counts,
                "replay_memory": len(memory.codes) if memory is not None else 0,
                **config.to_dict(),
                TAUGHT_BEFORE: before.to_dict(),
            },
            "metrics": {},
        },
        detector_of=live,
        memory=memory,
    )
    return Refitted(path=path, counts=counts)


def _fit(
    parts: Mapping[str, Any],
    real: Taught,
    learn: Sequence[CorrectedGarment],
    blind: Sequence[CorrectedGarment],
    rows: Mapping[str, NDArray[np.floating]],
    memory: ReplayMemory | None,
    *,
    config: RefitConfig,
    watch: Callable[[int, int], None],
) -> Calibration:
    """Fit the heads of `parts` in place and give the calibration that belongs to them."""
    model, ontology = parts["model"], parts["scorer"].ontology
    remembered = memory.embeddings() if memory else np.zeros((0, model.num_channels))
    data = prepare(
        model,
        ontology,
        garments=learn,
        embeddings=np.stack([rows[garment.id] for garment in learn]),
        memory=remembered,
        taught=parts["real"].united(parts["rendered"]),
    )
    fresh = _fresh(parts["real"], real)
    brief = replace(config, steps=max(1, config.steps // 2))
    before, left_out = _FOLDS * brief.steps if fresh else 0, None
    if fresh:
        left_out = score_left_out(
            model,
            data,
            learn,
            rows,
            config=brief,
            folds=_FOLDS,
            watch=lambda done: watch(done, before + config.steps),
        )
    fit_heads(
        model, data, config=config, watch=lambda done, all_: watch(before + done, before + all_)
    )
    return recalibrated(
        parts["scorer"].calibration,
        ontology,
        real=real,
        all_taught=real.united(parts["rendered"]),
        blind=scored(half_precision_(model), blind, rows),
        left_out=left_out,
        fresh=fresh,
    )


def taught_before(manifest: Manifest) -> Taught:
    """Give what taught a version before any correction, which count from the ledger each time.

    In a version whose ontology changed since, what was noted has the ids of the earlier one; what
    the version itself knows stands in for it, corrections included.
    """
    noted = manifest.training.get(TAUGHT_BEFORE)
    is_in_old_ids = MIGRATED_FROM in manifest.training
    return Taught.from_dict(manifest.taught["real"] if is_in_old_ids or not noted else noted)


def corrections_entry(
    data: Sequence[Mapping[str, Any]],
    learn: Sequence[CorrectedGarment | Sample],
    blind: Sequence[CorrectedGarment | Sample],
) -> list[Mapping[str, Any]]:
    """Give a manifest's data sets with the corrections' line at the end."""
    entry = {
        "name": "corrections",
        "source": "annotations made in Label Studio",
        "licence": "of this installation",
        "labelled_by": "source",
        "labelling": "Corrected or accepted by annotators; the validation part is the blind slice.",
        "pictures": len({garment.group for garment in (*learn, *blind)}),
        "training": len(learn),
        "validation": len(blind),
    }
    return [*(one for one in data if one["name"] != entry["name"]), entry]


def _embedded(
    found: Sorted, encoder: str, embed: Embedder | None
) -> tuple[dict[str, NDArray[np.floating]], dict[str, int]]:
    """Gather embeddings by garment id, and count garments by what became of them."""
    everything = [*found.learn, *found.blind]
    rows: dict[str, NDArray[np.floating]] = {
        garment.id: garment.embedding
        for garment in everything
        if garment.embedding is not None and garment.encoder == encoder and not garment.is_moved
    }
    cached = set(rows)
    missing = [garment for garment in everything if garment.id not in cached]
    if embed is not None and missing:
        rows.update(embed(missing))
    counts = Counter(
        {
            "learnt": sum(garment.id in rows for garment in found.learn),
            "blind": sum(garment.id in rows for garment in found.blind),
            "cached": len(cached),
            "moved": sum(garment.is_moved for garment in everything),
            "embedded_afresh": len(rows) - len(cached),
            "left_out": len(everything) - len(rows),
            "held_back": found.held_back,
            "empty": found.empty,
        }
    )
    return rows, dict(counts)


def _fresh(live: Taught, now: Taught) -> frozenset[str]:
    """List the heads with something that can be answered now and could not before."""
    heads = {
        str(name)
        for name, values in now.values.items()
        if values - live.values.get(name, frozenset())
    }
    return frozenset(heads | ({CATEGORY} if now.categories - live.categories else set()))


def _name(
    model: AttributeModel, calibration: Calibration, ontology: Ontology, now: datetime
) -> str:
    digest = hashlib.sha256(json.dumps(calibration.to_dict(), sort_keys=True).encode())
    for tensor in model.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return f"{ontology.id}-{now:%Y%m%d}-{digest.hexdigest()[:8]}"
