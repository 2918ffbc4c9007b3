from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ontology.load import load_ontology
from ontology.targets import layout
from tagger.model import AttributeModel, MapAttention, ModelConfig, ModelConfigError

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"


@pytest.fixture(scope="module")
def ontology():
    return load_ontology(FURNITURE)


def _model(ontology, **changes):
    torch.manual_seed(0)
    return AttributeModel(ModelConfig(image_size=64, **changes), layout(ontology)).eval()


@pytest.mark.parametrize("attention", ["transformer", "none"])
def test_the_heads_have_one_output_for_each_leaf_and_value(ontology, attention):
    outputs = _model(ontology, attention=attention)(torch.zeros(2, 3, 64, 64))

    assert outputs.category_logits.shape == (2, len(ontology.leaves))
    assert outputs.value_logits.shape == (2, sum(len(a.values) for a in ontology.attributes))
    assert outputs.embedding.shape == (2, 1280)


def test_untrained_attention_passes_the_map_through():
    block = MapAttention(32, width=16, heads=4).eval()
    feature_map = torch.randn(2, 32, 5, 4)

    assert torch.allclose(block(feature_map), feature_map)


def test_a_value_row_moves_only_its_own_logit(ontology):
    model = _model(ontology)
    image = torch.randn(1, 3, 64, 64)
    before = model(image).value_logits
    with torch.no_grad():
        model.branches.rows[3] += 1.0

    changed = (model(image).value_logits - before).abs() > 1e-6

    assert changed[0].nonzero().flatten().tolist() == [3]


def test_frozen_stages_get_no_gradient(ontology):
    model = _model(ontology)
    model.freeze_stages(3)
    model(torch.randn(2, 3, 64, 64)).value_logits.sum().backward()

    assert model.backbone.conv_stem.weight.grad is None
    assert model.backbone.blocks[2][0].conv_pw.weight.grad is None
    assert model.backbone.blocks[3][0].conv_pw.weight.grad is not None


@pytest.mark.parametrize(
    "changes", [{"attention": "magic"}, {"attention_width": 30, "attention_heads": 8}]
)
def test_what_cannot_be_built_is_refused(changes):
    with pytest.raises(ModelConfigError):
        ModelConfig(**changes)


def test_configuration_survives_a_round_trip():
    config = ModelConfig(branch_width=32, attention="none")

    assert ModelConfig.from_dict(config.to_dict()) == config
