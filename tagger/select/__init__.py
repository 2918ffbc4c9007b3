"""Choose what to label next: informative, diverse, and partly at random.

Three numbers are kept apart everywhere. *Confidence* is how probable the shown answer is, for the
annotator. *Uncertainty* is how close the model is to another answer, for the choice. *Priority* is
the place in the queue. Arrays only: nothing here knows a database or Label Studio.
"""

from __future__ import annotations

from tagger.select.batch import BatchRule, Chosen, choose_batch, gradient_residuals
from tagger.select.gain import GainReport, RoundGain, gain_report, measure_round
from tagger.select.pick import Candidate, Pick, pick_next
from tagger.select.uncertainty import CellDoubt, cell_doubts, informativeness, most_doubtful

__all__ = [
    "BatchRule",
    "Candidate",
    "CellDoubt",
    "Chosen",
    "GainReport",
    "Pick",
    "RoundGain",
    "cell_doubts",
    "choose_batch",
    "gain_report",
    "gradient_residuals",
    "informativeness",
    "measure_round",
    "most_doubtful",
    "pick_next",
]
