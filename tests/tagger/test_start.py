"""The weights that a stage begins with."""

from pathlib import Path

import pytest
import torch

from ontology.targets import layout
from tagger.model import AttributeModel, ModelConfig
from tagger.start import StartError, check_starts, weights_before
from tagger.train_config import TrainConfig

CONFIG = ModelConfig(image_size=32, attention="none", branch_width=2)


def _model(ontology, level):
    model = AttributeModel(CONFIG, layout(ontology))
    with torch.no_grad():
        model.category.weight.fill_(level)
    return model


def _level(model):
    return float(model.category.weight.detach().mean())


def _stages(*numbers, init=None):
    return [
        TrainConfig(model=CONFIG, init=init),
        TrainConfig(model=CONFIG),
        TrainConfig(model=CONFIG, starts_from=numbers),
    ]


def test_a_stage_begins_with_the_one_before_it(lamps):
    models = [_model(lamps, 1.0), _model(lamps, 2.0)]

    assert weights_before(lamps, _stages(), models) is models[1]
    assert weights_before(lamps, _stages(), []) is None


def test_a_stage_begins_with_the_mean_of_those_that_it_names(lamps):
    models = [_model(lamps, 1.0), _model(lamps, 2.0)]

    mean = weights_before(lamps, _stages(1, 2, 2), models)

    assert _level(mean) == pytest.approx(5 / 3, abs=1e-3)
    assert [_level(model) for model in models] == [1.0, 2.0]


def test_zero_stands_for_the_version_that_the_first_stage_began_with(lamps, monkeypatch):
    def carry_over(version, model, ontology):
        assert (version, ontology) == (Path("old"), lamps)
        model.load_state_dict(_model(lamps, 4.0).state_dict())

    monkeypatch.setattr("tagger.start.carry_over", carry_over)
    stages = _stages(0, 2, init=Path("old"))

    mean = weights_before(lamps, stages, [_model(lamps, 1.0), _model(lamps, 2.0)])

    assert _level(mean) == 3.0
    assert not mean.training, "what looks at pictures next would change its statistics"


def test_without_that_version_it_says_what_to_do():
    with pytest.raises(StartError, match="name one with --init"):
        check_starts(_stages(0), [])
    with pytest.raises(StartError, match="name one with --init"):
        check_starts(_stages(1), [0, 3])
    check_starts(_stages(1), [3])
    check_starts(_stages(0, init=Path("old")), [0])
