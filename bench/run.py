"""Measure what people wait for, and write it down with the machine named.

Run with `make bench`; each figure is the median of several runs.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
NUM_PICTURES = 64


def median_s(work: Callable[[], object], *, runs: int) -> float:
    """Time some work; the first run warms up and does not count."""
    work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def machine() -> dict[str, Any]:
    """Name the machine."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "measured": datetime.now(UTC).date().isoformat(),
    }


def command_line() -> dict[str, float]:
    """Time the answers that must not load torch."""
    weft = [sys.executable, "-m", "backend.cli"]

    def run(*arguments: str) -> None:
        subprocess.run([*weft, *arguments], check=True, capture_output=True)  # noqa: S603 - ours

    return {
        "help_s": median_s(lambda: run("--help"), runs=5),
        "ontology_check_s": median_s(
            lambda: run("ontology", "check", "ontology/fashion.yaml"), runs=5
        ),
    }


def ontology() -> dict[str, float]:
    """Time decoding, and size what the annotator's page is made from."""
    import random

    from ontology.decode import Scores, decode
    from ontology.label_config import build_label_config
    from ontology.load import default_ontology_path, load_ontology

    loaded = load_ontology(default_ontology_path())
    source = random.Random(1)  # noqa: S311 - not a secret
    scores = [
        Scores(
            category={leaf: source.random() for leaf in loaded.leaves},
            attributes={
                attribute.id: {value.id: source.random() for value in attribute.values}
                for attribute in loaded.attributes
            },
        )
        for _ in range(100)
    ]
    seconds = median_s(lambda: [decode(loaded, one) for one in scores], runs=5)
    return {
        "decode_ms": 1000 * seconds / len(scores),
        "load_s": median_s(lambda: load_ontology(default_ontology_path()), runs=5),
        "label_config_bytes": float(len(build_label_config(loaded).encode())),
    }


def prediction() -> dict[str, float]:
    """Time the tagger on drawn pictures, alone and in batches."""
    from PIL import Image

    from ontology.load import default_ontology_path, load_ontology
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir
    from tagger.render import render_catalog

    began = time.perf_counter()
    tagger = Tagger.load(shipped_version_dir())
    loading_s = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_ontology(default_ontology_path())
        began = time.perf_counter()
        render_catalog(Path(folder), count=NUM_PICTURES, seed=1, ontology=loaded)
        rendering_s = time.perf_counter() - began
        files = sorted((Path(folder) / "images").iterdir())
        pictures = [Image.open(file).convert("RGB") for file in files]
    one = median_s(lambda: tagger.predict(pictures[:1]), runs=9)
    many = median_s(lambda: tagger.predict(pictures), runs=3)
    return {
        "load_model_s": loading_s,
        "render_ms_a_picture": 1000 * rendering_s / NUM_PICTURES,
        "predict_one_ms": 1000 * one,
        "predict_batch_ms_a_picture": 1000 * many / NUM_PICTURES,
    }


def main() -> None:
    """Measure everything and write `bench/results/speed.json`."""
    figures = {
        "machine": machine(),
        "command_line": command_line(),
        "ontology": ontology(),
        "prediction": prediction(),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=1)
    (RESULTS / "speed.json").write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
