from __future__ import annotations

from tagger.card import model_card
from tagger.registry import Manifest

HEAD = {
    "n": 40,
    "top1_accuracy": 0.9,
    "top1_ci95": [0.77, 0.96],
    "macro_f1": 0.8,
    "coverage": 0.75,
    "selective_error": 0.05,
    "ece": None,
    "assessable": True,
}
TAUGHT = {
    "categories": ["desk_lamp"],
    "values": {"stand": ["base", "clamp"], "shade": []},
    "carriers": {"stand": ["desk_lamp"], "shade": []},
}
MANIFEST = Manifest(
    version="lamps-1",
    model={
        "backbone": "net",
        "image_size": 208,
        "attention": "none",
        "attention_heads": 8,
        "attention_width": 256,
        "branch_width": 64,
    },
    taught={"real": TAUGHT, "rendered": {"categories": [], "values": {}, "carriers": {}}},
    hashes={},
    data=({"name": "bulbs", "source": "us", "licence": "CC0", "training": 30, "validation": 40},),
    training={"start": "x", "epochs": 2, "batch_size": 8, "crop_size": 176, "frozen_stages": 3},
    metrics={
        "bulbs": {
            "images": 40,
            "category": HEAD,
            "attributes": {
                "stand": {**HEAD, "assessable": False},
                "shade": {**HEAD, "n": 0},
            },
        }
    },
)


def test_the_card_says_what_was_taught_and_how_well_it_does():
    lines = model_card(MANIFEST).splitlines()

    assert lines[0] == "# Model version lamps-1"
    assert "| bulbs | us | CC0 | 30 | 40 |" in lines
    assert "- stand, on 1 categories: base, clamp" in lines
    assert "| category | 40 | 0.900 | 0.770 to 0.960 | 0.800 | 0.750 | 0.050 | - |" in lines


def test_a_head_without_a_choice_is_not_assessable_and_one_without_labels_is_left_out():
    card = model_card(MANIFEST)

    assert "| stand | 40 | 0.900 | 0.770 to 0.960 | not assessable |" in card
    assert "| shade |" not in card
