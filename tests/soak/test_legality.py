"""No illegal answer over every validation picture at hand; the count goes to `bench/results`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.run import RESULTS, machine
from ontology.decode import violations
from ontology.load import default_ontology_path, load_ontology
from tagger.dataset import load_description, load_samples
from tagger.images import read_image
from tagger.pipeline import Tagger
from tagger.registry import shipped_version_dir

pytestmark = pytest.mark.soak

DATASETS = Path(__file__).parents[2] / "tagger" / "datasets"
BATCH = 32


@pytest.mark.parametrize("name", ["myntra", "clothing-small", "ccp"])
def test_no_validation_picture_gets_an_illegal_answer(name: str) -> None:
    ontology = load_ontology(default_ontology_path())
    description = load_description(DATASETS / f"{name}.yaml")
    samples = load_samples(description, root=None, ontology=ontology, split="validation")
    paths = sorted({sample.image for sample in samples})
    tagger = Tagger.load(shipped_version_dir())
    found: list[str] = []
    num_garments = num_answers = 0
    for start in range(0, len(paths), BATCH):
        pictures = [read_image(path, name=path.name) for path in paths[start : start + BATCH]]
        for prediction in tagger.predict(pictures, show_rendered=True):
            for garment in prediction.garments:
                values = {
                    attribute: [answer.value for answer in answers]
                    for attribute, answers in garment.attributes.items()
                }
                found += violations(tagger.ontology, garment.category, values)
                num_garments += 1
                num_answers += sum(map(len, values.values()))

    RESULTS.mkdir(exist_ok=True)
    figures = {
        "machine": machine(),
        "model_version": tagger.version,
        "pictures": len(paths),
        "garments": num_garments,
        "answers": num_answers,
        "illegal": len(found),
    }
    (RESULTS / f"legality-{name}.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    assert num_answers > 0
    assert found == []
