"""Full rounds on tiny pictures, also after the process was killed in the middle of one."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from PIL import Image

from tagger.data_sets import load_data
from tagger.full_round import FullConfig, full_round
from tagger.loading import encoder_digest, load_parts
from tagger.loop_config import LoopConfig
from tagger.memory import load_memory_of
from tagger.refit import RefitError
from tagger.registry import read_manifest, verify
from tests.tagger.corrected import garment, label, write_live

LOOP = LoopConfig(epochs=2, batch_size=4, crop_size=32, workers=0, checkpoint_s=0.0, seed=2)
TINY = FullConfig(loop=LOOP, draws=0)


def pictures(folder, count=12):
    """Write pictures that differ, and corrected garments of them; the last three are blind."""
    made = []
    for number in range(count):
        path = folder / f"{number}.png"
        if not path.exists():
            Image.new("RGB", (48, 40), (20 * number, 90, 10)).save(path)
        shade = ("cone", "drum")[number % 2]
        made.append(
            garment(
                number,
                label("desk_lamp", shade=shade),
                None,
                image=str(path),
                image_wh=(48, 40),
                is_blind=number >= count - 3,
            )
        )
    return made


def picture(one):
    from pathlib import Path

    path = Path(one.image)
    return path if path.exists() else None


def call(folder, live, garments, **changes):
    return full_round(
        live,
        garments,
        picture=picture,
        runs=folder / "runs",
        versions=folder / "versions",
        snapshot=folder / "round.json",
        device="cpu",
        config=TINY,
        **changes,
    )


@pytest.fixture(scope="module")
def live(tmp_path_factory, lamps):
    return write_live(tmp_path_factory.mktemp("live"), lamps)


def test_a_full_round_writes_a_whole_version_with_a_new_encoder_and_memory(live, tmp_path):
    steps = []
    made = call(tmp_path, live, pictures(tmp_path), watch=lambda done, all_: steps.append(done))
    manifest = verify(made.path)
    assert manifest.training["kind"] == "full round"
    assert manifest.training["corrections"]["learnt"] == 9
    assert made.counts["blind"] == 3
    assert steps[-1] == len(steps) == 6
    encoder = encoder_digest(load_parts(made.path)["model"])
    assert encoder != encoder_digest(load_parts(live)["model"])
    memory = load_memory_of(made.path, encoder=encoder)
    assert memory is not None
    assert len(memory.codes) == 40 + 9
    assert {path.name for path in made.scratch} >= {"round.json"}
    assert all(path.exists() for path in made.scratch)


def test_pictures_that_cannot_be_had_are_counted(live, tmp_path):
    garments = pictures(tmp_path)
    (tmp_path / "0.png").unlink()
    made = call(tmp_path, live, garments)
    assert (made.counts["learnt"], made.counts["left_out"]) == (8, 1)


def test_without_any_picture_there_is_nothing_to_learn(live, tmp_path):
    with pytest.raises(RefitError, match="nothing to learn"):
        call(tmp_path, live, [])


def test_base_data_is_replayed_but_for_pictures_that_measure(live, lamps, write_bulbs, tmp_path):
    bulbs = write_bulbs(tmp_path / "bulbs", train=4, validation=3)
    base = load_data([bulbs], lamps)
    held = next(iter(base.validation.values()))[0]
    copied, gold = base.training[0].image, base.training[1].image
    garments = [
        *pictures(tmp_path),
        garment(50, label("desk_lamp"), None, image=str(copied)),
        garment(51, label("desk_lamp"), None, image=str(gold), is_blind=True),
        garment(52, label("desk_lamp"), None, image=str(held.image)),
    ]
    made = call(tmp_path, live, garments, base_data=[bulbs])
    assert made.counts["replayed"] == len(base.training) - 1
    assert made.counts["left_out"] == 1
    manifest = verify(made.path)
    assert [one["name"] for one in manifest.data] == ["bulbs", "corrections"]
    assert "bulbs" in manifest.metrics


CHILD = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from tests.tagger.test_full_round import call, pictures

    def watch(done, total):
        print(done, flush=True)
        time.sleep(0.3)

    folder = Path(sys.argv[1])
    call(folder, Path(sys.argv[2]), pictures(folder), watch=watch)
    """
)


def test_after_a_kill_the_same_round_goes_on_with_the_same_corrections(live, tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(live)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if int(line) >= 3:  # the checkpoint of the second step is written
                break
        time.sleep(0.1)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
    steps = []
    more = pictures(tmp_path, count=14)[:11]  # what was corrected meanwhile waits for another round
    made = call(tmp_path, live, more, watch=lambda done, all_: steps.append(done))
    assert steps[0] >= 3
    assert steps[-1] == 6
    assert made.counts["learnt"] == 9
    assert read_manifest(made.path).training["start"] == "version live"
