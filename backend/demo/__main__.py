"""`python -m backend.demo [--images DIR]`."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import structlog

from backend.demo.run import DemoOptions, run
from ontology.errors import CatalogError


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration.

    Returns:
        0 after Ctrl-C, 2 if it could not be shown; the reason is one line on standard error.
    """
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--images", type=Path, metavar="DIR", help="your pictures")
    parser.add_argument(
        "--folder", type=Path, default=Path(".demo"), metavar="DIR", help="where its state is kept"
    )
    parser.add_argument("--count", type=int, default=24, help="how many pictures are drawn")
    parser.add_argument(
        "--follow-parent", action="store_true", help="stop when the starting program ends"
    )
    chosen = parser.parse_args(arguments)
    options = DemoOptions(
        images=chosen.images.expanduser() if chosen.images else None,
        folder=chosen.folder.expanduser().resolve(),
        count=max(1, chosen.count),
        follow_parent=chosen.follow_parent,
    )
    # What the parts log is for servers; here the reader is told in words.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        run(options)
    except CatalogError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
