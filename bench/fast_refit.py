"""Time a fast round on 1,000 corrections whose embeddings were kept.

`python -m bench.fast_refit` measures and writes `bench/results/fast-refit.json`. The corrections
are labelled training photographs; what the round did to other answers is measured on validation
photographs, which neither the shipped version nor the round was trained on.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.corrections import changes, corrected, is_data_here, load_pictures, outcomes, say
from bench.run import RESULTS, machine

RESULT = RESULTS / "fast-refit.json"
NUM_CORRECTIONS = 1000
RUNS = 3


def main() -> None:
    """Measure and write the figures."""
    if not is_data_here():
        say("left out: the catalog photographs are not here")
        return
    figures = {"machine": machine(), **measure()}
    RESULT.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(figures, indent=1)}\n")


def measure() -> dict[str, Any]:
    """Refit the shipped version several times on the same corrections."""
    import torch

    from tagger.loading import encoder_digest, load_parts
    from tagger.refit import refit
    from tagger.registry import shipped_version_dir

    samples, rows = load_pictures()
    training = [at for at, one in enumerate(samples) if one.split == "train"]
    held = [at for at, one in enumerate(samples) if one.split == "validation"]
    chosen = np.random.default_rng(1).permutation(training)[:NUM_CORRECTIONS]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        live = shipped_version_dir()
        encoder = encoder_digest(load_parts(live)["model"])
        garments = [corrected(samples[at], rows[at], encoder=encoder) for at in chosen]
        gold = [corrected(samples[at], rows[at], encoder=encoder, is_blind=True) for at in held]
        times, work = [], []
        for number in range(RUNS):
            began, worked = time.perf_counter(), time.process_time()
            made = refit(live, garments, versions=place / str(number))
            times.append(time.perf_counter() - began)
            work.append(time.process_time() - worked)
            say(f"run {number + 1} of {RUNS}: {times[-1]:.1f} s")
        found = changes(outcomes(live, gold), outcomes(made.path, gold))
    return {
        "threads": torch.get_num_threads(),
        "corrections": NUM_CORRECTIONS,
        "seconds": round(statistics.median(times), 1),
        "all_seconds": [round(one, 1) for one in times],
        "processor_seconds": round(statistics.median(work), 1),
        "load_average": round(os.getloadavg()[0], 1),
        "validation_pictures": len(gold),
        "changes": found,
    }


if __name__ == "__main__":
    main()
