"""Measure what past rounds gained, on the labels that annotators gave since.

Legend: C channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.select.gain import RoundGain, measure_round
from tagger.select.probe import exact_labels, fit_and_judge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from backend.selection.rounds import Round
    from tagger.corrections import CorrectedGarment

__all__ = ["measure_rounds"]

Embed = Callable[[Sequence["CorrectedGarment"]], Mapping[str, "NDArray[np.floating]"]]
TaskKey = tuple[str, int]

_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Garments with labels and embeddings.

    Attributes:
        inputs: (N, C).
        labels: Exact labels of each.
        tasks: Of which task each is.
        groups: Of which picture each is.
    """

    inputs: NDArray[np.float32]
    labels: tuple[Mapping[str, str], ...]
    tasks: tuple[TaskKey, ...]
    groups: tuple[str, ...]


def measure_rounds(
    rounds: Sequence[Round], garments: Sequence[CorrectedGarment], *, embed: Embed
) -> list[RoundGain]:
    """Measure those rounds that have enough labels of both kinds.

    What was labelled outside of a round is learnt from on both sides. Blind garments and ground
    truths are what is judged on, and nothing of their pictures is learnt from.

    Args:
        rounds: As they were given out.
        garments: As annotators corrected them.
        embed: Gives the embeddings by garment id; called only if a round may be measurable.
    """
    blind = [garment for garment in garments if garment.is_blind]
    held_groups = {garment.group for garment in blind}
    learnt = [g for g in garments if not g.is_blind and g.group not in held_groups]
    tasks = {_task(garment) for garment in learnt}
    if not blind or not any(_is_labelled(one, tasks) for one in rounds):
        return []
    held, known = _known(blind, embed), _known(learnt, embed)
    gains = (_measure(one, known, held) for one in rounds)
    return [gain for gain in gains if gain is not None]


def _task(garment: CorrectedGarment) -> TaskKey:
    _, project, task, _ = garment.id.split("/", 3)
    return project, int(task)


def _is_labelled(one: Round, tasks: set[TaskKey]) -> bool:
    """Whether tasks of both kinds were labelled."""
    kinds = {task.is_random for task in one.tasks if (task.project_uid, task.task_id) in tasks}
    return len(kinds) == 2


def _known(garments: Sequence[CorrectedGarment], embed: Embed) -> _Known:
    found = embed(garments)
    kept = [(g, labels) for g in garments if g.id in found and (labels := exact_labels(g.label))]
    width = next((len(vector) for vector in found.values()), 0)
    inputs = np.zeros((len(kept), width), dtype=np.float32)
    for at, (garment, _) in enumerate(kept):
        inputs[at] = found[garment.id]
    return _Known(
        inputs=inputs,
        labels=tuple(labels for _, labels in kept),
        tasks=tuple(_task(garment) for garment, _ in kept),
        groups=tuple(garment.group for garment, _ in kept),
    )


def _measure(one: Round, known: _Known, held: _Known) -> RoundGain | None:
    kind = {(task.project_uid, task.task_id): task.is_random for task in one.tasks}
    picked = [at for at, task in enumerate(known.tasks) if kind.get(task) is False]
    drawn = [at for at, task in enumerate(known.tasks) if kind.get(task) is True]
    others = [at for at, task in enumerate(known.tasks) if task not in kind]

    def judge(added: Sequence[int]) -> NDArray[np.float64]:
        rows = [*others, *added]
        return fit_and_judge(
            known.inputs[rows],
            [known.labels[at] for at in rows],
            held_inputs=held.inputs,
            held_labels=held.labels,
        )

    numbers = {group: at for at, group in enumerate(dict.fromkeys(held.groups))}
    pictures = [
        numbers[group]
        for group, labels in zip(held.groups, held.labels, strict=True)
        for _ in labels
    ]
    return measure_round(
        judge,
        picked=picked,
        drawn=drawn,
        pictures=np.array(pictures, dtype=np.int64),
        rng=np.random.default_rng(_SEED),
    )
