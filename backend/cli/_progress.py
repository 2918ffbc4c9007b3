"""A progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["progress"]

_PLAIN_LINES = 10


@contextmanager
def progress(title: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far some work is, on standard error.

    Args:
        title: What is being done, in a word or two.
        total: Number of steps, at least 1.

    Yields:
        A function to call with the number of steps done so far.
    """
    if not sys.stderr.isatty():
        yield _plain(title, total)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def _plain(title: str, total: int) -> Callable[[int], None]:
    shown = 0

    def advance(done: int) -> None:
        nonlocal shown
        tenth = done * _PLAIN_LINES // total
        if tenth > shown:
            shown = tenth
            sys.stderr.write(f"{title}: {done} of {total}\n")

    return advance
