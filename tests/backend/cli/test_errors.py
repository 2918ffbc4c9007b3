from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import typer
from typer.testing import CliRunner

from backend.cli._errors import Commands, UsageError
from ontology.errors import CatalogError


def application(failure: BaseException) -> typer.Typer:
    app = typer.Typer(cls=Commands)

    @app.command()
    def fail() -> None:
        raise failure

    @app.command()
    def other() -> None:
        """Make the application a group."""

    return app


@pytest.mark.parametrize(
    ("failure", "exit_code", "line"),
    [
        (UsageError("no file given"), 2, "error: no file given"),
        (CatalogError("the file is wrong"), 2, "error: the file is wrong"),
        (
            FileNotFoundError(2, "No such file", "out/x.jsonl"),
            2,
            "error: out/x.jsonl: No such file",
        ),
        (KeyboardInterrupt(), 3, "stopped; it is safe to run this again"),
    ],
)
def test_known_failures_end_in_one_line_and_their_exit_code(
    failure: BaseException, exit_code: int, line: str
) -> None:
    result = CliRunner().invoke(application(failure), ["fail"])

    assert result.exit_code == exit_code
    assert result.stderr.strip() == line


def test_unknown_option_exits_with_2() -> None:
    result = CliRunner().invoke(application(UsageError("x")), ["fail", "--nonsense"])

    assert result.exit_code == 2


def test_terminated_command_exits_with_3() -> None:
    script = (
        "import time, typer\n"
        "from backend.cli._errors import Commands, stop_on_terminate\n"
        "app = typer.Typer(cls=Commands)\n"
        "@app.command()\n"
        "def wait():\n"
        "    print('waiting', flush=True)\n"
        "    time.sleep(60)\n"
        "@app.command()\n"
        "def other(): ...\n"
        "stop_on_terminate()\n"
        "app(['wait'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"waiting\n"
    time.sleep(0.1)

    os.kill(process.pid, signal.SIGTERM)

    assert process.wait(timeout=20) == 3
    process.stdout.close()


def test_setting_that_does_not_fit_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from backend.cli import app

    monkeypatch.setenv("WEFT_BATCH_SIZE", "many")

    result = CliRunner().invoke(app, ["connect", "--create", "X"])

    assert result.exit_code == 2
    assert "WEFT_BATCH_SIZE" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
