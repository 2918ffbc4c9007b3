"""One place that turns failures into the documented exit codes and one clear line."""

from __future__ import annotations

import os
import signal
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from types import FrameType

    from backend.settings import Settings

__all__ = ["Commands", "ExitCode", "UsageError", "settings_from", "stop_on_terminate"]


class ExitCode(IntEnum):
    """What a command's exit status says."""

    DONE = 0
    FAILURES = 1
    WRONG_INPUT = 2
    STOPPED = 3


class UsageError(CatalogError):
    """The command was asked for something that cannot be done as asked."""


class Commands(TyperGroup):
    """A group of commands whose known failures end in one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command.

        Raises:
            typer.Exit: With `WRONG_INPUT` for any `CatalogError` and for files that cannot be
                used, `STOPPED` after a signal.
        """
        try:
            return super().invoke(ctx)
        except CatalogError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(ExitCode.WRONG_INPUT) from error
        except KeyboardInterrupt as error:
            typer.echo("stopped; it is safe to run this again", err=True)
            raise typer.Exit(ExitCode.STOPPED) from error
        except BrokenPipeError as error:
            # The reader of our output left (`weft ... | head`); keep the last flush quiet.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.FAILURES) from error
        except OSError as error:
            if error.filename is None or error.strerror is None:
                raise
            # A file or folder that was named on the command line or in the settings.
            typer.echo(f"error: {error.filename}: {error.strerror}", err=True)
            raise typer.Exit(ExitCode.WRONG_INPUT) from error


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def stop_on_terminate() -> None:
    """Let SIGTERM end a command the way Ctrl-C does: tidily, with exit code 3."""
    signal.signal(signal.SIGTERM, _interrupt)


def settings_from(**overrides: object) -> Settings:
    """Read the settings from the environment, with the command's own options on top.

    Logging is set up by them, so that standard output carries results only.

    Args:
        overrides: Values of fields of `Settings`; `None` leaves a field to the environment.

    Raises:
        SettingsError: If a value does not fit; names the setting and what was wrong with it.
    """
    from backend.log_setup import configure_logging
    from backend.settings import load_settings

    given = {name: value for name, value in overrides.items() if value is not None}
    settings = load_settings(**given)
    configure_logging(settings)
    return settings
