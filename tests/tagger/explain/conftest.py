"""A small untrained network over a small ontology: the mathematics needs no training."""

from __future__ import annotations

import pytest
import torch

from ontology.targets import layout
from tagger.known import Taught
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import Tagger
from tagger.scoring import Calibration, Scorer


@pytest.fixture(scope="session")
def make_tagger(lamps):
    """Make a tagger whose answers depend on every part of the network."""

    def make(**config) -> Tagger:
        torch.manual_seed(5)
        model = AttributeModel(ModelConfig(**{"image_size": 100, **config}), layout(lamps)).eval()
        with torch.no_grad():
            if config.get("attention") != "none":
                model.attention.leave.weight.normal_(std=0.3)
            model.branches.rows.normal_()
        values = {a.id: frozenset(v.id for v in a.values) for a in lamps.attributes}
        leaves = frozenset(lamps.leaves)
        taught = Taught(
            categories=leaves,
            values=values,
            mentioned=values,
            mentioned_categories=leaves,
            carriers=dict.fromkeys(values, leaves),
        )
        return Tagger(
            model,
            scorer=Scorer(lamps, taught, Calibration()),
            real=taught,
            rendered=taught,
            version="untrained",
        )

    return make


@pytest.fixture(scope="session")
def tagger(make_tagger):
    return make_tagger()
