"""Put the review's parts together for a server: its pages, the evidence panel and the chores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backend.model_thread import ModelError
from backend.neighbours import NeighbourFinder
from backend.overlays import overlays_blueprint
from backend.overlays_secret import OverlaySecrets
from backend.promises import PromiseReader
from backend.reject_reasons import own_reasons_path, read_reasons
from backend.review.asked import AskedPictures
from backend.review.auth import SignIn, prepare_sessions
from backend.review.decide import Decider
from backend.review.deliver import Delivery
from backend.review.evidence import Evidence, Explains, make_explainer
from backend.review.intake import TaskIntake
from backend.review.page import ReviewParts, review_blueprint
from backend.review.refusals import RefusalPage, refusal_page
from backend.review.seen import SeenPictures

if TYPE_CHECKING:
    from flask import Flask

    from backend.database import Database
    from backend.label_studio import LabelStudioClient
    from backend.predictor import PredictionService
    from backend.settings import Settings
    from backend.worker import Chore
    from ontology.model import Ontology
    from tagger.pipeline import GarmentTagger

__all__ = ["Reviewing"]


@dataclass(slots=True, kw_only=True)
class Reviewing:
    """Everything that has to do with reviewing, for one database.

    Attributes:
        asked: Told which pictures were asked about.
        seen: Told what was predicted.
        explainer_of: Makes what explains a model's answers.
    """

    settings: Settings
    database: Database
    asked: AskedPictures
    seen: SeenPictures = field(default_factory=SeenPictures)
    explainer_of: Callable[[GarmentTagger], Explains | None] = make_explainer

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Reviewing:
        """Make the parts that need no model."""
        return cls(settings=settings, database=database, asked=AskedPictures(database))

    def add_pages(self, app: Flask, service: PredictionService) -> RefusalPage:
        """Add `/review` and `/overlays`; returns what makes pages of refusals."""
        evidence = Evidence(service, self.seen, explainer_of=self.explainer_of)
        prepare_sessions(app, self.settings)
        reasons = read_reasons(own_reasons_path(self.settings.data_dir))
        parts = ReviewParts(
            database=self.database,
            sign_in=SignIn(self.settings),
            evidence=evidence,
            decider=Decider(
                database=self.database,
                ontology=lambda: self._ontology(service),
                image_wh=evidence.image_wh,
            ),
            ontology=lambda: self._ontology(service),
            reasons={code: reason.label for code, reason in reasons.items()},
            neighbours=NeighbourFinder(self.database, lambda: self._ontology(service)),
            promises=PromiseReader(self.settings.data_dir),
        )
        app.register_blueprint(review_blueprint(parts))
        app.register_blueprint(
            overlays_blueprint(
                asked=self.asked,
                secrets=OverlaySecrets.of(self.settings),
                evidence=evidence,
                blind_share=self.settings.blind_share,
                label_studio_url=self.settings.label_studio_url,
            )
        )
        return refusal_page(parts)

    def chores(
        self, service: PredictionService, client: LabelStudioClient | None
    ) -> tuple[Chore, ...]:
        """Make what the worker does for reviewing."""
        evidence = Evidence(service, self.seen)
        return (
            self.asked,
            Delivery(
                database=self.database,
                client=client,
                ontology=_ready_ontology(service),
                image_wh=evidence.image_wh,
            ),
            TaskIntake(
                database=self.database,
                service=service,
                asked=self.asked,
                seen=self.seen,
                blind_share=self.settings.blind_share,
                promises=PromiseReader(self.settings.data_dir),
            ),
        )

    def _ontology(self, service: PredictionService) -> Ontology:
        """Return what is served; while the model loads, what it will be."""
        try:
            return service.model.wait_settled(0).ontology
        except ModelError:
            from backend.served_ontology import served_ontology

            return served_ontology(self.settings)


def _ready_ontology(service: PredictionService) -> Callable[[], Ontology | None]:
    def ontology() -> Ontology | None:
        try:
            return service.model.wait_settled(0).ontology
        except ModelError:
            return None

    return ontology
