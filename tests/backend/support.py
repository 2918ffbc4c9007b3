"""A picture server, pictures and a tagger that needs no weights, for the backend's tests."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

from ontology.decode import Answer
from ontology.model import AttributeId, CategoryId, Ontology, ValueId
from tagger.boxes import PixelBox
from tagger.pipeline import Garment, ImagePrediction, Regions

Handler = Callable[[BaseHTTPRequestHandler], None]


def png(colour: tuple[int, int, int] = (200, 40, 40), *, size: tuple[int, int] = (40, 50)) -> bytes:
    """Encode a picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> None:
    """Send a whole answer."""
    handler.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@dataclass
class PictureServer:
    """An HTTP server whose paths are answered by functions; keeps what was asked."""

    origin: str = ""
    host: str = ""
    routes: dict[str, Handler] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def add(self, path: str, body: bytes) -> str:
        """Serve a body and return its address."""
        self.routes[path] = lambda handler: send(handler, body)
        return self.origin + path

    def redirect(self, path: str, target: str, *, status: int = 302) -> str:
        """Serve a redirect and return its address."""
        self.routes[path] = lambda handler: send(
            handler, b"", status=status, headers={"Location": target}
        )
        return self.origin + path


@contextmanager
def picture_server() -> Iterator[PictureServer]:
    """Run a picture server on loopback."""
    state = PictureServer()

    class RequestHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.headers.append(dict(self.headers))
            handler = state.routes.get(self.path.partition("?")[0])
            if handler is None:
                send(self, b"no such picture", status=404)
            else:
                handler(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), RequestHandler)
    server.daemon_threads = True
    state.host = f"127.0.0.1:{server.server_address[1]}"
    state.origin = f"http://{state.host}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FakeTagger:
    """Says the first leaf for pictures with red corners and the second for others.

    Every exclusive attribute gets its first allowed value, every multiple one its first two.
    """

    version = "fake-1"

    def __init__(
        self,
        ontology: Ontology,
        *,
        seconds: float = 0.0,
        fails_on: Callable[..., bool] | None = None,
    ) -> None:
        self.ontology = ontology
        self.batches: list[int] = []
        self.modes: list[Regions] = []
        self.tagged: list[PixelBox] = []
        self._seconds = seconds
        self._fails_on = fails_on

    def predict(
        self,
        images: Sequence[Image.Image],
        *,
        regions: Regions = "auto",
        show_rendered: bool = False,
    ) -> list[ImagePrediction]:
        self.batches.append(len(images))
        self.modes.append(regions)
        time.sleep(self._seconds)
        if self._fails_on and any(self._fails_on(image) for image in images):
            raise RuntimeError("the network stumbled over /secret/path")
        return [
            ImagePrediction(
                image_wh=image.size,
                garments=(
                    self.garment(
                        image,
                        PixelBox(
                            x0=image.width * 0.1,
                            y0=image.height * 0.2,
                            x1=image.width * 0.9,
                            y1=image.height * 0.8,
                        ),
                    ),
                ),
            )
            for image in images
        ]

    def tag(
        self, image: Image.Image, boxes: Sequence[PixelBox], *, show_rendered: bool = False
    ) -> list[Garment]:
        self.tagged += boxes
        time.sleep(self._seconds)
        return [self.garment(image, box) for box in boxes]

    def garment(self, image: Image.Image, box: PixelBox) -> Garment:
        pixel = image.getpixel((0, 0))
        assert isinstance(pixel, tuple)
        category = self.ontology.leaves[0 if pixel[0] > pixel[2] else 1]
        return garment_of(self.ontology, category, box=box)


def garment_of(
    ontology: Ontology, category: CategoryId, *, box: PixelBox, score: float = 0.75
) -> Garment:
    """Describe a garment with the first values that its category allows."""
    attributes: dict[AttributeId, tuple[Answer, ...]] = {}
    scores: dict[AttributeId, dict[ValueId, float]] = {}
    for attribute in ontology.applicable(category):
        allowed = ontology.allowed(category, attribute)
        number = 2 if ontology.attribute(attribute).kind == "multiple" else 1
        attributes[attribute] = tuple(Answer(value=value, score=0.9) for value in allowed[:number])
        scores[attribute] = dict.fromkeys(allowed, 0.5)
    return Garment(
        id="g",
        box=box,
        mask=None,
        primary=True,
        category=category,
        category_score=score,
        attributes=attributes,
        scores=scores,
    )
