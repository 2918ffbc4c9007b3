"""Let the adapter's environment see the packages of weft's own, after its own."""

from __future__ import annotations

import site
import sys
from pathlib import Path


def main(venv: Path, checkout: Path) -> None:
    """Write a .pth file that appends the other environment's packages and the checkout."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = venv.resolve() / "lib" / version / "site-packages"
    if not packages.is_dir():
        sys.exit(f"{packages} is not there; both environments need the same Python")
    target = Path(site.getsitepackages()[0]) / "weft.pth"
    target.write_text(f"{packages}\n{checkout.resolve()}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
