"""Whole rounds on made-up embeddings, and a process that is killed in the middle of one."""

import json
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from backend.addresses import ImageFetchError
from backend.database import open_database
from backend.live_watch import Withdrawal
from backend.retraining.lock import TrainingBusyError, training_lock
from backend.retraining.pictures import PictureFolder
from backend.retraining.round import TrainingRound
from backend.retraining.runs import RunStore
from backend.retraining.tables import RunKind, RunState, RunTrigger
from backend.settings import load_settings
from ontology.load import parse_ontology
from tagger.loading import encoder_digest, load_parts
from tagger.registry import ModelStore
from tests.tagger.conftest import LAMPS
from tests.tagger.corrected import embedding, garment, label, lamps_seen, write_live

ONTOLOGY = parse_ontology(LAMPS, file="lamps.yaml")


class NoPictures:
    def fetch_bytes(self, reference):
        raise ImageFetchError(f"{reference}: gone", is_permanent=True)


@pytest.fixture(scope="module")
def live(tmp_path_factory, lamps):
    return write_live(tmp_path_factory.mktemp("live"), lamps)


@pytest.fixture(scope="module")
def encoder(live):
    return encoder_digest(load_parts(live)["model"])


@pytest.fixture
def round_of(tmp_path, live):
    database = open_database(tmp_path)
    store = RunStore(database)

    def make(garments, **changes):
        parts = {
            "settings": load_settings(data_dir=tmp_path, device="cpu"),
            "store": store,
            "models": ModelStore(tmp_path / "models"),
            "pictures": PictureFolder(tmp_path / "pictures", NoPictures(), max_bytes=10**6),
            "read": lambda ontology: garments,
            "live": lambda: live,
        }
        return TrainingRound(**{**parts, **changes})

    yield make
    database.close()


def _taken(work, kind=RunKind.FAST):
    asked = work.store.request(kind, RunTrigger.COMMAND)
    return work.store.take_up(asked.id, pid=1)


def _striped(count, encoder, *, start, shade="drum", **changes):
    return [
        garment(
            number,
            label("desk_lamp", shade=shade),
            embedding("desk_lamp", "cone", "stripes", seed=number),
            encoder=encoder,
            **changes,
        )
        for number in range(start, start + count)
    ]


def test_a_better_candidate_goes_live_and_the_report_says_why(round_of, encoder):
    gold = _striped(150, encoder, start=5000, is_blind=True)
    shown = []
    work = round_of(
        [*_striped(60, encoder, start=1000), *gold], show=lambda share, note: shown.append(share)
    )
    run = work.carry_out(_taken(work))
    assert run.state is RunState.PROMOTED, run.note
    assert work.models.live().name == run.candidate
    assert run.counts["learnt"] == 60
    assert run.live_version == "live"
    report = Path(run.verdict["report"])
    assert report.is_file()
    found = json.loads(report.with_name("report.json").read_text())
    assert found["candidate"] == run.candidate
    assert shown[-1] == 1.0


def test_a_withdrawn_version_is_not_promoted_again_by_itself(round_of, encoder):
    gold = _striped(150, encoder, start=5000, is_blind=True)
    work = round_of([*_striped(60, encoder, start=1000), *gold])
    first = work.carry_out(_taken(work))
    work.models.rollback()
    withdrawn = dict.fromkeys(Withdrawal.__dataclass_fields__, 0) | {"version": first.candidate}
    (work.models.root / "withdrawn.json").write_text(json.dumps([withdrawn]))
    again = work.carry_out(_taken(work))
    assert again.candidate == first.candidate
    assert again.state is RunState.UNDECIDED
    assert f"weft models promote {first.candidate}" in again.note
    assert work.models.live().name != first.candidate


def test_a_worse_candidate_stays_out(round_of, encoder):
    gold = lamps_seen(200, start=5000, is_blind=True, encoder=encoder)
    wrong = [
        replace(one, label=label("floor_lamp", shade="drum", stand="base"))
        for one in lamps_seen(200, start=1000, encoder=encoder)
    ]
    work = round_of([*wrong, *gold])
    run = work.carry_out(_taken(work))
    assert run.state is RunState.REJECTED, run.note
    assert not (work.models.root / "live.json").exists()


