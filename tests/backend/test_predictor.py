from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from backend.images import ImageFetcher
from backend.metrics import Metrics
from backend.model_thread import ModelThread, Priority
from backend.pictures import drawn_box
from backend.predictor import Outcome, PredictionService
from backend.requests import TaskRef
from backend.settings import Settings
from ontology.config_map import ConfigMap
from ontology.load import load_ontology
from ontology.model import Ontology
from tagger.boxes import BoxError
from tests.backend.support import FakeTagger, PictureServer, png, send

FIXTURES = Path(__file__).parents[1] / "fixtures"
RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


@pytest.fixture(scope="module")
def config(ontology: Ontology) -> ConfigMap:
    xml = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text("utf-8")
    return ConfigMap.parse(xml, ontology)


@pytest.fixture
def make(server: PictureServer) -> Iterator[Callable[..., PredictionService]]:
    made: list[PredictionService] = []

    def build(tagger: Any, **options: Any) -> PredictionService:
        load = tagger if callable(tagger) else lambda: tagger
        metrics = Metrics()
        batch_size = options.pop("batch_size", 4)
        cache_bytes = options.pop("cache_bytes", 1_000_000)
        settings = Settings(allow_private_hosts=(server.host,), fetch_attempts=1, **options)
        service = PredictionService(
            model=ModelThread(load, batch_size=batch_size, metrics=metrics),
            images=ImageFetcher(settings, sleep=lambda _: None),
            metrics=metrics,
            model_version="fake-1",
            batch_size=batch_size,
            cache_bytes=cache_bytes,
        )
        service.start()
        made.append(service)
        return service

    yield build
    for service in made:
        service.close()


def task(number: int, url: str | None) -> TaskRef:
    return TaskRef(id=number, data={} if url is None else {"image": url})


def labels(outcome: Any) -> list[str]:
    return [
        result["value"]["rectanglelabels"][0]
        for result in outcome.prediction["result"]
        if result["type"] == "rectanglelabels"
    ]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def bomb() -> bytes:
    """A PNG whose header claims 30,000 x 30,000 px."""
    data = bytearray(png())
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def test_broken_pictures_in_one_batch_never_hurt_the_good_ones(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    red, blue = Image.new("RGB", (64, 80), RED), Image.new("RGB", (64, 80), BLUE)
    exif = Image.Exif()
    exif[0x0112] = 6
    good = {
        "red.png": (png(RED), "Shirt"),
        "blue.png": (png(BLUE), "Bag"),
        "cmyk.jpg": (encoded(red.convert("CMYK"), "JPEG"), "Shirt"),
        "16bit.png": (encoded(Image.new("I;16", (64, 80), 60000), "PNG"), "Bag"),
        "animated.gif": (encoded(blue, "GIF", save_all=True, append_images=[red]), "Bag"),
        "turned.jpg": (encoded(red, "JPEG", exif=exif), "Shirt"),
        "alpha.png": (encoded(blue.convert("RGBA"), "PNG"), "Bag"),
    }
    bad = {
        "truncated.jpg": (encoded(red.resize((640, 800)), "JPEG")[:3000], "truncated"),
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"I am text named .jpg", "not an image"),
        "bomb.png": (bomb(), "over the limit"),
        "dot.png": (png(size=(1, 1)), "too small"),
    }
    urls = {name: server.add(f"/{name}", body) for name, (body, _) in {**good, **bad}.items()}
    urls["gone.jpg"] = server.origin + "/gone.jpg"
    urls["private.jpg"] = "http://10.1.2.3/private.jpg"
    reasons = {name: reason for name, (_, reason) in bad.items()}
    reasons |= {"gone.jpg": "404", "private.jpg": "private or special"}
    names = sorted(urls)  # good and bad ones mixed
    tasks = [task(at, urls[name]) for at, name in enumerate(names)]
    tasks.append(task(99, None))

    outcomes = make(FakeTagger(ontology)).predict(tasks, config, deadline_s=20)

    assert [outcome.task for outcome in outcomes] == tasks
    for name, outcome in zip([*names, None], outcomes, strict=True):
        if name in good:
            assert outcome.outcome is Outcome.READY, name
            assert labels(outcome) == [good[name][1]], name
        else:
            assert outcome.outcome is Outcome.FAILED, name
            assert outcome.prediction is None
            assert reasons.get(str(name), "no picture under 'image'") in outcome.reason
            assert "\n" not in outcome.reason
    turned = outcomes[names.index("turned.jpg")].prediction["result"][0]
    assert (turned["original_width"], turned["original_height"]) == (80, 64)


