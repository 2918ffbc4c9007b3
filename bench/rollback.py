"""Print how often the watch withdraws a version that is as good, and how soon a worse one.

Run as `python -m bench.rollback`; it needs neither pictures nor a model. Every task has three to
nine answers; tasks differ in how hard they are (beta-distributed chances of acceptance).
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from backend.stats.intervals import clustered_share
from backend.stats.sequential import SequentialLimits, capital_against, compare

_FALLS = (0.0, 0.05, 0.1, 0.2)
_LOOK_EVERY = 10


def draw(rng: np.random.Generator, mean: float, num: int) -> list[float]:
    """Draw the shares of accepted answers of so many tasks."""
    chances = rng.beta(mean * 6, (1 - mean) * 6, num)
    sizes = rng.integers(3, 10, num)
    return list(rng.binomial(sizes, chances) / sizes)


def first_alarm(before: list[float], now: list[float], *, limits: SequentialLimits) -> int | None:
    """Look after every tenth task; give the number of tasks at the alarm, if there is one."""
    bound = compare(before, now[: limits.min_tasks], limits=limits)
    for num in range(limits.min_tasks, len(now) + 1, _LOOK_EVERY):
        if capital_against(now[:num], claimed=bound.floor) >= bound.needed:
            return num
    return None


def main() -> None:
    """Print a line of JSON for each number of earlier tasks and each fall."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=1000, help="of the version that is watched")
    asked = parser.parse_args()
    limits = SequentialLimits()
    for num_before in (200, 1000):
        for fall in _FALLS:
            alarms = []
            for seed in range(asked.draws):
                rng = np.random.default_rng([num_before, round(1000 * fall), seed])
                before = draw(rng, 0.85, num_before)
                alarms.append(
                    first_alarm(before, draw(rng, 0.85 - fall, asked.tasks), limits=limits)
                )
            raised = [num for num in alarms if num is not None]
            share = clustered_share([(int(num is not None), 1) for num in alarms])
            line = {
                "tasks before": num_before,
                "accepted before": 0.85,
                "fall": fall,
                "draws": asked.draws,
                "withdrawn": len(raised),
                "share": round(share.value, 4) if share else None,
                "ci95": [round(share.low or 0.0, 4), round(share.high or 0.0, 4)] if share else [],
                "median tasks until": float(np.median(raised)) if raised else None,
            }
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
