"""Labels of new sets are learnt by the heads alone, and what the others taught is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tagger.data_sets import TrainingError, load_data
from tagger.pipeline import Tagger
from tagger.registry import MEMORY, verify
from tagger.scored import score_samples
from tagger.teach import TEACHING, teach
from tests.tagger.corrected import write_live

QUICK = replace(TEACHING, steps=150, batch_size=32)
OTHERS = """\
format: 1
name: torches
kind: folder
ontology: lamps
root: .
licence: CC0-1.0
split: {by: folder, folders: {train: train, validation: validation}}
category: {labels: {desk: [torch], floor: [lantern]}}
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory, lamps):
    return write_live(tmp_path_factory.mktemp("live"), lamps)


@pytest.fixture
def torches(write_bulbs, tmp_path):
    """Pictures like bulbs, which somebody calls torches and lanterns."""
    path = write_bulbs(tmp_path / "torches", train=12, validation=1)
    path.write_text(OTHERS)
    return path


def _said(version, data, ontology):
    """Give the category's logits (N, K) of the training pictures, and the pictures."""
    tagger = Tagger.load(version, device="cpu")
    samples = load_data([data], ontology).training
    return score_samples(tagger, samples).category_logits, samples, tagger


def test_the_heads_learn_what_a_set_says_and_nothing_else_changes(live, torches, lamps, tmp_path):
    made = teach(
        live, [torches], [], versions=tmp_path / "out", boxes=tmp_path / "b.json", config=QUICK
    )

    logits, samples, tagger = _said(made, torches, lamps)
    wanted = [next(iter(sample.label.categories)) for sample in samples]
    found = [lamps.leaves[at] for at in logits.argmax(axis=1)]
    before, after = verify(live), verify(made)
    assert np.mean([one == two for one, two in zip(found, wanted, strict=True)]) > 0.9
    assert tagger.encoder == Tagger.load(live, device="cpu").encoder
    assert after.hashes[MEMORY] == before.hashes[MEMORY]
    logits_before = score_samples(Tagger.load(live, device="cpu"), samples).value_logits
    assert np.array_equal(score_samples(tagger, samples).value_logits, logits_before)
    assert after.training["heads"]["start"] == before.version
    assert after.training["heads"]["learnt"] == {"garments": 24, "drawn_times": 1}
    assert {"torch", "lantern"} <= set(after.taught["real"]["categories"])


def test_what_is_kept_is_still_said(live, torches, write_bulbs, lamps, tmp_path):
    bulbs = write_bulbs(tmp_path / "bulbs", train=12, validation=1)
    before, *_ = _said(live, bulbs, lamps)

    def moved(keep):
        made = teach(
            live,
            [torches],
            keep,
            versions=tmp_path / f"out{len(keep)}",
            boxes=tmp_path / "b.json",
            config=QUICK,
        )
        after, *_ = _said(made, bulbs, lamps)
        return np.abs(after - before).mean()

    assert moved([bulbs]) < moved([])


def test_a_garment_that_is_learnt_is_not_kept_as_well(live, torches, tmp_path):
    same = tmp_path / "torches" / "again.yaml"
    same.write_text(OTHERS.replace("name: torches", "name: again"))

    made = teach(
        live,
        [torches],
        [same],
        versions=tmp_path / "out",
        boxes=tmp_path / "b.json",
        config=replace(QUICK, steps=2),
    )

    assert verify(made).training["heads"]["kept"] == 0


def test_nothing_to_learn_is_refused(live, tmp_path):
    with pytest.raises(TrainingError, match="name at least one with --learn"):
        teach(live, [], [], versions=tmp_path, boxes=tmp_path / "b.json")
