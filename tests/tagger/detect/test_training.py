"""The loop on drawn squares: it learns, resumes where it stopped, and refuses what cannot go on."""

from __future__ import annotations

import json

import pytest
import torch

from tagger.boxes import PixelBox
from tagger.detect.draw import NoExampleError
from tagger.detect.examples import Example
from tagger.detect.model import Detector, DetectorConfig
from tagger.detect.training import DetectorTrainingError, Schedule, start_backbone, train_detector

CONFIG = DetectorConfig(
    short_side=64,
    long_side=64,
    pyramid_width=16,
    box_width=16,
    mask_width=8,
    mask_layers=1,
    proposals_per_image=30,
    samples_per_image=16,
)
SCHEDULE = Schedule(steps=4, batch_size=2, compiled=False, averaging=0.5)


def _examples(sample_of) -> list[Example]:
    box = PixelBox(x0=20, y0=30, x1=70, y1=80)
    return [
        Example(
            image=sample_of(key).image,
            aspect=1.0,
            kind=kind,
            boxes=(box,),
            labels=(1,),
            masks=(None,),
        )
        for key, kind in (("a", "street"), ("b", "drawn"))
    ]


def _model() -> Detector:
    torch.manual_seed(3)
    return Detector(CONFIG, 2)


class _KilledError(Exception):
    pass


def test_a_killed_run_ends_like_an_undisturbed_one(sample_of, tmp_path, monkeypatch):
    examples = _examples(sample_of)
    whole = train_detector(_model(), examples, SCHEDULE, state=tmp_path / "whole")

    model, calls = _model(), []
    schedule = Schedule(steps=4, batch_size=2, compiled=False, averaging=0.5, save_seconds=0.0)
    forward = model.forward

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise _KilledError
        return forward(*arguments)

    monkeypatch.setattr(model, "forward", killed)
    with pytest.raises(_KilledError):
        train_detector(model, examples, schedule, state=tmp_path / "parts")
    resumed = train_detector(_model(), examples, schedule, state=tmp_path / "parts")

    assert torch.load(tmp_path / "parts" / "state.pt", weights_only=True)["step"] == 4
    for name, tensor in whole.items():
        assert torch.allclose(tensor, resumed[name], atol=1e-5), name


def test_the_loss_falls_on_pictures_that_are_all_alike(sample_of, tmp_path):
    schedule = Schedule(steps=50, batch_size=2, compiled=False, rate=2e-3)

    train_detector(_model(), _examples(sample_of), schedule, state=tmp_path / "run")

    first, second = map(json.loads, (tmp_path / "run" / "log.jsonl").read_text().splitlines())
    assert (first["step"], second["step"]) == (25, 50)
    assert second["loss_classifier"] < first["loss_classifier"]
    assert second["loss_objectness"] < first["loss_objectness"]


def test_a_state_of_another_detector_is_refused(sample_of, tmp_path):
    train_detector(_model(), _examples(sample_of), SCHEDULE, state=tmp_path)
    other = Detector(DetectorConfig(**{**CONFIG.to_dict(), "box_width": 8}), 2)

    with pytest.raises(DetectorTrainingError, match="another detector"):
        train_detector(other, _examples(sample_of), SCHEDULE, state=tmp_path)


def test_without_examples_there_is_nothing_to_train(tmp_path):
    with pytest.raises(NoExampleError, match="no example"):
        train_detector(_model(), [], SCHEDULE, state=tmp_path)


def test_the_backbone_starts_from_the_attribute_model():
    model = _model()
    tensors = {
        f"backbone.{name}": torch.full_like(tensor, 0.5).half()
        for name, tensor in model.backbone.state_dict().items()
        if tensor.is_floating_point()
    }

    assert start_backbone(model, tensors) == len(tensors)
    assert float(model.backbone.state_dict()["conv_stem.weight"].mean()) == 0.5


def test_a_version_with_another_backbone_is_refused():
    with pytest.raises(DetectorTrainingError, match="same backbone"):
        start_backbone(_model(), {"backbone.conv_stem.weight": torch.zeros(1)})
