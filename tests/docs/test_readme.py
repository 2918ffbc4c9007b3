"""What the documentation tells people to type exists, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from backend.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))


def typed_lines(page: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def typed_commands(program: str) -> list[tuple[str, list[str]]]:
    found = []
    for page in PAGES:
        for line in typed_lines(page):
            for part in re.split(r"&&|\||;", line):
                words = shlex.split(part.split(">")[0].rstrip("& "), comments=True)
                if words and Path(words[0]).name == program:
                    found.append((f"{page.name}: {line}", words[1:]))
    return found


@pytest.mark.parametrize(("where", "words"), typed_commands("make"))
def test_make_targets_in_the_documentation_exist(where: str, words: list[str]) -> None:
    for word in words:
        if "=" not in word:
            assert word in TARGETS, where


@pytest.mark.parametrize(("where", "words"), typed_commands("weft"))
def test_weft_commands_in_the_documentation_parse(where: str, words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert not getattr(command, "commands", None), where
    options = {name for parameter in command.params for name in parameter.opts}

    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in options, where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_to_files_and_headings_that_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), flags=re.M)
            plain = [re.sub(r"[^a-z0-9 -]", "", heading.lower()) for heading in headings]
            assert anchor in [words.replace(" ", "-") for words in plain], target


def test_make_help_lists_the_targets_that_the_readme_names() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert {"demo", "setup"} <= set(re.findall(r"make ([a-z-]+)", readme))
    assert {"demo", "setup", "test", "soak", "lint", "bench", "clean"} <= TARGETS
