"""Labels as the loss sees them."""

from __future__ import annotations

import pytest
import torch

from ontology.labels import GarmentLabel
from tagger.training_set import encode_targets, rows_of
from tests.tagger.corrected import garment


def test_trust_in_a_category_reaches_the_loss_row_by_row(lamps):
    labels = [
        GarmentLabel(categories=frozenset({"lantern"})),
        GarmentLabel(categories=frozenset({"lantern"}), category_weight=0.25),
    ]

    targets = encode_targets(lamps, [garment(n, one, None) for n, one in enumerate(labels)])

    assert targets.category_weights.tolist() == pytest.approx([1.0, 0.25])
    assert rows_of(targets, torch.tensor([1])).category_weights.tolist() == [0.25]
    assert targets.to(torch.device("cpu")).category_weights.tolist() == [1.0, 0.25]