def test_many_tasks_are_batched_and_answered_in_order(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology)
    urls = [
        server.add(f"/{number}.png", png(RED if number % 3 else BLUE, size=(40 + number % 50, 50)))
        for number in range(300)
    ]
    tasks = [task(number, url) for number, url in enumerate(urls)]
    outcomes = make(tagger, batch_size=16, fetch_workers=4).predict(tasks, config, deadline_s=60)
    assert [labels(outcome) for outcome in outcomes] == [
        ["Shirt"] if number % 3 else ["Bag"] for number in range(300)
    ]
    assert max(tagger.batches) <= 16
    # Pictures of one content and size are computed once or, when they meet, a few times.
    assert sum(tagger.batches) <= 300


def test_at_the_deadline_what_is_ready_is_given_and_the_rest_is_late(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology, seconds=0.1)
    service = make(tagger, batch_size=1, fetch_workers=2)
    urls = [server.add(f"/{n}.png", png((200, n, 0))) for n in range(60)]
    tasks = [task(number, url) for number, url in enumerate(urls)]
    service.model.wait_settled(5)
    started = time.monotonic()
    outcomes = service.predict(tasks, config, deadline_s=0.5)
    assert time.monotonic() - started < 1.5
    kinds = [outcome.outcome for outcome in outcomes]
    assert 1 <= kinds.count(Outcome.READY) < 60
    assert kinds.count(Outcome.READY) + kinds.count(Outcome.LATE) == 60
    late = [outcome for outcome in outcomes if outcome.outcome is Outcome.LATE]
    assert all("deadline" in outcome.reason for outcome in late)
    # Only a few were fetched ahead: memory stays bounded however many tasks there are.
    assert len(server.asked) < 20
    again = service.predict(tasks[:2], config, deadline_s=10)
    assert [outcome.outcome for outcome in again] == [Outcome.READY] * 2


