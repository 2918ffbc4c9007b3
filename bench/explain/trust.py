"""How often true maps and random ones pass as faithful, and as lying on the garment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench.explain.location import cases
from tagger.explain.explainer import MIN_FAITHFULNESS, Explainer
from tagger.pipeline import Tagger

BOUNDS = (0.3, 0.5, 0.7, 0.9)


class _Shuffled(Explainer):
    """Gives every map with its cells in a random order: the sanity check."""

    def __init__(self, tagger: Tagger) -> None:
        """Draw another order for every map."""
        super().__init__(tagger)
        self._random = np.random.default_rng(11)

    def _heats(self, view: Any, rows: Any) -> Any:
        heats = super()._heats(view, rows)
        return np.stack(
            [self._random.permutation(heat.ravel()).reshape(heat.shape) for heat in heats]
        )


def measure_trust(tagger: Tagger, folder: Path, *, pictures: int) -> dict[str, Any]:
    """Explain the rightly answered cells of some pictures, truly and with shuffled maps."""
    found: dict[str, list[Any]] = {"true": [], "shuffled": []}
    makers = {"true": Explainer(tagger), "shuffled": _Shuffled(tagger)}
    for case in cases(tagger, folder, pictures):
        cells = [(attribute, value) for attribute, value, _ in case.cells]
        for name, maker in makers.items():
            found[name] += maker.explain(case.image, case.region, cells, check=cells)  # type: ignore[arg-type]
    return {
        "threshold": MIN_FAITHFULNESS,
        "maps": len(found["true"]),
        **{
            name: {
                "mean_faithfulness": round(float(np.mean([m.faithfulness for m in maps])), 4),
                "at_least": {
                    str(bound): round(float(np.mean([m.faithfulness >= bound for m in maps])), 4)
                    for bound in BOUNDS
                },
                "share_on_garment": round(
                    float(np.mean([m.share_on_garment or 0.0 for m in maps])), 4
                ),
                "trusted": round(float(np.mean([m.is_trusted is True for m in maps])), 4),
            }
            for name, maps in found.items()
        },
    }
