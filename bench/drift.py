"""Print how often the drift alarm is wrong, and how often it finds a change, on drawn windows.

Run as `python -m bench.drift`; it needs neither pictures nor a model.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from backend.stats.drift import DriftLimits, SentRegion, compare_windows
from backend.stats.intervals import clustered_share

_NUM_CATEGORIES = 12
_WIDTH = 64
_VALUES = {"category": 12, "colour": 20, "pattern": 8, "neck": 10, "sleeve": 5}


def draw_window(
    rng: np.random.Generator,
    *,
    num_regions: int,
    mixture: np.ndarray,
    shift: float = 0.0,
    sharpness: float = 3.0,
) -> list[SentRegion]:
    """Draw regions of pictures that hold one to three garments of similar kinds.

    Args:
        rng: Draws.
        num_regions: At least so many; the last picture is whole.
        mixture: (K,) probability of each category.
        shift: Every embedding moves by this, in standard deviations of one number, along one
            direction.
        sharpness: How far the likeliest value stands out.
    """
    fixed = np.random.default_rng(0)
    centres = fixed.normal(size=(_NUM_CATEGORIES, _WIDTH))
    direction = fixed.normal(size=_WIDTH)
    direction /= np.linalg.norm(direction)
    found: list[SentRegion] = []
    while len(found) < num_regions:
        image = rng.bytes(8).hex()
        look = rng.normal(size=_WIDTH)  # what the garments of one picture share
        for _ in range(rng.integers(1, 4)):
            category = int(rng.choice(_NUM_CATEGORIES, p=mixture))
            noise = rng.normal(size=_WIDTH)
            embedding = centres[category] + 0.5 * look + noise + shift * direction
            scores = {}
            for name, num_values in _VALUES.items():
                logits = rng.normal(size=num_values)
                logits[category % num_values] += sharpness
                likely = np.exp(logits - logits.max())
                likely /= likely.sum()
                scores[name] = {str(at): float(value) for at, value in enumerate(likely)}
            found.append(
                SentRegion(image=image, embedding=embedding.astype(np.float16), scores=scores)
            )
    return found


def share_of_alarms(num_draws: int, *, limits: DriftLimits, **changed: object) -> dict[str, object]:
    """Raise the alarm on so many pairs of windows, of which the second is changed."""
    usual = np.full(_NUM_CATEGORIES, 1 / _NUM_CATEGORIES)
    alarms = 0
    for draw in range(num_draws):
        rng = np.random.default_rng([1, draw])
        reference = draw_window(rng, num_regions=limits.reference, mixture=usual)
        options = {"mixture": usual, **changed}
        newest = draw_window(rng, num_regions=limits.newest, **options)  # type: ignore[arg-type]  # by name
        report = compare_windows(reference, newest, model_version="drawn", limits=limits, seed=draw)
        alarms += report.is_alarm
    share = clustered_share([(int(at < alarms), 1) for at in range(num_draws)])
    if share is None:
        raise SystemExit("nothing was drawn; ask for at least one pair of windows")
    return {
        "draws": num_draws,
        "alarms": alarms,
        "share": round(share.value, 4),
        "ci95": [round(edge, 4) for edge in (share.low, share.high) if edge is not None],
    }


def main() -> None:
    """Print the shares as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500, help="pairs without a change")
    parser.add_argument("--changed-draws", type=int, default=50, help="pairs of each change")
    asked = parser.parse_args()
    limits = DriftLimits()
    tilted = np.full(_NUM_CATEGORIES, 0.7 / (_NUM_CATEGORIES - 1))
    tilted[0] = 0.3
    report = {
        "level": limits.level,
        "reference": limits.reference,
        "newest": limits.newest,
        "nothing changed": share_of_alarms(asked.draws, limits=limits),
        "one category in 12 grows from 8 % to 30 %": share_of_alarms(
            asked.changed_draws, limits=limits, mixture=tilted
        ),
        "embeddings shifted by one standard deviation": share_of_alarms(
            asked.changed_draws, limits=limits, shift=1.0
        ),
        "answers less sure (likeliest logit 3.0 to 2.5)": share_of_alarms(
            asked.changed_draws, limits=limits, sharpness=2.5
        ),
    }
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
