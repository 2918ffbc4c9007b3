"""The agreement between passes of labelling in the documentation is what the command prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from tagger.dataset import load_description

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "tagger" / "datasets"
PAGE = ROOT / "docs" / "model.md"


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("agreement", "myntra-by-eye", []),
        ("added agreement", "myntra-by-eye", ["--added"]),
        ("street agreement", "ccp-by-eye", []),
    ],
)
def test_the_page_shows_the_agreement_of_the_labels_as_they_are(
    name: str, data: str, options: list[str], should_update: bool
) -> None:
    description = DATASETS / f"{data}.yaml"
    if not load_description(description).default_root.is_dir():
        pytest.skip(f"the pictures and labels of {data} are not here")
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(start)
    shown, _, after = rest.partition(end)
    result = CliRunner().invoke(app, ["data", "agreement", "--data", str(description), *options])
    assert result.exit_code == 0, result.output
    if should_update:
        shown = result.stdout
        PAGE.write_text(f"{before}{start}{shown}{end}{after}", encoding="utf-8")

    assert shown == result.stdout
