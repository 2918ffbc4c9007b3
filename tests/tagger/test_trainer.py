from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from ontology.labels import GarmentLabel
from ontology.load import load_ontology
from ontology.targets import layout
from tagger.backbone import input_scaling
from tagger.boxes import PixelBox, whole_image
from tagger.images import read_image
from tagger.loop_config import LoopConfig
from tagger.loss import LossWeights
from tagger.model import AttributeModel, ModelConfig
from tagger.trainer import Trainer
from tagger.training_set import Augmentation, GarmentSet, encode_targets

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"
SIZE = 32


@pytest.fixture(scope="module")
def ontology():
    return load_ontology(FURNITURE)


@pytest.fixture(scope="module")
def samples(tmp_path_factory, ontology):
    """Twelve plain pictures: the first leaf is dark, the second bright."""
    folder = tmp_path_factory.mktemp("pictures")
    made = []
    for number in range(12):
        kind = number % 2
        level = 40 + 150 * kind + number
        path = folder / f"{number}.png"
        Image.fromarray(np.full((40, 40, 3), level, dtype=np.uint8)).save(path)
        label = GarmentLabel(categories=frozenset({ontology.leaves[kind]}))
        made.append(
            SimpleNamespace(
                id=str(number),
                open=partial(read_image, path, name=path.name),
                box=None,
                aspect=1.0,
                label=label,
                parts={},
            )
        )
    return made


def _trainer(ontology, samples, checkpoint, *, epochs=2, parts=(), **loop):
    torch.manual_seed(0)
    model = AttributeModel(ModelConfig(image_size=SIZE, dropout=0.3), layout(ontology))
    num_attributes = len(ontology.attributes)
    return Trainer(
        model,
        GarmentSet(
            samples,
            [whole_image((40, 40))] * len(samples),
            size=loop.get("crop_size", SIZE),
            augmentation=Augmentation(),
            seed=3,
        ),
        encode_targets(ontology, samples),
        parts=parts,
        draw_weights=torch.ones(len(samples), dtype=torch.float64),
        loss_weights=LossWeights(
            labelled=torch.ones(num_attributes), not_applicable=torch.ones(num_attributes) * 0.1
        ),
        scaling=input_scaling(model.config.backbone),
        config=LoopConfig(epochs=epochs, batch_size=4, workers=0, seed=3, **loop),
        device=torch.device("cpu"),
        checkpoint=checkpoint,
    )


def _run(trainer, *, steps=None):
    seen = []

    def watch(progress):
        seen.append(progress.loss)
        if steps is not None and len(seen) == steps:
            raise InterruptedError

    try:
        trainer.run(watch=watch, after_epoch=lambda _: None)
    except InterruptedError:
        trainer.save()
    return seen


def test_a_run_that_was_killed_ends_where_an_uninterrupted_one_does(ontology, samples, tmp_path):
    whole = _trainer(ontology, samples, tmp_path / "whole.pt")
    losses = _run(whole)
    first = _run(_trainer(ontology, samples, tmp_path / "cut.pt"), steps=2)

    resumed = _trainer(ontology, samples, tmp_path / "cut.pt")
    second = _run(resumed)

    assert first + second == pytest.approx(losses, rel=1e-5)
    for name, tensor in whole.averaged.state_dict().items():
        assert torch.allclose(
            tensor.float(), resumed.averaged.state_dict()[name].float(), atol=1e-5
        )


def test_a_time_limit_leaves_a_checkpoint(ontology, samples, tmp_path):
    trainer = _trainer(ontology, samples, tmp_path / "c.pt")

    finished = trainer.run(watch=lambda _: None, after_epoch=lambda _: None, stop_after_s=0.0)

    assert not finished
    assert (tmp_path / "c.pt").exists()


def test_maps_that_miss_their_part_add_to_the_loss(ontology, samples, tmp_path):
    edge = PixelBox(x0=0, y0=0, x1=10, y1=40)
    parts = (((0, (edge,)),),) * len(samples)

    def losses(name, **options):
        trainer = _trainer(ontology, samples, tmp_path / name, crop_size=64, **options)
        return _run(trainer, steps=1)

    [plain] = losses("plain.pt")
    [unweighted] = losses("unweighted.pt", parts=parts)
    [asked] = losses("asked.pt", parts=parts, map_weight=2.0)
    [mixed_up] = losses("mixed.pt", parts=parts, map_weight=2.0, mix_alpha=0.4, mix_share=1.0)
    [mixed_alone] = losses("mixed-alone.pt", mix_alpha=0.4, mix_share=1.0)

    assert unweighted == plain
    assert asked > plain + 0.1
    assert mixed_up == mixed_alone


def test_training_lowers_the_loss(ontology, samples, tmp_path):
    losses = _run(_trainer(ontology, samples, tmp_path / "c.pt", epochs=8))

    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:4])


def test_crops_are_the_same_for_the_same_seed_and_draw(samples):
    def crop(seed, draw):
        boxes = [whole_image((40, 40))] * len(samples)
        varied = GarmentSet(samples, boxes, size=SIZE, augmentation=Augmentation(), seed=seed)
        return varied[(0, draw)][0]

    assert torch.equal(crop(1, 5), crop(1, 5))
    assert not torch.equal(crop(1, 5), crop(1, 6))
    assert not torch.equal(crop(1, 5), crop(2, 5))
