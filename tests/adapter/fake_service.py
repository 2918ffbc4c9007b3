"""An application of ours with a tagger that needs no weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.decode import Answer
from ontology.load import load_ontology
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.boxes import PixelBox
from tagger.pipeline import Garment, ImagePrediction

if TYPE_CHECKING:
    from flask import Flask
    from PIL.Image import Image

__all__ = ["FURNITURE", "FakeTagger", "make_application"]

FURNITURE = Path(__file__).parents[1] / "fixtures" / "furniture.yaml"


class FakeTagger:
    """Finds an oak chair in the middle of every picture."""

    version = "fake-1"

    def __init__(self) -> None:
        self.ontology = load_ontology(FURNITURE)

    def predict(
        self, images: Sequence[Image], *, regions: str = "auto", show_rendered: bool = False
    ) -> list[ImagePrediction]:
        return [
            ImagePrediction(image_wh=image.size, garments=tuple(self.tag(image, [_middle(image)])))
            for image in images
        ]

    def tag(
        self, image: Image, boxes: Sequence[PixelBox], *, show_rendered: bool = False
    ) -> list[Garment]:
        return [
            Garment(
                id="g",
                box=box,
                mask=None,
                primary=True,
                category=CategoryId("chair"),
                category_score=0.9,
                attributes={
                    AttributeId("material"): (Answer(value=ValueId("oak"), score=0.8),),
                    AttributeId("colour"): (
                        Answer(value=ValueId("brown"), score=0.7),
                        Answer(value=ValueId("black"), score=0.6),
                    ),
                },
                scores={},
            )
            for box in boxes
        ]


def _middle(image: Image) -> PixelBox:
    width, height = image.size
    return PixelBox(x0=width * 0.2, y0=height * 0.2, x1=width * 0.8, y1=height * 0.8)


@contextmanager
def make_application(folder: Path) -> Iterator[Flask]:
    """Give an application whose model is loaded."""
    from backend.app import create_app
    from backend.images import ImageFetcher
    from backend.metrics import Metrics
    from backend.model_thread import ModelThread
    from backend.predictor import PredictionService
    from backend.settings import Settings

    settings = Settings(data_dir=folder / "weft")
    metrics = Metrics()
    service = PredictionService(
        model=ModelThread(FakeTagger, metrics=metrics),
        images=ImageFetcher(settings),
        metrics=metrics,
        model_version=FakeTagger.version,
    )
    service.start()
    try:
        yield create_app(settings, service=service, metrics=metrics)
    finally:
        service.close()
