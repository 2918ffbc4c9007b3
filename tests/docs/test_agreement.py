"""The agreement between passes of labelling in the documentation is what the command prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.cli import app
from tagger.dataset import load_description

ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT / "tagger" / "datasets" / "myntra-by-eye.yaml"
PAGE = ROOT / "docs" / "model.md"


@pytest.mark.parametrize(("name", "options"), [("agreement", []), ("added agreement", ["--added"])])
def test_the_page_shows_the_agreement_of_the_labels_as_they_are(
    name: str, options: list[str], should_update: bool
) -> None:
    if not load_description(DESCRIPTION).default_root.is_dir():
        pytest.skip("the pictures and labels of myntra are not here")
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(start)
    shown, _, after = rest.partition(end)
    result = CliRunner().invoke(app, ["data", "agreement", "--data", str(DESCRIPTION), *options])
    assert result.exit_code == 0, result.output
    if should_update:
        shown = result.stdout
        PAGE.write_text(f"{before}{start}{shown}{end}{after}", encoding="utf-8")

    assert shown == result.stdout
