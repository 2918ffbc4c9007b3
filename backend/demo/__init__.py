"""The demonstration: Label Studio and the backend on this machine, pictures pre-annotated.

`python -m backend.demo` is what `make demo` runs.
"""

from __future__ import annotations

__all__: list[str] = []
