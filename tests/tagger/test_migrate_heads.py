"""A version for a changed ontology: what stays is the same to the bit, the rest is as stated."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from ontology.compare import compare
from ontology.load import parse_ontology
from ontology.targets import layout
from tagger.loading import carry_over, encoder_digest, load_parts, save_version
from tagger.migrate_heads import migrate_version
from tagger.model import AttributeModel, ModelConfig
from tagger.registry import MEMORY, ModelStoreError, read_manifest, verify
from tagger.scoring import Calibration, sigmoid
from tests.tagger.conftest import LAMPS
from tests.tagger.corrected import NOTHING, taught

CONFIG = ModelConfig(image_size=32, attention_width=16, branch_width=4)
CALIBRATION = Calibration(
    category_temperature=2.0,
    temperatures={"shade": 1.5, "stand": 0.8},
    thresholds={"shade": 0.6, "power": 0.7},
)


def clock() -> datetime:
    return datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, lamps) -> Path:
    torch.manual_seed(5)
    model = AttributeModel(CONFIG, layout(lamps))
    with torch.no_grad():
        model.branches.direct.weight.normal_(std=0.05)
        model.branches.bias.normal_(std=2.0)
    return save_version(
        tmp_path_factory.mktemp("live"),
        version="live",
        model=model,
        ontology=lamps,
        calibration=CALIBRATION,
        real=taught(lamps, shades=("cone", "drum", "globe")),
        rendered=NOTHING,
        describe={"data": [], "training": {"seed": 3}, "metrics": {"old": {}}},
    )


def change(*pairs: tuple[str, str]):
    text = LAMPS
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return parse_ontology(text, file="new.yaml")


def migrated(live: Path, folder: Path, *pairs: tuple[str, str]):
    """Migrate to a changed file; give the parts of both versions and both positions."""
    before = load_parts(live)
    new = change(*pairs)
    migration = compare(before["scorer"].ontology, new)
    path = migrate_version(live, new, migration, parent=folder, clock=clock)
    return before, load_parts(path), path


def logits(parts, seed: int = 0):
    torch.manual_seed(seed)
    with torch.inference_mode():
        return parts["model"].heads(torch.randn(5, 1280))


def row(parts, attribute: str, value: str) -> int:
    return layout(parts["scorer"].ontology).positions[attribute, value]


ADDED = (
    "- {id: globe, label: Globe}",
    "- {id: globe, label: Globe}\n      - {id: bell, label: Bell}",
)
RENAMED = ("{id: drum, label: Drum}", "{id: barrel, label: Barrel, was: drum}")
MERGED = (
    "      - {id: cone, label: Cone}\n      - {id: drum, label: Drum}\n",
    "      - {id: round, label: Round, was: [cone, drum]}\n",
)
SPLIT = (
    "{id: cone, label: Cone}",
    "{id: steep, label: Steep, was: cone}\n      - {id: flat, label: Flat, was: cone}",
)
NEW_LEAF = (
    "      - {id: torch, label: Torch}",
    "      - {id: torch, label: Torch}\n      - {id: sconce, label: Sconce}",
)


def test_unchanged_rows_are_the_same_to_the_bit_and_so_is_what_they_answer(live, tmp_path):
    before, after, _ = migrated(live, tmp_path, ADDED, RENAMED, NEW_LEAF)
    first, second = before["model"].state_dict(), after["model"].state_dict()
    old, new = logits(before), logits(after)

    def same(name: str, at: int, now: int) -> None:
        assert torch.equal(first[name][at], second[name][now])

    for (attribute, value), at in layout(before["scorer"].ontology).positions.items():
        now = row(after, attribute, "barrel" if value == "drum" else value)
        for name in ("branches.rows", "branches.bias", "branches.direct.weight"):
            same(name, at, now)
        # A matrix of another width is multiplied in another order: the last bit is not the rows'.
        torch.testing.assert_close(
            old.value_logits[:, at], new.value_logits[:, now], atol=1e-5, rtol=0
        )
    for at, leaf in enumerate(before["scorer"].categories):
        now = after["scorer"].categories.index(leaf)
        same("category.weight", at, now)
        same("category.bias", at, now)
    assert torch.equal(first["branches.hidden.weight"], second["branches.hidden.weight"])
    assert all(
        torch.equal(tensor, second[name])
        for name, tensor in first.items()
        if name.startswith(("backbone.", "attention."))
    )


def test_scores_of_what_was_known_do_not_move_when_a_value_and_a_leaf_are_added(live, tmp_path):
    before, after, _ = migrated(live, tmp_path, ADDED, NEW_LEAF)
    found = []
    for parts in (before, after):
        scorer, out = parts["scorer"], logits(parts)
        share = scorer.category_probabilities(out.category_logits.numpy())[0]
        found.append(scorer.scores(share, out.value_logits.numpy()[0], "desk_lamp"))

    assert {k: found[1].category[k] for k in found[0].category} == pytest.approx(
        found[0].category, abs=1e-6
    )
    assert found[1].category["sconce"] == 0.0
    known = {k: v for k, v in found[1].attributes["shade"].items() if k != "bell"}
    assert known == pytest.approx(found[0].attributes["shade"], abs=1e-6)
    assert found[1].attributes["shade"]["bell"] == 0.0


def test_encoder_and_memory_stay_and_the_manifest_says_what_was_done(live, tmp_path):
    before, after, path = migrated(live, tmp_path, RENAMED)
    manifest = read_manifest(path)

    assert encoder_digest(before["model"]) == encoder_digest(after["model"])
    assert (MEMORY in manifest.hashes) == (MEMORY in read_manifest(live).hashes)
    assert manifest.training["migrated_from"] == "live"
    assert manifest.training["migrated"] == [
        "value renamed: shade.drum -> shade.barrel",
        "value wording: shade.barrel ('Drum' -> 'Barrel')",
    ]
    assert manifest.training["seed"] == 3
    assert manifest.metrics == {}
    verify(path)


def test_split_value_shares_what_the_whole_had_and_is_not_answered(live, tmp_path):
    before, after, _ = migrated(live, tmp_path, SPLIT)

    wholes = before["scorer"].value_probabilities(
        logits(before).value_logits.numpy(), "shade", ["cone", "drum", "globe"]
    )
    parts = after["scorer"].value_probabilities(
        logits(after).value_logits.numpy(), "shade", ["steep", "flat", "drum", "globe"]
    )

    np.testing.assert_allclose(parts[:, 0] + parts[:, 1], wholes[:, 0], atol=2e-3)
    np.testing.assert_allclose(parts[:, 2:], wholes[:, 1:], atol=2e-3)
    assert after["real"].values["shade"] == {"drum", "globe"}
    assert after["real"].mentioned["shade"] == {"steep", "flat", "drum", "globe"}


def test_merged_values_have_the_mean_row_and_are_as_known_as_before(live, tmp_path):
    before, after, _ = migrated(live, tmp_path, MERGED)
    old, new = logits(before).value_logits, logits(after).value_logits

    mean = (old[:, row(before, "shade", "cone")] + old[:, row(before, "shade", "drum")]) / 2
    expected = mean + 1.5 * np.log(2)  # the temperature times the entropy of two equal weights
    torch.testing.assert_close(new[:, row(after, "shade", "round")], expected, atol=5e-3, rtol=0)
    assert after["real"].values["shade"] == {"round", "globe"}
    assert after["real"].counts["shade"] == {"round": 80, "globe": 40}


def test_merge_weighs_rows_by_their_labels(lamps, live, tmp_path):
    # Nothing taught `pleated`, so merging it into `globe` changes nothing about `globe`.
    before, after, _ = migrated(
        live,
        tmp_path,
        ("- {id: globe, label: Globe}", "- {id: ball, label: Ball, was: [globe, pleated]}"),
        ("      - {id: pleated, label: Pleated, only_for: [floor_lamp]}\n", ""),
    )

    old, new = logits(before).value_logits, logits(after).value_logits
    torch.testing.assert_close(
        new[:, row(after, "shade", "ball")],
        old[:, row(before, "shade", "globe")],
        atol=1e-5,
        rtol=0,
    )


def test_added_value_and_leaf_start_low_and_untaught(live, tmp_path):
    _, after, _ = migrated(live, tmp_path, ADDED, NEW_LEAF)
    model, scorer = after["model"], after["scorer"]
    at = row(after, "shade", "bell")

    assert not model.branches.direct.weight[at].any()
    assert sigmoid(np.float64(logits(after).value_logits[:, at].max())) < 0.1
    sconce = scorer.categories.index("sconce")
    others = [i for i in range(len(scorer.categories)) if i != sconce]
    torch.testing.assert_close(
        model.category.weight[sconce], model.category.weight[others].mean(dim=0), atol=1e-3, rtol=0
    )
    assert "bell" not in after["real"].mentioned["shade"]
    assert "sconce" not in after["real"].mentioned_categories


def test_renamed_attribute_keeps_branch_temperature_threshold_and_carriers(live, tmp_path):
    before, after, _ = migrated(
        live,
        tmp_path,
        ("  - id: shade\n    label: Shade", "  - id: screen\n    label: Screen\n    was: shade"),
    )

    old, new = logits(before).value_logits, logits(after).value_logits
    torch.testing.assert_close(old, new, atol=1e-5, rtol=0)
    calibration = after["scorer"].calibration
    assert (calibration.temperatures["screen"], calibration.thresholds["screen"]) == (1.5, 0.6)
    assert after["real"].carriers["screen"] == before["real"].carriers["shade"]


def test_split_attribute_answers_with_a_copy_of_the_branch(live, tmp_path):
    before, after, _ = migrated(
        live,
        tmp_path,
        (
            "  - id: shade\n    label: Shade\n    kind: exclusive\n"
            "    applies_to: [desk_lamp, floor_lamp, lantern]\n    values:\n"
            "      - {id: cone, label: Cone}\n",
            "  - id: cut\n    label: Cut\n    was: shade\n    kind: exclusive\n"
            "    applies_to: [desk_lamp]\n    values:\n      - {id: cone, label: Cone}\n"
            "  - id: round\n    label: Round\n    was: shade\n    kind: exclusive\n"
            "    applies_to: [desk_lamp, floor_lamp, lantern]\n    values:\n",
        ),
    )  # fmt: skip

    old, new = logits(before).value_logits, logits(after).value_logits
    for attribute, value in (("cut", "cone"), ("round", "drum")):
        torch.testing.assert_close(
            new[:, row(after, attribute, value)],
            old[:, row(before, "shade", value)],
            atol=1e-5,
            rtol=0,
        )


def test_changed_kind_starts_again_without_temperature(live, tmp_path):
    _, after, _ = migrated(
        live, tmp_path, ("label: Stand\n    kind: exclusive", "label: Stand\n    kind: multiple")
    )

    assert "stand" not in after["scorer"].calibration.temperatures
    assert after["scorer"].calibration.thresholds["stand"] == 0.8


def test_same_migration_again_gives_the_version_that_is_there(live, tmp_path):
    _, _, first = migrated(live, tmp_path, ADDED)
    new = change(ADDED)
    migration = compare(load_parts(live)["scorer"].ontology, new)

    again = migrate_version(
        live, new, migration, parent=tmp_path, clock=lambda: datetime(2027, 5, 5, tzinfo=UTC)
    )

    assert again == first


def test_version_of_another_ontology_is_refused(live, tmp_path):
    new = change(ADDED)

    with pytest.raises(ModelStoreError, match="another ontology"):
        migrate_version(live, new, compare(new, new), parent=tmp_path)


def test_training_can_start_from_a_version_of_the_ontology_before(live):
    new = change(RENAMED, ADDED)
    torch.manual_seed(9)
    model = AttributeModel(CONFIG, layout(new))

    carry_over(live, model, new)

    before = load_parts(live)["model"].state_dict()
    after = model.state_dict()
    at = layout(new).positions["shade", "barrel"]
    assert torch.equal(after["branches.direct.weight"][at], before["branches.direct.weight"][1])
    assert torch.equal(after["category.weight"], before["category.weight"])


def test_training_with_wider_branches_takes_over_what_fits(live):
    new = change(ADDED)
    wider = ModelConfig(image_size=32, attention_width=16, branch_width=8)
    model = AttributeModel(wider, layout(new))
    untrained = model.state_dict()["branches.rows"].clone()

    carry_over(live, model, new)

    assert torch.equal(model.state_dict()["branches.rows"], untrained)
    assert model.state_dict()["branches.direct.weight"][0].any()