def test_with_too_little_gold_a_person_promotes(round_of, encoder):
    work = round_of(_striped(60, encoder, start=1000))
    run = work.carry_out(_taken(work))
    assert run.state is RunState.UNDECIDED
    assert f"weft models promote {run.candidate}" in run.note
    assert not (work.models.root / "live.json").exists()


def test_without_corrections_a_run_fails_and_says_what_is_missing(round_of):
    work = round_of([])
    run = work.carry_out(_taken(work))
    assert run.state is RunState.FAILED
    assert "nothing to learn" in run.note


def test_a_crash_is_written_down(round_of):
    def read(ontology):
        raise RuntimeError("secret detail")

    work = round_of([], read=read)
    run = work.carry_out(_taken(work))
    assert run.state is RunState.FAILED
    assert "RuntimeError" in run.note
    assert "secret" not in run.note


def test_a_stop_sets_the_run_to_wait_again(round_of):
    def read(ontology):
        raise KeyboardInterrupt

    work = round_of([], read=read)
    run = _taken(work)
    with pytest.raises(KeyboardInterrupt):
        work.carry_out(run)
    assert work.store.next_waiting().id == run.id


def test_a_candidate_of_an_earlier_attempt_is_gated_and_not_made_again(round_of, encoder):
    work = round_of(_striped(60, encoder, start=1000))
    first = work.carry_out(_taken(work))
    again = _taken(work)
    work.store.update(again.id, candidate=first.candidate)
    made = work.carry_out(work.store.get(again.id))
    assert made.candidate == first.candidate
    assert "learnt" not in made.counts


def test_an_attempt_that_was_cut_off_after_writing_is_found_again(round_of, encoder):
    work = round_of(_striped(60, encoder, start=1000))
    first = work.carry_out(_taken(work))
    second = work.carry_out(_taken(work))
    assert second.state is RunState.UNDECIDED
    assert second.candidate == first.candidate


SLEEPER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from backend.database import open_database
    from backend.retraining.lock import training_lock
    from backend.retraining.runs import RunStore

    folder = Path(sys.argv[1])
    store = RunStore(open_database(folder))
    with training_lock(folder):
        store.take_up(int(sys.argv[2]), pid=1)
        print("working", flush=True)
        time.sleep(600)
    """
)


def test_a_killed_process_leaves_a_free_lock_and_a_run_that_can_be_taken_up(tmp_path):
    database = open_database(tmp_path)
    store = RunStore(database)
    run = store.request(RunKind.FAST, RunTrigger.COMMAND)
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path), str(run.id)], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"working\n"
        with pytest.raises(TrainingBusyError), training_lock(tmp_path):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        with training_lock(tmp_path, timeout_s=10):
            (found,) = store.recover()
        assert found.state is RunState.INTERRUPTED
        assert store.take_up(run.id, pid=2).attempts == 2
    finally:
        child.kill()
        child.stdout.close()
        child.wait(30)
        database.close()


def test_a_full_round_leaves_nothing_behind_but_its_version_and_pictures(
    round_of, tmp_path, monkeypatch
):
    import tagger.full_round
    from tagger.refit import Refitted

    asked = {}
    checkpoint, snapshot = tmp_path / "training" / "abc", tmp_path / "training" / "run-1.json"

    def full_round(live, garments, **named):
        asked.update(named)
        checkpoint.mkdir(parents=True)
        snapshot.touch()
        made = write_live(tmp_path / "models", ONTOLOGY)
        return Refitted(path=made, counts={"learnt": 3}, scratch=(checkpoint, snapshot))

    monkeypatch.setattr(tagger.full_round, "full_round", full_round)
    work = round_of([])
    run = work.carry_out(_taken(work, RunKind.FULL))
    assert run.state is RunState.UNDECIDED, run.note
    assert asked["snapshot"] == snapshot
    assert not checkpoint.exists()
    assert not snapshot.exists()
