"""The command line answers quickly: what is heavy is imported by the command that needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FURNITURE = ROOT / "tests" / "fixtures" / "furniture.yaml"
HEAVY = ("torch", "torchvision", "timm", "numpy", "PIL", "flask", "sqlalchemy", "cv2", "sklearn")

SCRIPT = """
import sys
from backend.cli import app
try:
    app(sys.argv[1:], prog_name="weft")
except SystemExit as end:
    assert not end.code, end.code
print("\\nheavy:", *[name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["ontology", "--help"],
        ["ontology", "check", str(FURNITURE)],
        ["ontology", "label-config", str(FURNITURE)],
        ["data", "render", "--help"],
        ["data", "pack", "--help"],
        ["train", "--help"],
        ["predict", "--help"],
        ["serve", "--help"],
        ["connect", "--help"],
        ["doctor", "--help"],
    ],
    ids=" ".join,
)
def test_command_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy:"
