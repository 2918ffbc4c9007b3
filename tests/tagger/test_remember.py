import pytest

from tagger.memory import load_memory_of
from tagger.pipeline import Tagger
from tagger.recalibrate import recalibrate
from tagger.registry import MEMORY, WEIGHTS, ModelStoreError, verify
from tagger.remember import remember
from tests.tagger.corrected import write_live


@pytest.fixture(scope="module")
def live(tmp_path_factory, lamps):
    return write_live(tmp_path_factory.mktemp("live"), lamps, with_memory=False)


def test_a_version_gets_a_memory_and_stays_what_it_is(live, write_bulbs, tmp_path):
    bulbs = write_bulbs(tmp_path / "bulbs", train=3, validation=1)
    made = remember(live, [bulbs], versions=tmp_path, boxes=tmp_path / "boxes.json", size=4)
    before, after = verify(live), verify(made)
    assert made.name == "live-m"
    assert after.hashes[WEIGHTS] == before.hashes[WEIGHTS]
    assert after.taught == before.taught
    assert MEMORY in after.hashes
    memory = load_memory_of(made, encoder=Tagger.load(made, device="cpu").encoder)
    assert memory is not None
    assert len(memory.codes) == 4
    with pytest.raises(ModelStoreError, match="versions never change"):
        remember(live, [bulbs], versions=tmp_path, boxes=tmp_path / "boxes.json")


def test_calibrating_anew_keeps_the_memory_while_the_encoder_stays(live, write_bulbs, tmp_path):
    bulbs = write_bulbs(tmp_path / "bulbs", train=3, validation=2)
    made = remember(live, [bulbs], versions=tmp_path, boxes=tmp_path / "boxes.json", size=4)

    same = verify(recalibrate(made, [bulbs], versions=tmp_path / "same"))
    smaller = verify(recalibrate(made, [bulbs], versions=tmp_path / "other", image_size=48))

    assert same.hashes[MEMORY] == verify(made).hashes[MEMORY]
    assert MEMORY not in smaller.hashes, "another size is another encoder"
