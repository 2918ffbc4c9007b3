"""Agreement between passes over the same pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.agreement import agreements, cohen_kappa
from tagger.dataset import DatasetDescription, DatasetError

Describe = Callable[[str], DatasetDescription]

TABLES = """\
kind: csv
tables: [{file: eyes.csv, id: id, more: more.csv}]
category: {column: kind, labels: {desk: [desk_lamp]}}
attributes:
  shade:
    column: shape
    labels: {cone: [cone], drum: [drum]}
    cannot_tell: [unclear]
    na: [none]
"""
FIRST = """\
id,kind,shape
1,desk,cone
1,desk,cone
2,desk,cone
2,desk,drum
3,desk,drum
3,desk,unclear
4,desk,drum
"""


@pytest.fixture
def description(describe: Describe, tmp_path: Path) -> DatasetDescription:
    (tmp_path / "eyes.csv").write_text(FIRST)
    described = describe(TABLES)
    (described.file.parent / "more.csv").write_text("id,kind,shape\n4,desk,drum\n5,desk,cone\n")
    return described


def test_kappa_matches_a_textbook_example() -> None:
    # Fifty applications, two readers: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15

    assert cohen_kappa(pairs) == pytest.approx(0.4)


def test_kappa_of_one_word_or_of_nothing_is_unknown() -> None:
    assert cohen_kappa([("y", "y")] * 9) is None
    assert cohen_kappa([]) is None


def test_pairs_of_both_files_count_and_undecided_ones_are_told_apart(
    description: DatasetDescription, tmp_path: Path
) -> None:
    kind, found = agreements(description, root=tmp_path)

    assert (kind.table, kind.column, kind.num_pairs, kind.agree) == ("eyes.csv", "kind", 4, 1.0)
    assert (found.table, found.column, found.num_pairs) == ("eyes.csv", "shape", 4)
    assert found.agree == pytest.approx(2 / 4)
    assert found.num_decided == 3
    assert found.agree_decided == pytest.approx(2 / 3)


def test_added_labels_can_be_compared_alone(
    description: DatasetDescription, tmp_path: Path
) -> None:
    _, found = agreements(description, root=tmp_path, added_only=True)

    assert (found.num_pairs, found.agree, found.kappa) == (1, 1.0, None)


def test_three_passes_over_a_picture_make_three_pairs(
    description: DatasetDescription, tmp_path: Path
) -> None:
    (tmp_path / "eyes.csv").write_text("id,kind,shape\n1,desk,cone\n1,desk,cone\n1,desk,drum\n")

    _, found = agreements(description, root=tmp_path)

    assert (found.num_pairs, found.agree) == (3, pytest.approx(1 / 3))


def test_a_source_that_was_judged_once_has_no_agreement(
    description: DatasetDescription, tmp_path: Path
) -> None:
    (tmp_path / "eyes.csv").write_text("id,kind,shape\n1,desk,cone\n")

    with pytest.raises(DatasetError, match="was judged twice"):
        agreements(description, root=tmp_path)
