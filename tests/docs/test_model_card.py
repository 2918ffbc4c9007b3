"""The figures in the documentation are those of the shipped version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tagger.card import card_of, headline
from tagger.failures import failure_gallery
from tagger.registry import Manifest, shipped_version_dir, verify

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return verify(shipped_version_dir())


def test_the_model_card_is_that_of_the_shipped_version(should_update: bool) -> None:
    page = ROOT / "docs" / "model-card.md"
    card = card_of(shipped_version_dir())
    if should_update:
        page.write_text(card, encoding="utf-8")

    assert page.read_text(encoding="utf-8") == card


def test_the_failures_are_those_of_the_shipped_version(
    manifest: Manifest, should_update: bool
) -> None:
    page = ROOT / "docs" / "failures.md"
    gallery = failure_gallery(manifest)
    if should_update:
        page.write_text(gallery, encoding="utf-8")

    assert page.read_text(encoding="utf-8") == gallery


def test_the_readme_shows_the_figures_of_the_shipped_version(
    manifest: Manifest, check_section: Callable[[Path, str, str], None]
) -> None:
    check_section(ROOT / "README.md", "figures", headline(manifest))


def test_one_version_is_shipped_and_it_is_small() -> None:
    folder = shipped_version_dir()

    assert [path.name for path in sorted(folder.parent.iterdir())] == [folder.name]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 24 * 1024 * 1024
    assert (folder / "manifest.json").stat().st_size < 300 * 1024


def test_the_shipped_version_speaks_the_shipped_ontology() -> None:
    shipped = shipped_version_dir() / "ontology.yaml"

    assert shipped.read_text("utf-8") == (ROOT / "ontology" / "fashion.yaml").read_text("utf-8")
