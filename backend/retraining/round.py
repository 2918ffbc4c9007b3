"""Carry one training run out: make a candidate, gate it, promote it or say why not."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from backend.database import utc_now
from backend.live_watch import is_withdrawn
from backend.retraining.embedder import GarmentEmbedder
from backend.retraining.gating import paired_outcomes
from backend.retraining.rejected import remove_rejected
from backend.retraining.tables import RunKind, RunState
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from backend.retraining.pictures import PictureFolder
    from backend.retraining.runs import Run, RunStore
    from backend.settings import Settings
    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment
    from tagger.gate_verdict import Verdict
    from tagger.refit import Refitted
    from tagger.registry import ModelStore

__all__ = ["TrainingRound"]

log = structlog.get_logger(__name__)

_WRITE_EVERY_S = 1.0
_STATES = {
    "promote": RunState.PROMOTED,
    "reject": RunState.REJECTED,
    "undecided": RunState.UNDECIDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRound:
    """What a run needs.

    Attributes:
        settings: Threads, data folder, base data.
        store: Where its progress is kept.
        models: Where versions are, and which of them is live.
        pictures: The pictures of corrections.
        read: Gives all corrections in the ids of an ontology.
        live: Gives the directory of the version to start from.
        show: Told the progress, 0..1 of the present phase, and what is being done.
    """

    settings: Settings
    store: RunStore
    models: ModelStore
    pictures: PictureFolder
    read: Callable[[Ontology], Sequence[CorrectedGarment]]
    live: Callable[[], Path]
    show: Callable[[float, str], None] = lambda _share, _note: None

    def carry_out(self, run: Run) -> Run:
        """Work on a run that was taken up, to its end.

        Returns:
            The run as it ended: promoted, rejected, undecided or failed.

        Raises:
            KeyboardInterrupt: If the process was told to stop; the run waits again.
        """
        try:
            return self._carry_out(run)
        except KeyboardInterrupt:
            note = "stopped; the next process goes on"
            self.store.update(run.id, state=RunState.INTERRUPTED.value, note=note)
            raise
        except CatalogError as error:
            log.warning("training_failed", run=run.id, reason=str(error))
            return self.store.update(run.id, state=RunState.FAILED.value, note=str(error))
        except Exception as error:
            log.exception("training_crashed", run=run.id)
            note = f"unexpected failure ({type(error).__name__}); see the log of the run"
            return self.store.update(run.id, state=RunState.FAILED.value, note=note)

    def _carry_out(self, run: Run) -> Run:
        from tagger.loading import load_parts

        live = self.live()
        parts = load_parts(live)
        garments = list(self.read(parts["scorer"].ontology))
        embedder = self._embedder(live, run)
        self.store.update(run.id, live_version=live.name, note="learning")
        candidate = self._made_before(run)
        if candidate is None:
            made = self._make(run, live, garments, embedder)
            candidate = made.path
            self.store.update(run.id, candidate=candidate.name, counts=dict(made.counts))
            for place in made.scratch:
                shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        self.store.update(
            run.id, state=RunState.GATING.value, progress=0.0, note="comparing with the live one"
        )
        verdict, report = self._gate(run, parts, live, candidate, garments, embedder)
        return self._end(run, candidate, verdict, report)

    def _made_before(self, run: Run) -> Path | None:
        """Give the candidate that an earlier attempt of this run left behind."""
        from tagger.registry import verify

        if not run.candidate:
            return None
        path = self.models.path(run.candidate)
        verify(path)
        return path

    def _make(
        self,
        run: Run,
        live: Path,
        garments: Sequence[CorrectedGarment],
        embedder: GarmentEmbedder,
    ) -> Refitted:
        watch = self._watch(run, "learning")
        if run.kind is RunKind.FAST:
            from tagger.refit import refit

            return refit(live, garments, versions=self.models.root, embed=embedder, watch=watch)
        from tagger.full_round import full_round

        return full_round(
            live,
            garments,
            picture=self.pictures.path,
            base_data=self.settings.base_data,
            runs=self.settings.data_dir / "training",
            versions=self.models.root,
            snapshot=self.settings.data_dir / "training" / f"run-{run.id}.json",
            device=self.settings.device,
            watch=watch,
        )

    def _gate(
        self,
        run: Run,
        live_parts: Mapping[str, Any],
        live: Path,
        candidate: Path,
        garments: Sequence[CorrectedGarment],
        embedder: GarmentEmbedder,
    ) -> tuple[Verdict, Path]:
        from tagger.gate import decide
        from tagger.gate_report import write_report
        from tagger.loading import encoder_digest, load_parts

        parts = load_parts(candidate)
        blind = [one for one in garments if one.is_blind]
        same = encoder_digest(parts["model"]) == encoder_digest(live_parts["model"])
        other = embedder if same else self._embedder(candidate, run)
        ours, theirs = paired_outcomes(
            live_parts,
            parts,
            blind,
            live_rows=embedder(blind),
            candidate_rows=other(blind),
            ontology=live_parts["scorer"].ontology,
        )
        verdict = decide(ours, theirs)
        report = write_report(
            verdict,
            live=live.name,
            candidate=candidate.name,
            live_cells=ours,
            candidate_cells=theirs,
            out=self.settings.data_dir / "training" / "reports" / str(run.id),
            now=utc_now(),
        )
        return verdict, report

    def _end(self, run: Run, candidate: Path, verdict: Verdict, report: Path) -> Run:
        state = _STATES[verdict.decision]
        note = " ".join(verdict.reasons)
        if state is RunState.PROMOTED and is_withdrawn(self.models.root, candidate.name):
            state = RunState.UNDECIDED
            note = f"{note} It was live before and withdrawn, since annotators accepted it less."
        if state is RunState.PROMOTED:
            self.models.promote(candidate.name)
        elif state is RunState.UNDECIDED:
            note = f"{note} To promote it: weft models promote {candidate.name}"
        log.info("training_ended", run=run.id, state=state.value, candidate=candidate.name)
        ended = self.store.update(
            run.id,
            state=state.value,
            progress=1.0,
            note=note,
            verdict={
                "decision": verdict.decision,
                "reasons": list(verdict.reasons),
                "report": str(report),
            },
        )
        remove_rejected(self.store, self.models)
        return ended

    def _embedder(self, version: Path, run: Run) -> GarmentEmbedder:
        from tagger.pipeline import Tagger

        return GarmentEmbedder(
            Tagger.load(version, device=self.settings.device),
            self.pictures.path,
            watch=self._watch(run, "embedding pictures"),
        )

    def _watch(self, run: Run, note: str) -> Callable[[int, int], None]:
        """Show progress at once and write it down now and then."""
        written = time.monotonic()

        def watch(done: int, total: int) -> None:
            nonlocal written
            share = done / max(1, total)
            self.show(share, note)
            now = time.monotonic()
            if now - written >= _WRITE_EVERY_S:
                written = now
                self.store.update(run.id, progress=share, note=note)

        return watch
