"""The package is pure: importing it pulls in nothing heavy and does nothing."""

from __future__ import annotations

import subprocess
import sys

import ontology


def test_every_public_name_exists():
    assert sorted(ontology.__all__) == list(ontology.__all__)
    assert all(hasattr(ontology, name) for name in ontology.__all__)


def test_importing_the_package_loads_no_heavy_module():
    code = "import sys, ontology; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert not loaded & {"torch", "numpy", "flask", "sqlalchemy", "tagger", "backend", "requests"}
