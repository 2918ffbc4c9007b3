from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.model_thread import ModelError, ModelThread, Priority
from ontology.load import load_ontology
from ontology.model import Ontology
from tagger.boxes import PixelBox
from tests.backend.support import FakeTagger

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"
RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(FURNITURE)


@pytest.fixture
def start() -> Iterator[Callable[..., ModelThread]]:
    started: list[ModelThread] = []

    def build(load: Callable[[], Any], **options: Any) -> ModelThread:
        thread = ModelThread(load, **options)
        started.append(thread)
        thread.start()
        return thread

    yield build
    for thread in started:
        thread.close()


def picture(colour: tuple[int, int, int] = RED) -> Image.Image:
    return Image.new("RGB", (40, 50), colour)


def test_pictures_that_wait_are_predicted_together_up_to_the_batch_size(
    ontology: Ontology, start: Any
) -> None:
    tagger = FakeTagger(ontology)
    loaded = threading.Event()

    def load() -> FakeTagger:
        loaded.wait(5)
        return tagger

    thread = start(load, batch_size=4)
    colours = [RED, BLUE] * 5
    futures = [thread.predict(picture(c), priority=Priority.REQUEST) for c in colours]
    assert thread.state == "loading"
    loaded.set()
    found = [future.result(5).garments[0].category for future in futures]
    assert found == [ontology.leaves[0], ontology.leaves[1]] * 5
    assert tagger.batches == [4, 4, 2]
    assert thread.state == "ready"


def test_who_waits_for_a_page_is_served_before_the_bulk(ontology: Ontology, start: Any) -> None:
    loaded = threading.Event()
    order: list[str] = []

    def load() -> FakeTagger:
        loaded.wait(5)
        return FakeTagger(ontology)

    thread = start(load, batch_size=1)
    futures = []
    for name, priority in [
        ("background", Priority.BACKGROUND),
        ("request 1", Priority.REQUEST),
        ("request 2", Priority.REQUEST),
        ("person", Priority.PERSON),
    ]:
        future = thread.predict(picture(), priority=priority)
        future.add_done_callback(lambda _, name=name: order.append(name))
        futures.append(future)
    loaded.set()
    for future in futures:
        future.result(5)
    assert order == ["person", "request 1", "request 2", "background"]


def test_a_picture_that_breaks_the_model_fails_alone(ontology: Ontology, start: Any) -> None:
    loaded = threading.Event()
    tagger = FakeTagger(ontology, fails_on=lambda image: image.getpixel((0, 0)) == (1, 2, 3))

    def load() -> FakeTagger:
        loaded.wait(5)
        return tagger

    thread = start(load, batch_size=8)
    good = [thread.predict(picture(), priority=Priority.REQUEST) for _ in range(3)]
    bad = thread.predict(picture((1, 2, 3)), priority=Priority.REQUEST)
    loaded.set()
    assert all(future.result(5).garments for future in good)
    with pytest.raises(ModelError, match=r"failed on this picture \(RuntimeError\)") as caught:
        bad.result(5)
    assert "/secret/path" not in str(caught.value)
    later = thread.predict(picture(), priority=Priority.REQUEST)
    assert later.result(5).garments


def test_pictures_whose_garments_are_found_in_another_way_are_not_mixed(
    ontology: Ontology, start: Any
) -> None:
    loaded = threading.Event()
    tagger = FakeTagger(ontology)

    def load() -> FakeTagger:
        loaded.wait(5)
        return tagger

    model = start(load, regions="whole")
    asked: list[Any] = [{}, {"regions": "detect"}, {"regions": "detect"}]
    futures = [model.predict(picture(), priority=Priority.PERSON, **more) for more in asked]
    loaded.set()

    assert all(future.result(timeout=5).garments for future in futures)
    assert (tagger.batches, tagger.modes) == ([1, 2], ["whole", "detect"])


def test_given_boxes_are_described_in_their_place(ontology: Ontology, start: Any) -> None:
    tagger = FakeTagger(ontology)
    thread = start(lambda: tagger)
    box = PixelBox(x0=1, y0=2, x1=11, y1=12)
    (garment,) = thread.tag(picture(), [box], priority=Priority.PERSON).result(5)
    assert garment.box == box
    assert tagger.tagged == [box]


def test_a_model_that_cannot_be_loaded_fails_what_waits_and_what_comes(start: Any) -> None:
    go = threading.Event()

    def load() -> FakeTagger:
        go.wait(5)
        raise RuntimeError("weights are\ndamaged")

    thread = start(load)
    early = thread.predict(picture(), priority=Priority.REQUEST)
    go.set()
    with pytest.raises(ModelError, match="weights are damaged"):
        early.result(5)
    assert thread.state == "failed: weights are damaged"
    with pytest.raises(ModelError, match="weights are damaged"):
        thread.predict(picture(), priority=Priority.REQUEST).result(5)
    with pytest.raises(ModelError, match="could not be loaded"):
        thread.wait_settled(5)


def test_waiting_for_a_loading_model_ends_in_time(ontology: Ontology, start: Any) -> None:
    go = threading.Event()
    thread = start(lambda: (go.wait(5), FakeTagger(ontology))[1])
    started = time.monotonic()
    with pytest.raises(ModelError, match="still loading"):
        thread.wait_settled(0.05)
    assert time.monotonic() - started < 1
    go.set()


