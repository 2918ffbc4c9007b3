"""`docs/cli.md` shows the help of every command as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from backend.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
HEADER = """# Commands

`weft` is in `.venv/bin` after `make setup`.
This page is made from the commands' own help: `.venv/bin/python -m pytest tests/docs --update`.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | done, with failures listed |
| 2 | the request or its input is wrong; one clear line says how |
| 3 | stopped by a limit or a signal; safe to run again |

Every setting of [settings.md](settings.md) applies to every command.
"""


def command_paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from command_paths(child, (*path, name))


def help_of(path: tuple[str, ...]) -> str:
    result = CliRunner().invoke(
        app, [*path, "--help"], prog_name="weft", env={"COLUMNS": "90", "TERMINAL_WIDTH": "90"}
    )
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def generated_page() -> str:
    sections = [HEADER]
    for path in command_paths(typer.main.get_command(app)):
        sections.append(f"## `{' '.join(('weft', *path))}`\n\n```text\n{help_of(path)}\n```\n")
    return "\n".join(sections)


def test_page_shows_the_help_of_every_command(should_update: bool) -> None:
    page = generated_page()
    if should_update:
        PAGE.write_text(page, encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == page
