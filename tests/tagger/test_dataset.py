"""Loading in general, and the shipped descriptions against the shipped ontology and the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import pytest
import structlog

from ontology.labels import CellState
from ontology.load import default_ontology_path, load_ontology
from ontology.model import Ontology
from ontology.targets import encode
from tagger.dataset import (
    DatasetDescription,
    DatasetError,
    LoadedDataset,
    check_description,
    load_dataset,
    load_description,
    load_samples,
    shipped_descriptions,
)

PHOTOGRAPHS = ("ccp", "ccp-by-eye", "clothing-small", "myntra", "myntra-by-eye")
PRINTS = {
    "graphic",
    "floral",
    "all_over_print",
    "polka_dot",
    "animal",
    "paisley",
    "camouflage",
    "tie_dye",
    "ethnic_motif",
}

Describe = Callable[[str], DatasetDescription]


def test_a_missing_root_is_named_with_what_to_do(
    describe: Describe, lamps: Ontology, tmp_path: Path
) -> None:
    description = describe("kind: folder\ncategory: {labels: {desk: [desk_lamp]}}\n")

    with pytest.raises(DatasetError, match=r"gone: no such folder.*name another root"):
        load_samples(description, root=tmp_path / "gone", ontology=lamps)


def test_a_root_without_pictures_is_an_error(describe: Describe, lamps: Ontology) -> None:
    description = describe("kind: folder\ncategory: {labels: {desk: [desk_lamp]}}\n")

    with pytest.raises(DatasetError, match="no labelled picture of 'set' there"):
        load_samples(description, ontology=lamps)


def test_labels_that_the_description_does_not_know_are_reported(
    describe: Describe, lamps: Ontology, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("1.png")
    paint("2.png", 1)
    paint("3.png", 2)
    (tmp_path / "a.csv").write_text("id,category,shade\n1,desk_lamp,cone\n2,desk_lamp,star\n")
    description = describe(
        "kind: csv\ntables: [{file: a.csv}]\ncategory: {labels: {desk_lamp: [desk_lamp]}}\n"
        "attributes: {shade: {labels: {cone: [cone]}}}\n"
    )

    with structlog.testing.capture_logs() as logs:
        report = load_dataset(description, ontology=lamps).report

    assert report.unmapped == {("shade", "star"): 1}
    assert (report.num_samples, report.num_unlabelled) == (2, 1)
    assert [entry["event"] for entry in logs] == ["labels_not_in_description", "dataset_loaded"]


@lru_cache(maxsize=1)
def shipped_ontology() -> Ontology:
    return load_ontology(default_ontology_path())


@lru_cache(maxsize=8)
def shipped(name: str) -> DatasetDescription:
    return load_description(shipped_descriptions()[name])


@lru_cache(maxsize=8)
def real(name: str) -> LoadedDataset:
    description = shipped(name)
    if not description.default_root.is_dir():
        pytest.skip(f"no pictures at {description.default_root}")
    return load_dataset(description, ontology=shipped_ontology())


def test_the_shipped_descriptions_are_known_by_name() -> None:
    assert sorted(shipped_descriptions()) == sorted([*PHOTOGRAPHS, "rendered"])


@pytest.mark.parametrize("name", [*PHOTOGRAPHS, "rendered"])
def test_every_id_of_a_shipped_description_is_in_the_shipped_ontology(name: str) -> None:
    assert check_description(shipped(name), shipped_ontology()) == ()
    assert shipped(name).name == name


@pytest.mark.parametrize("name", ["clothing-small", "ccp"])
def test_the_classes_of_a_photograph_set_share_no_leaf(name: str) -> None:
    vocabulary = shipped(name).vocabulary("category")

    for one, two in combinations(sorted(vocabulary), 2):
        assert vocabulary[one].isdisjoint(vocabulary[two]), (one, two)


@pytest.mark.parametrize(("name", "label"), [("clothing-small", "shoes"), ("ccp", "footwear")])
def test_shoes_of_all_kinds_are_every_footwear_leaf(name: str, label: str) -> None:
    shoes = shipped_ontology().leaves_under("footwear")  # type: ignore[arg-type]

    assert shipped(name).vocabulary("category")[label] == shoes


def test_the_catalogs_73_article_types_have_a_leaf_of_their_own() -> None:
    """Each class has a leaf that no other class has, so that the classes can be told apart."""
    vocabulary = shipped("myntra").vocabulary("category")

    assert len(vocabulary) == 73
    for label, leaves in vocabulary.items():
        others = frozenset().union(*(ids for name, ids in vocabulary.items() if name != label))
        assert leaves - others, label
    assert vocabulary["Tshirts"] == {"tshirt", "longsleeve_tshirt"}
    assert vocabulary["Sweatshirts"] == {"sweatshirt", "hoodie"}


def test_prints_stand_for_all_that_each_source_calls_so() -> None:
    sellers = shipped("myntra").vocabulary("pattern")
    by_eye = shipped("myntra-by-eye").vocabulary("pattern")

    assert sellers["printed"] == PRINTS
    assert by_eye["all_over_print"] == PRINTS - {"graphic", "floral"}
    assert by_eye["printed"] == PRINTS | {"striped", "checked"}
    assert sellers["solid"] == {"solid", "logo"}
    assert (by_eye["solid"], by_eye["solid_with_logo"]) == ({"solid"}, {"logo"})


def test_sleeves_stand_for_all_that_each_source_calls_so() -> None:
    assert shipped("myntra").vocabulary("sleeve_length")["half"] == {"short", "elbow"}
    by_eye = shipped("myntra-by-eye").vocabulary("sleeve_length")
    assert by_eye["elbow_or_3_4"] == {"elbow", "three_quarter"}


def test_the_two_myntra_descriptions_tell_the_same_categories_apart() -> None:
    assert shipped("myntra").vocabulary("category") == shipped("myntra-by-eye").vocabulary(
        "category"
    )
    assert shipped("myntra").split == shipped("myntra-by-eye").split


@pytest.mark.parametrize(
    ("name", "count", "dropped"),
    [
        ("myntra", 8426, 0),
        ("myntra-by-eye", 3084, 4),
        ("clothing-small", 3409, 0),
        ("ccp", 4119, 0),
        ("ccp-by-eye", 3764, 85),  # most are boots with an open toe
    ],
)
def test_every_real_picture_is_loaded_and_every_label_that_occurs_is_mapped(
    name: str, count: int, dropped: int
) -> None:
    loaded = real(name)

    assert loaded.report.unmapped == {}
    assert len(loaded.samples) == count
    assert len({sample.id for sample in loaded.samples}) == count
    assert all(sample.label.categories or sample.label.cells for sample in loaded.samples)
    assert sum(loaded.report.dropped.values()) == dropped


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_real_labels_encode_to_what_they_say(name: str) -> None:
    ontology = shipped_ontology()
    for sample in real(name).samples[::7]:
        targets = encode(ontology, sample.label)
        for attribute, cell in sample.label.cells.items():
            expected, encoded = cell.state, targets.states[attribute]
            if expected is CellState.NOT_APPLICABLE:
                continue
            if expected is CellState.CANNOT_TELL and encoded is CellState.NOT_APPLICABLE:
                continue  # a cape has no sleeves, seen or not
            assert encoded is expected, (sample.id, attribute)
        assert targets.category.count(1) == len(sample.label.categories)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_about_a_tenth_of_the_real_groups_is_held_out_and_none_is_on_both_sides(
    name: str,
) -> None:
    sides: dict[str, set[str]] = {}
    for sample in real(name).samples:
        sides.setdefault(sample.group, set()).add(sample.split)
    counts = Counter(side for both in sides.values() for side in both)

    assert all(len(both) == 1 for both in sides.values())
    assert 0.08 < counts["validation"] / len(sides) < 0.12


def test_the_labels_by_eye_are_held_out_with_the_pictures_that_they_are_about() -> None:
    sides = {sample.image: sample.split for sample in real("myntra").samples}

    assert all(sides[s.image] == s.split for s in real("myntra-by-eye").samples)


def test_street_garments_that_were_judged_by_eye_are_those_of_ccp() -> None:
    plain = {s.id.removeprefix("ccp/"): s for s in real("ccp").samples}
    judged = {s.id.removeprefix("ccp-by-eye/"): s for s in real("ccp-by-eye").samples}

    assert all(plain[key].box == sample.box for key, sample in judged.items())
    assert all(plain[key].split == sample.split for key, sample in judged.items())
    assert Counter(s.source_labels.get("category") for s in judged.values())["boots"] == 455
    assert sum(bool(s.label.categories) for s in judged.values()) == 2979


def test_the_counts_of_the_real_labels_are_those_of_the_data() -> None:
    pattern = Counter(s.source_labels.get("pattern") for s in real("myntra").samples)
    classes = Counter(s.source_labels["category"] for s in real("clothing-small").samples)

    assert (pattern["solid"], pattern["printed"], pattern["striped"]) == (1041, 816, 720)
    assert pattern[None] == 8426 - 3376
    assert (classes["dress"], classes["t-shirt"]) == (273, 876)
    assert Counter(s.split for s in real("clothing-small").samples)["validation"] == 341


def test_clothing_small_implies_sleeves() -> None:
    for sample in real("clothing-small").samples:
        cell = sample.label.cells.get("sleeve_length")  # type: ignore[call-overload]
        if sample.source_labels["category"] == "longsleeve":
            assert cell.any_of == {"full"}
        elif sample.source_labels["category"] == "t-shirt":
            assert "full" not in cell.any_of
        else:
            assert cell is None


def test_street_garments_have_a_box_and_a_mask_inside_their_picture() -> None:
    samples = real("ccp").samples

    for sample in samples:
        assert sample.box is not None
        assert sample.mask is not None
        height, width = sample.mask["size"]
        assert sample.box.clip((width, height)) == sample.box


def test_the_scored_street_classes_have_at_least_fifty_training_garments() -> None:
    counts = Counter(s.source_labels["category"] for s in real("ccp").samples if s.split == "train")

    assert set(shipped("ccp").scored_classes) == {c for c, n in counts.items() if n >= 50}


def test_most_hooded_and_long_sleeved_pictures_by_eye_have_an_exact_leaf() -> None:
    exact = Counter(
        next(iter(s.label.categories))
        for s in real("myntra-by-eye").samples
        if len(s.label.categories) == 1
    )

    assert exact["hoodie"] > 20
    assert exact["sweatshirt"] > 10
    assert exact["longsleeve_tshirt"] > 10
    assert exact["tshirt"] > 100