def test_closing_fails_what_still_waits(ontology: Ontology, start: Any) -> None:
    thread = start(lambda: FakeTagger(ontology, seconds=0.2), batch_size=1)
    futures = [thread.predict(picture(), priority=Priority.REQUEST) for _ in range(5)]
    futures[0].result(5)
    thread.close()
    with pytest.raises(ModelError, match="stopping"):
        futures[-1].result(1)
    with pytest.raises(ModelError, match="stopping"):
        thread.predict(picture(), priority=Priority.PERSON).result(1)


def test_a_wrong_number_of_answers_is_not_given_to_the_wrong_picture(
    ontology: Ontology, start: Any
) -> None:
    class Forgetful(FakeTagger):
        def predict(self, images: Any, **options: Any) -> Any:
            return super().predict(images, **options)[1:]

    thread = start(lambda: Forgetful(ontology))
    with pytest.raises(ModelError):
        thread.predict(picture(), priority=Priority.REQUEST).result(5)


class Renewing:
    """Gives what a test puts there: a tagger, nothing, or an error."""

    def __init__(self) -> None:
        self.next: FakeTagger | Exception | None = None
        self.num_calls = 0

    def __call__(self) -> FakeTagger | None:
        self.num_calls += 1
        found = self.next
        if isinstance(found, Exception):
            raise found
        self.next = None
        return found


def tagger_of(ontology: Ontology, version: str, **options: Any) -> FakeTagger:
    tagger = FakeTagger(ontology, **options)
    tagger.version = version
    return tagger


def until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < ends_at, "it did not happen in time"
        time.sleep(0.005)


def test_a_model_that_became_live_answers_what_is_asked_from_then_on(
    ontology: Ontology, start: Any
) -> None:
    old, new, renew = tagger_of(ontology, "old"), tagger_of(ontology, "new"), Renewing()
    thread = start(lambda: old, renew=renew, renew_every_s=0.01)
    thread.predict(picture(), priority=Priority.REQUEST).result(5)
    assert thread.version == "old"
    renew.next = new
    until(lambda: thread.version == "new")
    assert thread.state == "ready"
    assert thread.wait_settled(0) is new
    thread.predict(picture(), priority=Priority.REQUEST).result(5)
    assert (old.batches, new.batches) == ([1], [1])


def test_what_was_asked_of_the_model_before_is_answered_by_it_and_not_mixed(
    ontology: Ontology, start: Any
) -> None:
    old, new, renew = tagger_of(ontology, "old"), tagger_of(ontology, "new"), Renewing()
    thread = start(lambda: old, renew=renew, renew_every_s=0.01, batch_size=8)
    asked = thread.wait_settled(5)
    renew.next = new
    until(lambda: thread.version == "new")
    new._seconds = 0.2  # the first call lets the others wait together
    futures = [thread.predict(picture(), priority=Priority.REQUEST)]
    until(lambda: new.batches == [1])
    for tagger in (asked, asked, None, None, new):
        futures.append(thread.predict(picture(), priority=Priority.REQUEST, tagger=tagger))
    box = PixelBox(x0=1, y0=2, x1=11, y1=12)
    drawn = thread.tag(picture(), [box], priority=Priority.REQUEST, tagger=asked)
    assert all(future.result(5).garments for future in futures)
    assert drawn.result(5)[0].box == box
    assert old.batches == [2]
    assert sum(new.batches) == 4
    assert (old.tagged, new.tagged) == ([box], [])


def test_a_new_model_of_no_use_leaves_the_present_one_at_work_and_says_why(
    ontology: Ontology, start: Any
) -> None:
    old, renew = tagger_of(ontology, "old"), Renewing()
    thread = start(lambda: old, renew=renew, renew_every_s=0.01)
    thread.wait_settled(5)
    renew.next = RuntimeError("weights are\ndamaged")
    until(lambda: thread.fault == "weights are damaged")
    assert (thread.state, thread.version) == ("ready", "old")
    assert thread.predict(picture(), priority=Priority.PERSON).result(5).garments
    renew.next = None  # rolled back
    until(lambda: thread.fault == "")
    assert thread.version == "old"


def test_a_server_without_a_model_takes_the_one_that_becomes_live(
    ontology: Ontology, start: Any
) -> None:
    renew = Renewing()

    def load() -> FakeTagger:
        raise RuntimeError("there is none")

    thread = start(load, renew=renew, renew_every_s=0.01)
    with pytest.raises(ModelError, match="there is none"):
        thread.wait_settled(5)
    renew.next = tagger_of(ontology, "new")
    until(lambda: thread.state == "ready")
    assert thread.predict(picture(), priority=Priority.REQUEST).result(5).garments


def test_the_live_version_is_not_looked_for_more_often_than_told(
    ontology: Ontology, start: Any
) -> None:
    renew = Renewing()
    thread = start(lambda: FakeTagger(ontology), renew=renew, renew_every_s=0.2)
    thread.wait_settled(5)
    ends_at = time.monotonic() + 0.7
    while time.monotonic() < ends_at:
        thread.predict(picture(), priority=Priority.REQUEST).result(5)
    assert 1 <= renew.num_calls <= 4
