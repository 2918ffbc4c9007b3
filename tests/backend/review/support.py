"""A backend with a review queue, and a browser that is only a client."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from backend.app import create_app
from backend.database import Database
from backend.images import ImageFetcher
from backend.ledger.derive import Ledger
from backend.ledger.rules import Rules
from backend.metrics import Metrics
from backend.model_thread import ModelThread
from backend.predictor import PredictionService
from backend.review.items import ReviewItem, decisions_of, item_of
from backend.review.labels import Standing, standing
from backend.review.web import Reviewing
from backend.settings import Settings
from ontology.load import load_ontology
from ontology.model import Ontology
from tests.backend.ledger.conftest import memory_database
from tests.backend.support import FakeTagger

FIXTURES = Path(__file__).parents[2] / "fixtures"
SIZE = (400, 500)
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


def region(name: str = "w_1", *, category: str = "shirt", **fields: Any) -> dict[str, Any]:
    """Describe a region as `weft predict` does; a striped, red shirt with short sleeves."""
    return {
        "id": name,
        "box": [40.0, 50.0, 200.0, 300.0],
        "mask": None,
        "primary": True,
        "category": category,
        "category_score": 0.8,
        "attributes": {
            "sleeve": [{"value": "short", "score": 0.9}],
            "pattern": [{"value": "striped", "score": 0.55}],
            "color": [{"value": "red", "score": 0.7}],
        },
        "scores": {
            "sleeve": {"short": 0.9, "long": 0.1},
            "pattern": {"striped": 0.55, "plain": 0.4},
            "color": {"red": 0.7, "blue": 0.2},
        },
        **fields,
    }


def finding(attribute: str = "pattern", **fields: Any) -> dict[str, Any]:
    return {
        "kind": "claim_contradicts_picture",
        "attribute": attribute,
        "claim": "plain",
        "seen": "striped",
        "risk": 0.8,
        "reason": "claimed plain, seen striped",
        **fields,
    }


@dataclass(kw_only=True)
class Backend:
    """Everything that a test of reviewing needs."""

    app: Flask
    client: FlaskClient
    database: Database
    settings: Settings
    service: PredictionService
    reviewing: Reviewing
    folder: Path
    ontology: Ontology

    def item(self, name: str, **fields: Any) -> ReviewItem:
        """Make an item whose picture is there."""
        picture = self.folder / f"{name}.jpg"
        Image.new("RGB", SIZE, (200, 40, 40)).save(picture)
        given = {"regions": [region()], "findings": [finding()], "risk": 0.5, **fields}
        return ReviewItem(id=name, source="audit", image=str(picture), **given)

    def sign_in(self, name: str = "Ada", **more: str) -> Any:
        page = self.client.get("/review/sign-in")
        found = TOKEN.search(page.text)
        assert found is not None
        form = {"csrf": found.group(1), "name": name, **more}
        return self.client.post("/review/sign-in", data=form)

    def token(self) -> str:
        found = TOKEN.search(self.client.get("/review").text)
        assert found is not None
        return found.group(1)

    def decide(self, name: str, action: str, **form: Any) -> Any:
        body = {"csrf": self.token(), "action": action, **form}
        return self.client.post(f"/review/items/{name}/decide", data=body)

    def cell(self, name: str, action: str, attribute: str, *values: str, at: str = "w_1") -> Any:
        return self.decide(name, action, region=at, attribute=attribute, values=list(values))

    def standing(self, name: str) -> Standing:
        item = item_of(self.database, name)
        assert item is not None
        return standing(item, decisions_of(self.database, item_id=name), self.ontology)

    def state(self, name: str) -> str:
        item = item_of(self.database, name)
        assert item is not None
        return item.state

    def ledger(self) -> Ledger:
        rules = Rules(ontology=self.ontology, blind_share=0.0)
        ledger = Ledger(database=self.database, rules=rules)
        ledger.take_up_all()
        return ledger


@contextmanager
def running_backend(
    folder: Path, *, explainer: Any = None, tagger: Any = None, **settings: Any
) -> Iterator[Backend]:
    """Make a backend with a tagger that needs no weights."""
    pictures = folder / "pictures"
    pictures.mkdir()
    known = ontology()
    options = Settings(
        **{
            "data_dir": folder,
            "local_roots": (pictures,),
            "reviewers": "Ada:lead,Ben",
            "fetch_attempts": 1,
            **settings,
        }
    )
    metrics = Metrics()
    service = PredictionService(
        model=ModelThread(lambda: tagger or FakeTagger(known), metrics=metrics),
        images=ImageFetcher(options),
        metrics=metrics,
        model_version="fake-1",
    )
    database = memory_database()
    reviewing = Reviewing.of(options, database)
    if explainer is not None:
        reviewing.explainer_of = lambda tagger: explainer
    app = create_app(
        options, service=service, metrics=metrics, database=database, reviewing=reviewing
    )
    service.start()
    service.model.wait_settled(10)
    try:
        yield Backend(
            app=app,
            client=app.test_client(),
            database=database,
            settings=options,
            service=service,
            reviewing=reviewing,
            folder=pictures,
            ontology=known,
        )
    finally:
        service.close()
        database.close()
