"""Measure how fast training crops come from a pack and from the files it was made of.

Run as `python bench/packed.py PACK DATASET.yaml ...`; one process reads and cuts drawn samples.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ontology.load import default_ontology_path, load_ontology
from tagger.data_sets import load_data
from tagger.dataset import Sample
from tagger.found_boxes import find_boxes
from tagger.training_set import Augmentation, GarmentSet


def drawn(samples: tuple[Sample, ...], *, count: int, boxes: Path, size: int) -> GarmentSet:
    """Take evenly drawn samples for crops of side `size`."""
    some = samples[:: max(1, len(samples) // count)][:count]
    return GarmentSet(
        some, find_boxes(some, cache=boxes), size=size, augmentation=Augmentation(light=0.0)
    )


def main() -> None:
    """Print pictures a processor second from both, and how far their crops differ, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=176)
    parser.add_argument("--boxes", type=Path, help="a cache of found boxes, such as training's")
    asked = parser.parse_args()
    ontology = load_ontology(default_ontology_path())
    with tempfile.TemporaryDirectory() as folder:
        boxes = asked.boxes or Path(folder) / "boxes.json"
        sets = {
            "files": drawn(
                load_data(asked.data, ontology).training,
                count=asked.count,
                boxes=boxes,
                size=asked.size,
            ),
            "pack": drawn(
                load_data([asked.pack], ontology).training,
                count=asked.count,
                boxes=boxes,
                size=asked.size,
            ),
        }
    speeds, crops = {}, {}
    for name, served in sets.items():
        began = time.process_time()
        crops[name] = [served[at, 1][0].numpy() for at in range(len(served))]
        speeds[name] = round(len(served) / (time.process_time() - began), 1)
    difference = np.mean(
        [
            np.abs(one.astype(int) - two).mean()
            for one, two in zip(crops["files"], crops["pack"], strict=True)
        ]
    )
    report = {
        "crops": len(crops["pack"]),
        "size_px": asked.size,
        "per_processor_second": speeds,
        "mean_absolute_difference": round(float(difference), 2),
        "pack_bytes": sum(path.stat().st_size for path in asked.pack.iterdir()),
    }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
