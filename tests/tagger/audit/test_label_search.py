"""Wrong labels among garments; what was not said is never suspected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.audit.label_errors import SearchPlan
from tagger.audit.label_search import Labelled, search_labels
from tagger.audit.out_of_fold import HeadPlan

PLAN = SearchPlan(num_folds=3, heads=HeadPlan(epochs=20, batch_size=32, rate=2e-2, hidden=16))


def _label(leaf, shade, lamps):
    cells = {}
    if shade is not None:
        values = frozenset(lamps.allowed(leaf, "shade"))
        cells["shade"] = CellLabel(
            state=CellState.VALUE, any_of=frozenset({shade}), vocabulary=values
        )
    return GarmentLabel(
        categories=frozenset({leaf}), category_vocabulary=frozenset(lamps.leaves), cells=cells
    )


@pytest.fixture
def garments(lamps):
    random = np.random.default_rng(0)
    made = []
    for at in range(240):
        leaf, shade = random.integers(0, 2), random.integers(0, 3)
        embedding = np.concatenate([np.eye(2)[leaf], np.eye(3)[shade]]) * 3
        names = (("desk_lamp", "floor_lamp")[leaf], ("cone", "drum", "globe")[shade])
        label = _label(names[0], None if at % 4 == 0 else names[1], lamps)
        made.append(
            Labelled(
                id=f"g{at}",
                group=f"p{at // 2}",
                label=label,
                embedding=embedding + random.normal(0, 0.3, 5),
            )
        )
    return made


def test_a_wrong_label_is_the_first_suspect_with_what_is_seen(garments, lamps):
    own = next(iter(garments[9].label.cells["shade"].any_of))
    wrong = "cone" if own != "cone" else "drum"
    leaf = next(iter(garments[9].label.categories))
    garments[9] = replace(garments[9], label=_label(leaf, wrong, lamps))

    first = search_labels(garments, lamps, plan=PLAN)[0]

    assert (first.id, first.attribute, first.said, first.seen) == ("g9", "shade", wrong, own)


def test_only_what_was_said_can_be_suspected(garments, lamps):
    found = search_labels(garments, lamps, plan=PLAN)
    cells = {(one.id, one.attribute) for one in found}

    assert len(found) == 240 + 180
    assert ("g0", "shade") not in cells
    assert {attribute for _, attribute in cells} == {"category", "shade"}
    assert [one.risk for one in found] == sorted((one.risk for one in found), reverse=True)


def test_too_few_labels_give_no_suspects(garments, lamps):
    assert search_labels(garments[:30], lamps, plan=PLAN) == []
