from __future__ import annotations

from dataclasses import replace

from tagger.card import CAUTIONS, FIGURES, figure_cells, model_card
from tagger.registry import Manifest

HEAD = {
    "n": 40,
    "top1_accuracy": 0.9,
    "top1_ci95": [0.77, 0.96],
    "macro_f1": 0.8,
    "coverage": 0.75,
    "selective_error": 0.1,
    "ece": None,
    "assessable": True,
    "coverage_at_error": {"0.02": None, "0.05": 0.6, "0.10": 0.9},
}
NOTHING = {
    "categories": [],
    "values": {},
    "mentioned": {},
    "mentioned_categories": [],
    "carriers": {},
}
TAUGHT = {
    **NOTHING,
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
    taught={"real": TAUGHT, "rendered": NOTHING},
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


def test_the_card_says_what_was_taught_and_how_well_it_does(lamps):
    lines = model_card(MANIFEST, lamps).splitlines()

    assert lines[0] == "# Model version lamps-1"
    assert "| bulbs | us | CC0 | - | 30 | 40 |" in lines
    assert "| stand | 1 | clamp, base | - | tripod |" in lines
    assert (
        "| category | 40 | 0.900 | 0.770 to 0.960 | 0.800 | 0.750 (30) | 0.100 (3) | - | - "
        "| 0.600 | 0.900 |"
    ) in lines


def test_the_card_says_when_the_heads_were_fitted_again(lamps):
    heads = {"start": "lamps-0", "learnt": {"garments": 7, "drawn_times": 2}, "kept": 9, "steps": 5}
    training = {**MANIFEST.training, "heads": heads}

    card = model_card(replace(MANIFEST, training=training), lamps)

    assert "the heads were fitted to 7 garments for 5 steps, and kept what they said of 9" in card
    assert "the heads were fitted" not in model_card(MANIFEST, lamps)


def test_a_head_without_a_choice_is_not_assessable_and_one_without_labels_is_left_out(lamps):
    card = model_card(MANIFEST, lamps)

    assert "| stand | 40 | 0.900 | 0.770 to 0.960 | not assessable: one value |" in card
    assert "| shade | 0 |" not in card


def test_few_labels_are_not_assessed():
    assert figure_cells("stand", {**HEAD, "n": 29})[4] == "not assessable: too few"
    assert figure_cells("stand", {**HEAD, "n": 30})[4] == "0.800"


def test_figures_of_an_older_report_have_no_coverage_at_stated_errors():
    older = {name: value for name, value in HEAD.items() if name != "coverage_at_error"}

    cells = figure_cells("stand", older)

    assert len(cells) == len(FIGURES)
    assert cells[-3:] == ["-", "-", "-"]


def test_machine_labels_are_called_so_beside_their_figures_and_how_they_were_made_is_told(lamps):
    entry = {**MANIFEST.data[0], "labelled_by": "machine", "labelling": "By eye.", "pictures": 70}

    card = model_card(replace(MANIFEST, data=(entry,)), lamps)

    assert "| bulbs | us | CC0 | 70 | 30 | 40 |" in card
    assert "- bulbs: By eye." in card
    assert CAUTIONS["machine"] in card.partition("### bulbs")[2]
    assert CAUTIONS["machine"] not in model_card(MANIFEST, lamps)


def test_what_the_finder_found_is_told_class_by_class(lamps):
    found = {
        "box_ap": 0.4,
        "box_ap50": 0.6,
        "box_ap75": None,
        "mask_ap": 0.3,
        "classes": {"lamp": {"n": 12, "ap": 0.41, "ap50": 0.61, "mask_ap": None}},
    }
    report = {**MANIFEST.metrics["bulbs"], "detection": found}

    lines = model_card(replace(MANIFEST, metrics={"bulbs": report}), lamps).splitlines()

    assert (
        "Garments found, COCO's average precision: boxes 0.400, at IoU 0.5 0.600, at 0.75 -; "
        "masks 0.300."
    ) in lines
    assert "| lamp | 12 | 0.410 | 0.610 | - |" in lines


def test_every_stage_of_a_training_is_told(lamps):
    stage = {"epochs": 2, "batch_size": 8, "crop_size": 176, "frozen_stages": 3, "seed": 1}
    training = {**stage, "start": "x", "stages": [{**stage, "epochs": 5}, stage]}

    card = model_card(replace(MANIFEST, training=training), lamps)

    assert "Started from x.\nThen 5 epochs at batch 8" in card
    assert "Then 2 epochs at batch 8" in card


def test_what_a_source_s_habits_changed_is_told(lamps):
    report = MANIFEST.metrics["bulbs"]
    before = {"top1_accuracy": 0.75, "macro_f1": 0.7}
    changed = {**report, "category": {**report["category"], "without_habits": before}}

    card = model_card(replace(MANIFEST, metrics={"bulbs": changed}), lamps)

    assert "without them top-1 is 0.750 and macro-F1 0.700" in card
    assert "without them" not in model_card(MANIFEST, lamps)
