import torch

from ontology.targets import layout
from tagger.loading import encoder_digest, half_precision_
from tagger.model import AttributeModel, ModelConfig


def _model(lamps, **changes):
    torch.manual_seed(0)
    config = ModelConfig(**{"image_size": 32, "attention_width": 16, "branch_width": 4, **changes})
    return AttributeModel(config, layout(lamps))


def test_heads_do_not_change_the_encoder(lamps):
    model = _model(lamps)
    before = encoder_digest(model)
    with torch.no_grad():
        model.category.weight += 1
        model.branches.rows += 1
    assert encoder_digest(model) == before


def test_rounding_to_stored_precision_does_not_change_the_encoder(lamps):
    model = _model(lamps)
    assert encoder_digest(half_precision_(model)) == encoder_digest(_model(lamps))


def test_attention_and_the_way_of_serving_change_the_encoder(lamps):
    model = _model(lamps)
    before = encoder_digest(model)
    assert encoder_digest(_model(lamps, mirror=False)) != before
    with torch.no_grad():
        model.attention.leave.bias += 1
    assert encoder_digest(model) != before
