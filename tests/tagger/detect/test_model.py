from __future__ import annotations

import pytest
import torch

from tagger.detect.model import Detector, DetectorConfig, DetectorConfigError, padded

SMALL = {
    "short_side": 64,
    "long_side": 96,
    "pyramid_width": 16,
    "box_width": 16,
    "mask_width": 8,
    "mask_layers": 1,
    "anchor_sizes": ((8, 12), (16, 24), (32, 40), (50, 60)),
    "proposals_per_image": 20,
    "samples_per_image": 12,
    "masks_per_image": 3,
}


def _targets(*, known: bool) -> list[dict[str, torch.Tensor]]:
    masks = torch.zeros(1, 96, 64, dtype=torch.uint8)
    masks[0, 20:60, 10:40] = int(known)
    return [
        {
            "boxes": torch.tensor([[10.0, 20.0, 40.0, 60.0]]),
            "labels": torch.tensor([2]),
            "masks": masks,
            "has_mask": torch.tensor([known]),
        }
    ]


def _detector(**changes) -> Detector:
    torch.manual_seed(0)
    return Detector(DetectorConfig(**{**SMALL, **changes}), 3)


def test_training_gives_a_loss_for_boxes_classes_and_masks():
    model = _detector().train()

    found, losses = model(torch.randn(1, 3, 96, 64), [(96, 64)], _targets(known=True))

    assert found == []
    assert set(losses) == {
        "loss_objectness",
        "loss_rpn_box_reg",
        "loss_classifier",
        "loss_box_reg",
        "loss_mask",
    }
    assert losses["loss_mask"].item() > 0


def test_an_unknown_mask_teaches_the_mask_head_nothing():
    model = _detector().train()

    _, losses = model(torch.randn(1, 3, 96, 64), [(96, 64)], _targets(known=False))
    sum(losses.values()).backward()

    assert losses["loss_mask"].item() == 0.0
    assert losses["loss_classifier"].item() > 0
    for name, parameter in model.heads.named_parameters():
        if name.startswith("mask_"):
            assert parameter.grad is None or not parameter.grad.any()


def test_an_example_without_garments_teaches_the_background():
    model = _detector().train()
    empty = {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "masks": torch.zeros(0, 96, 64, dtype=torch.uint8),
        "has_mask": torch.zeros(0, dtype=torch.bool),
    }

    _, losses = model(torch.randn(1, 3, 96, 64), [(96, 64)], [empty])

    assert all(bool(torch.isfinite(loss)) for loss in losses.values())
    assert losses["loss_box_reg"].item() == 0.0
    assert losses["loss_classifier"].item() > 0


def test_detections_lie_inside_the_picture_and_name_a_class():
    model = _detector().eval()
    model.heads.score_thresh = 0.0

    with torch.inference_mode():
        [found], losses = model(torch.randn(1, 3, 96, 64), [(90, 60)])

    assert losses == {}
    assert len(found["boxes"]) > 0
    assert float(found["boxes"].min()) >= 0
    assert float(found["boxes"][:, 2].max()) <= 60
    assert float(found["boxes"][:, 3].max()) <= 90
    assert set(found["labels"].tolist()) <= {1, 2, 3}
    assert found["masks"].shape[1:] == (1, 28, 28)


def test_faster_rcnn_has_boxes_alone():
    model = _detector(heads="faster-rcnn").eval()
    model.heads.score_thresh = 0.0

    with torch.inference_mode():
        [found], _ = model(torch.randn(1, 3, 96, 64), [(96, 64)])

    assert "masks" not in found
    assert not any(name.startswith("heads.mask") for name in model.state_dict())


def test_frozen_stages_and_batch_statistics_stay():
    model = _detector()
    model.freeze(2)
    model.train()
    before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)

    _, losses = model(torch.randn(1, 3, 96, 64), [(96, 64)], _targets(known=True))
    sum(losses.values()).backward()
    optimiser.step()

    after = model.backbone.state_dict()
    moved = {k for k in after if not torch.equal(after[k], before[k])}
    assert any(name.startswith("blocks.4") for name in moved)
    assert not any(name.startswith(("conv_stem", "blocks.0.", "blocks.1.")) for name in moved)
    assert not any("running" in name for name in moved)


def test_a_configuration_survives_its_manifest_form():
    config = DetectorConfig(**SMALL)
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in config.to_dict().items()}
    plain["anchor_sizes"] = [list(pair) for pair in config.anchor_sizes]

    assert DetectorConfig.from_dict(plain) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": "yolo"}, "'mask-rcnn' or 'faster-rcnn'"),
        ({"short_side": 400, "long_side": 600}, r"64\.\.384"),
        ({"anchor_sizes": ((8, 12),)}, "expected 4"),
    ],
)
def test_what_cannot_be_built_is_refused(changes, message):
    with pytest.raises(DetectorConfigError, match=message):
        DetectorConfig(**{**SMALL, **changes})


def test_an_unknown_backbone_is_refused():
    with pytest.raises(DetectorConfigError, match="no_such_net"):
        _detector(backbone="no_such_net")


def test_sides_are_padded_to_the_coarsest_stride():
    assert [padded(side) for side in (1, 32, 33, 432)] == [32, 32, 64, 448]
