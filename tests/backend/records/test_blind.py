"""Blind labels judged as cells of a promise, with a version that knows two kinds of lamps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend.records.blind import blind_cells
from ontology.load import parse_ontology
from tagger.corrections import CorrectedGarment
from tagger.loading import load_parts
from tagger.promise import PromiseCell
from tagger.promise_cells import promise_cells
from tests.tagger.conftest import LAMPS
from tests.tagger.corrected import embedding, garment, label, write_live


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    return load_parts(
        write_live(tmp_path_factory.mktemp("live"), parse_ontology(LAMPS, file="lamps.yaml"))
    )


def lamp(number: int, shown: str, said: str, **changes: Any) -> CorrectedGarment:
    vector = embedding("desk_lamp", shown, seed=number)
    return garment(number, label("desk_lamp", shade=said), vector, **changes)  # type: ignore[return-value]


class Embedder:
    """Gives the garments' own embeddings and remembers for which it was asked."""

    def __init__(self, *, without: Sequence[str] = ()) -> None:
        self.without, self.asked = set(without), []

    def __call__(self, garments: Sequence[CorrectedGarment]) -> dict[str, Any]:
        self.asked += [one.id for one in garments]
        return {one.id: one.embedding for one in garments if one.id not in self.without}


def of(cells: Sequence[PromiseCell], attribute: str) -> dict[str, PromiseCell]:
    return {cell.cell: cell for cell in cells if cell.attribute == attribute}


def test_only_blind_garments_are_looked_at_and_judged(parts: Mapping[str, Any]) -> None:
    blind = lamp(1, "cone", "cone", is_blind=True)
    suggested = lamp(2, "cone", "drum")
    embed = Embedder()

    cells = blind_cells(parts, [suggested, blind], embed=embed)

    assert embed.asked == [blind.id]
    assert {cell.cell for cell in cells} == {blind.id}


def test_what_people_said_decides_whether_an_answer_is_right(parts: Mapping[str, Any]) -> None:
    agreed = [lamp(number, "cone", "cone", is_blind=True) for number in range(10)]
    denied = [lamp(number, "cone", "drum", is_blind=True) for number in range(10, 20)]

    cells = of(blind_cells(parts, [*agreed, *denied], embed=Embedder()), "shade")

    assert len(cells) == 20
    assert np.mean([cells[one.id].is_right for one in agreed]) > 0.8
    assert not any(cells[one.id].is_right for one in denied)
    assert all(0.0 < (cells[one.id].score or 0.5) <= 1.0 for one in agreed)


def test_the_category_is_a_cell_of_its_own(parts: Mapping[str, Any]) -> None:
    right = lamp(1, "cone", "cone", is_blind=True)
    wrong = replace(lamp(2, "cone", "cone", is_blind=True), label=label("floor_lamp"))

    cells = of(blind_cells(parts, [right, wrong], embed=Embedder()), "category")

    assert (cells[right.id].is_right, cells[wrong.id].is_right) == (True, False)


def test_garments_of_one_picture_are_one_product(parts: Mapping[str, Any]) -> None:
    pair = [lamp(number, "cone", "cone", is_blind=True, digest="d1") for number in (1, 2)]

    assert {cell.product for cell in blind_cells(parts, pair, embed=Embedder())} == {"d1"}


def test_a_garment_whose_picture_cannot_be_had_is_left_out(parts: Mapping[str, Any]) -> None:
    here, gone = (lamp(number, "cone", "cone", is_blind=True) for number in (1, 2))

    cells = blind_cells(parts, [here, gone], embed=Embedder(without=[gone.id]))

    assert {cell.cell for cell in cells} == {here.id}


def test_without_blind_garments_there_are_no_cells_and_nothing_is_run(
    parts: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(parts, "model")  # type: ignore[arg-type]  # a dict; running would fail

    assert blind_cells(parts, [lamp(1, "cone", "drum")], embed=Embedder()) == []


def test_answers_are_read_as_the_version_shows_them(parts: Mapping[str, Any]) -> None:
    from tagger.judged import scored

    blind = [lamp(number, "drum", "drum", is_blind=True) for number in range(3)]
    answered = scored(parts["model"], blind, {one.id: one.embedding for one in blind})

    cells = blind_cells(parts, blind, embed=Embedder())

    assert cells == promise_cells(parts["scorer"], answered, parts["real"])
