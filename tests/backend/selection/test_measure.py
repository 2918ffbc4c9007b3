from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from backend.selection.measure import measure_rounds
from backend.selection.rounds import Round, RoundTask
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.corrections import CorrectedGarment

COLOURS = [ValueId(f"c{at}") for at in range(4)]


def garment(task: int, colour: int, *, is_blind: bool = False) -> CorrectedGarment:
    cell = CellLabel(state=CellState.VALUE, any_of=frozenset({COLOURS[colour]}))
    return CorrectedGarment(
        id=f"ledger/7.1/{task}/w_{task}",
        image=f"picture {task}",
        digest="",
        image_wh=(100, 100),
        box_percent=(0, 0, 50, 50),
        label=GarmentLabel(
            categories=frozenset({CategoryId("thing")}), cells={AttributeId("colour"): cell}
        ),
        is_blind=is_blind,
        is_moved=False,
        region_id=f"w_{task}",
        embedding=None,
        encoder="",
    )


def colour_of(one: CorrectedGarment) -> int:
    cell = one.label.cells[AttributeId("colour")]
    return COLOURS.index(next(iter(cell.any_of)))


class Embedder:
    """Colours lie apart; counts how often it is asked."""

    def __init__(self) -> None:
        self.num_calls = 0

    def __call__(self, garments: Sequence[CorrectedGarment]) -> Mapping[str, NDArray[np.floating]]:
        self.num_calls += 1
        noise = np.random.default_rng(len(garments))
        return {
            one.id: (np.eye(4)[colour_of(one)] + noise.normal(size=4) * 0.05).astype(np.float32)
            for one in garments
        }


def a_round(picked: range, drawn: range) -> Round:
    tasks = [
        RoundTask(project_uid="7.1", task_id=task, is_random=task in drawn)
        for task in (*picked, *drawn)
    ]
    return Round(created_at="2026-01-01T00:00:00+00:00", model_version="v", tasks=tuple(tasks))


def labelled(all_colours: range, two_colours: range, blind: range) -> list[CorrectedGarment]:
    return [
        *(garment(task, task % 4) for task in all_colours),
        *(garment(task, task % 2) for task in two_colours),
        *(garment(task, task % 4, is_blind=True) for task in blind),
    ]


def test_a_round_that_found_what_chance_did_not_has_a_gain() -> None:
    garments = labelled(range(100), range(100, 130), range(500, 620))
    embed = Embedder()
    (gain,) = measure_rounds([a_round(range(100), range(100, 130))], garments, embed=embed)
    assert gain.num_labels == 30
    assert gain.num_cells == 240  # category and colour
    assert gain.low > 0
    assert abs(gain.mean - 0.25) < 0.05  # half of the colours, half of the cells


def test_a_round_that_missed_what_chance_found_has_a_loss() -> None:
    garments = labelled(range(30), range(100, 200), range(500, 620))
    (gain,) = measure_rounds([a_round(range(100, 200), range(30))], garments, embed=Embedder())
    assert gain.high < 0


def test_without_labels_of_both_kinds_nothing_is_embedded() -> None:
    embed = Embedder()
    garments = labelled(range(100), range(0), range(500, 620))
    assert measure_rounds([a_round(range(100), range(100, 130))], garments, embed=embed) == []
    assert embed.num_calls == 0


def test_a_picture_that_is_judged_on_is_never_learnt_from() -> None:
    garments = labelled(range(100), range(100, 130), range(500, 620))
    twin = garment(1000, 0, is_blind=True)
    shared = [
        *garments,
        twin.__class__(**{**_fields(garments[0]), "image": twin.image}),  # same picture
        twin,
    ]
    seen: list[str] = []

    def embed(some: Sequence[CorrectedGarment]) -> Mapping[str, NDArray[np.floating]]:
        if not some[0].is_blind:
            seen.extend(one.image for one in some)
        return Embedder()(some)

    measure_rounds([a_round(range(100), range(100, 130))], shared, embed=embed)
    assert seen
    assert twin.image not in seen


def _fields(one: CorrectedGarment) -> dict[str, object]:
    return {name: getattr(one, name) for name in CorrectedGarment.__slots__}
