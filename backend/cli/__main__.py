"""`python -m backend.cli` is the command `weft`."""

from __future__ import annotations

from backend.cli import main

main()