def test_a_failure_that_may_pass_is_late_and_not_failed(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    server.routes["/busy.png"] = lambda handler: send(handler, b"", status=503)
    url = server.origin + "/busy.png?key=hidden"
    (outcome,) = make(FakeTagger(ontology)).predict([task(1, url)], config, deadline_s=5)
    assert outcome.outcome is Outcome.LATE
    assert "503" in outcome.reason
    assert "hidden" not in outcome.reason


def test_identical_requests_at_the_same_time_are_computed_once(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology, seconds=0.2)
    service = make(tagger)
    url = server.add("/a.png", png())
    meeting = threading.Barrier(8)

    def ask(_: int) -> Any:
        meeting.wait()
        return service.predict([task(7, url)], config, deadline_s=10)[0].prediction

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert tagger.batches == [1]
    assert len(server.asked) == 1


def test_a_person_does_not_wait_for_the_background_to_reach_the_same_picture(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    widths: list[int] = []
    entered, gate = threading.Event(), threading.Event()

    class Recording(FakeTagger):
        def predict(self, images: Any, **options: Any) -> Any:
            entered.set()
            assert gate.wait(10)
            widths.extend(image.width for image in images)
            return super().predict(images, **options)

    service = make(Recording(ontology), batch_size=2)
    for width in range(40, 46):
        server.add(f"/{width}.png", png(size=(width, 50)))

    def ask(priority: Priority, *wanted: int) -> None:
        tasks = [task(width, f"{server.origin}/{width}.png") for width in wanted]
        service.predict(tasks, config, deadline_s=20, priority=priority)

    def until_waiting(number: int) -> None:
        ends_at = time.monotonic() + 5
        while service.model.num_waiting < number and time.monotonic() < ends_at:
            time.sleep(0.01)
        assert service.model.num_waiting >= number

    with ThreadPoolExecutor(4) as pool:
        try:
            pool.submit(ask, Priority.REQUEST, 40)
            assert entered.wait(5)
            pool.submit(ask, Priority.REQUEST, 41, 42, 43)
            until_waiting(3)
            pool.submit(ask, Priority.BACKGROUND, 45)
            until_waiting(4)
            pool.submit(ask, Priority.PERSON, 45)
            until_waiting(5)
        finally:
            gate.set()

    assert widths[:2] == [40, 45]


def test_the_same_picture_twice_in_a_request_is_fetched_once(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    url = server.add("/a.png", png())
    service = make(FakeTagger(ontology))
    first, second = service.predict([task(1, url), task(2, url)], config, deadline_s=5)
    assert first.prediction == second.prediction
    assert len(server.asked) == 1


def test_an_answer_is_remembered_by_content_so_that_a_changed_picture_is_seen(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology)
    service = make(tagger)
    url = server.add("/a.png", png(RED))
    one = service.predict([task(1, url)], config, deadline_s=5)[0]
    two = service.predict([task(1, url)], config, deadline_s=5)[0]
    assert one.prediction == two.prediction
    assert tagger.batches == [1]
    server.add("/a.png", png(BLUE))
    three = service.predict([task(1, url)], config, deadline_s=5)[0]
    assert (labels(one), labels(three)) == (["Shirt"], ["Bag"])
    assert one.prediction["result"][0]["id"] != three.prediction["result"][0]["id"]


def test_without_memory_everything_is_computed_again(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology)
    service = make(tagger, cache_bytes=0)
    url = server.add("/a.png", png())
    for _ in range(2):
        service.predict([task(1, url)], config, deadline_s=5)
    assert tagger.batches == [1, 1]


def test_a_large_picture_is_scaled_for_the_model_and_its_boxes_back(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    sizes: list[tuple[int, int]] = []

    class Watching(FakeTagger):
        def predict(self, images: Any, **options: Any) -> Any:
            sizes.extend(image.size for image in images)
            return super().predict(images, **options)

    url = server.add("/a.png", png(size=(5000, 2500)))
    (outcome,) = make(Watching(ontology)).predict([task(1, url)], config, deadline_s=10)
    assert sizes == [(2048, 1024)]
    box = outcome.prediction["result"][0]
    assert (box["original_width"], box["original_height"]) == (5000, 2500)
    assert box["value"]["x"] == pytest.approx(10)
    assert box["value"]["width"] == pytest.approx(80)


def test_a_picture_that_breaks_the_model_does_not_fail_its_batch(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology, fails_on=lambda image: image.getpixel((0, 0)) == (1, 2, 3))
    service = make(tagger, batch_size=8)
    urls = [server.add(f"/{n}.png", png((200, n, 0))) for n in range(5)]
    urls.insert(2, server.add("/evil.png", png((1, 2, 3))))
    tasks = [task(number, url) for number, url in enumerate(urls)]
    outcomes = service.predict(tasks, config, deadline_s=10)
    assert [o.outcome is Outcome.READY for o in outcomes] == [True, True, False, True, True, True]
    assert "failed on this picture" in outcomes[2].reason


def test_a_model_that_cannot_be_loaded_makes_tasks_late_with_the_reason(
    server: PictureServer, make: Any, config: ConfigMap
) -> None:
    def load() -> Any:
        raise RuntimeError("weights are damaged")

    service = make(load)
    url = server.add("/a.png", png())
    (outcome,) = service.predict([task(1, url)], config, deadline_s=5)
    assert outcome.outcome is Outcome.LATE
    assert "weights are damaged" in outcome.reason
    assert service.state == "failed: weights are damaged"
    assert server.asked == []


def test_a_closed_service_answers_at_once_that_tasks_are_late(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    service = make(FakeTagger(ontology))
    service.predict([task(1, server.add("/a.png", png()))], config, deadline_s=5)
    service.close()
    started = time.monotonic()
    url = server.add("/b.png", png(BLUE))
    (outcome,) = service.predict([task(2, url)], config, deadline_s=5)
    assert outcome.outcome is Outcome.LATE
    assert time.monotonic() - started < 1


def test_a_rectangle_drawn_by_hand_is_described_where_it_was_drawn(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap
) -> None:
    tagger = FakeTagger(ontology)
    url = server.add("/a.png", png(BLUE, size=(400, 500)))
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    drawn = {"type": "rectanglelabels", "id": "x", "value": {**value, "rectanglelabels": ["Dress"]}}
    other = {"type": "rectanglelabels", "id": "y", "value": {**value, "x": 60}}
    outcome = make(tagger).suggest(task(1, url), [other, drawn], config, deadline_s=5)
    assert [box.xyxy for box in tagger.tagged] == [(40, 100, 160, 300)]
    assert tagger.batches == []
    assert outcome.outcome is Outcome.READY
    assert labels(outcome) == ["Bag"]
    box = outcome.prediction["result"][0]
    assert {key: box["value"][key] for key in value} == value


@pytest.mark.parametrize(
    "value",
    [
        {"x": 120, "y": 20, "width": 30, "height": 40},
        {"x": 10, "y": 20, "width": 0, "height": 40},
        {"x": "a", "y": 20, "width": 3, "height": 40},
        {"x": 10},
        {},
    ],
)
def test_a_drawn_rectangle_that_makes_no_sense_gets_no_suggestion(
    server: PictureServer, make: Any, ontology: Ontology, config: ConfigMap, value: dict[str, Any]
) -> None:
    url = server.add("/a.png", png())
    drawn = {"type": "rectanglelabels", "id": "x", "value": value}
    outcome = make(FakeTagger(ontology)).suggest(task(1, url), [drawn], config, deadline_s=5)
    assert outcome.outcome is Outcome.FAILED
    assert outcome.prediction is None


def test_a_turned_rectangle_becomes_the_upright_box_around_it() -> None:
    value = {"x": 50, "y": 50, "width": 20, "height": 10, "rotation": 90}
    box = drawn_box(value, image_wh=(400, 200))
    # A quarter turn clockwise about (200, 100): 80 x 20 px becomes 20 px to the left, 80 px down.
    assert box.xyxy == pytest.approx((180, 100, 200, 180))
    with pytest.raises(BoxError):
        drawn_box({"rotation": 45, "x": 1}, image_wh=(400, 200))
