"""One run of `weft select`: look at past rounds, gather, choose, and hand out if asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backend.selection.candidates import OpenTask, ProjectTasks, gather
from backend.selection.measure import measure_rounds
from backend.selection.plan import PickedTask, choose
from backend.selection.rounds import read_rounds
from tagger.select.batch import BatchRule
from tagger.select.gain import GainReport, gain_report
from tagger.select.pick import attribute_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backend.database import Database
    from backend.label_studio import LabelStudioClient
    from backend.selection.measure import Embed
    from backend.settings import Settings
    from tagger.corrections import CorrectedGarment
    from tagger.known import Taught

__all__ = ["Request", "Selection", "past_gain", "rounds_dir", "select_tasks", "served_reader"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        budget: Tasks to pick.
        projects: Ids; empty for all connected ones.
        seed: Of all draws.
        rule: How the batch is composed.
        favours_rare: Whether attributes with few labels count more.
    """

    budget: int
    projects: tuple[int, ...]
    seed: int
    rule: BatchRule
    favours_rare: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was chosen.

    Attributes:
        tasks: All candidates.
        picked: The chosen ones, in their order.
        left_out: Number of unlabelled tasks that were no candidates, by reason.
        gain: What past rounds gained.
    """

    tasks: tuple[OpenTask, ...]
    picked: tuple[PickedTask, ...]
    left_out: Mapping[str, int]
    gain: GainReport


def rounds_dir(settings: Settings) -> Path:
    """Return the folder of past rounds."""
    return settings.data_dir / "selection"


def served_reader(settings: Settings, version: Path) -> ProjectTasks:
    """Read what a version knows from its files, without loading it."""
    from ontology.load import load_ontology
    from tagger.known import Taught
    from tagger.registry import read_manifest

    manifest = read_manifest(version)
    taught = Taught.from_dict(manifest.taught["real"])
    if settings.show_rendered:
        taught = taught.united(Taught.from_dict(manifest.taught["rendered"]))
    return ProjectTasks(
        ontology=load_ontology(version / "ontology.yaml"),
        taught=taught,
        version=version.name,
        blind_share=settings.blind_share,
    )


def select_tasks(
    client: LabelStudioClient,
    database: Database,
    *,
    reader: ProjectTasks,
    request: Request,
    gain: GainReport,
) -> Selection:
    """Choose tasks of some projects; where picking gains nothing, all are drawn at random.

    Args:
        client: Label Studio.
        database: Where sent regions are.
        reader: The served version.
        request: What is asked for.
        gain: What past rounds gained.

    Raises:
        LabelStudioError: If Label Studio cannot be asked.
        SelectionError: If the budget is not positive.
    """
    tasks: list[OpenTask] = []
    left_out: Counter[str] = Counter()
    for project in request.projects:
        found = gather(client, database, project, reader=reader)
        tasks += found.tasks
        left_out.update(found.left_out)
    rule = replace(request.rule, random_share=1.0) if gain.is_random_next else request.rule
    weights = attribute_weights(_counts(reader.taught)) if request.favours_rare else None
    picked = choose(
        tasks,
        budget=request.budget,
        ontology=reader.ontology,
        rng=np.random.default_rng(request.seed),
        rule=rule,
        weights=weights,
    )
    return Selection(tasks=tuple(tasks), picked=tuple(picked), left_out=dict(left_out), gain=gain)


def _counts(taught: Taught) -> dict[str, int]:
    return {name: sum(counts.values()) for name, counts in taught.counts.items()}


def past_gain(settings: Settings, database: Database, *, version: Path) -> GainReport:
    """Measure past rounds; embeds held-out pictures where a round may be measurable."""
    from backend.ledger.read import corrected_garments
    from ontology.load import load_ontology

    rounds = read_rounds(rounds_dir(settings))
    if not rounds:
        return gain_report([])
    garments = corrected_garments(
        database,
        ontology=load_ontology(version / "ontology.yaml"),
        accepted_weight=settings.accepted_weight,
    )
    with ExitStack() as stack:
        return gain_report(
            measure_rounds(rounds, garments, embed=_embedder(settings, version, stack))
        )


def _embedder(settings: Settings, version: Path, stack: ExitStack) -> Embed:
    """Give an embedder that loads the version when it is first called."""
    from backend.app import label_studio_client
    from backend.images import ImageFetcher
    from backend.retraining.embedder import GarmentEmbedder
    from backend.retraining.pictures import PictureFolder

    found: list[GarmentEmbedder] = []

    def embed(garments: Sequence[CorrectedGarment]) -> Mapping[str, NDArray[np.floating]]:
        if not found:
            from tagger.pipeline import Tagger

            fetcher = ImageFetcher(settings, auth=label_studio_client(settings))
            stack.callback(fetcher.close)
            pictures = PictureFolder(
                settings.data_dir / "training" / "pictures",
                fetcher,
                max_bytes=settings.retrain_picture_bytes,
            )
            tagger = Tagger.load(version, device=settings.device)
            found.append(GarmentEmbedder(tagger, pictures.path))
        return found[0](garments)

    return embed
