"""Corrupt 30 % of two attributes' labels and count how often the gate rejects the candidate.

`python -m bench.corrupted` fits, judges and writes `bench/results/corrupted.json`;
`python -m bench.corrupted --show` prints the table of that file again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.run import RESULTS, machine
from tagger.dataset import load_description, shipped_descriptions
from tagger.gate import decide
from tagger.metrics import wilson_interval

if TYPE_CHECKING:
    from bench.corrupted.material import Material
    from ontology.model import AttributeId, Ontology
    from tagger.gate_verdict import Verdict
    from tagger.model import ModelConfig

ROOT = Path(__file__).parents[2]
RESULT = RESULTS / "corrupted.json"
CACHE = ROOT / ".artifacts" / "corrupted"
BOXES = ROOT / ".artifacts" / "missing-labels" / "boxes.json"
DATA = ("myntra", "myntra-by-eye")
GOLD_SHARE = 0.4
LEARN_SHARE = 0.9
CORRUPTED_SHARE = 0.3
NUM_CORRUPTED = 2


def main() -> None:
    """Run the check, or print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.corrupted", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--clean", type=int, default=40, help="clean candidates (default 40)")
    parser.add_argument("--draws", type=int, default=20, help="corrupted ones (default 20)")
    parser.add_argument("--steps", type=int, default=120, help="optimiser steps (default 120)")
    parser.add_argument("--out", type=Path, default=RESULT, help="file that is written")
    arguments = parser.parse_args()
    if arguments.show:
        figures = json.loads(arguments.out.read_text(encoding="utf-8"))
    elif not load_description(shipped_descriptions()[DATA[0]]).default_root.is_dir():
        sys.stderr.write("left out: the catalog photographs are not here\n")
        return
    else:
        figures = measure(clean=arguments.clean, corrupted=arguments.draws, steps=arguments.steps)
        arguments.out.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(render(figures))


def measure(*, clean: int, corrupted: int, steps: int) -> dict[str, Any]:
    """Fit live versions and candidates on random halves and let the gate judge them."""
    import torch

    from bench.corrupted.material import load_material
    from tagger.loading import load_parts
    from tagger.pipeline import Tagger
    from tagger.registry import shipped_version_dir

    torch.set_num_threads(1)
    parts = load_parts(shipped_version_dir())
    tagger = Tagger(**{**parts, "detector": None})
    material = load_material(tagger, data=DATA, cache=CACHE, boxes=BOXES, say=_say)
    ontology, network = tagger.ontology, parts["model"].config
    draws = []
    for seed in range(max(clean, corrupted)):
        began = time.perf_counter()
        draws += judge_draw(
            ontology,
            network,
            material,
            seed=seed,
            steps=steps,
            kinds=[
                *(["clean"] if seed < clean else []),
                *(["corrupted"] if seed < corrupted else []),
            ],
        )
        _say(f"draw {seed}: {draws[-1]['decision']}, {time.perf_counter() - began:.0f} s")
    return {
        "machine": machine(),
        "version": tagger.version,
        "data": list(DATA),
        "pictures": len(material.samples),
        "gold_share": GOLD_SHARE,
        "corrupted_share": CORRUPTED_SHARE,
        "steps": steps,
        "draws": draws,
    }


def judge_draw(
    ontology: Ontology,
    network: ModelConfig,
    material: Material,
    *,
    seed: int,
    steps: int,
    kinds: list[str],
) -> list[dict[str, Any]]:
    """Split by product, fit a live version and candidates, and judge them on the held-out part."""
    from bench.corrupted.heads import answers, corrupt, fit

    random = np.random.default_rng(seed)
    names = sorted({sample.group for sample in material.samples})
    held = {name for name in names if random.random() < GOLD_SHARE}
    gold = [at for at, sample in enumerate(material.samples) if sample.group in held]
    rest = [at for at, sample in enumerate(material.samples) if sample.group not in held]
    samples = [material.samples[at] for at in gold]

    def outcome(start: int, corrupted: tuple[AttributeId, ...] = ()) -> Any:
        own = {n for n in names if n not in held and random.random() < LEARN_SHARE}
        learn = [at for at in rest if material.samples[at].group in own]
        told = corrupt(
            ontology,
            [material.samples[at] for at in learn],
            attributes=corrupted,
            share=CORRUPTED_SHARE,
            random=random,
        )
        rows = material.embeddings[learn]
        heads = fit(ontology, network, told, rows, seed=start, steps=steps)
        return answers(ontology, heads, samples, material.embeddings[gold])

    live = outcome(1000 + seed)
    found = []
    for kind in kinds:
        chosen = _choose(live, random) if kind == "corrupted" else ()
        verdict = decide(live, outcome((2000 if chosen else 3000) + seed, chosen))
        found.append({"seed": seed, "kind": kind, "corrupted": list(chosen), **_plain(verdict)})
    return found


def _choose(live: Any, random: np.random.Generator) -> tuple[Any, ...]:
    """Choose attributes that the gate tests alone."""
    counts = Counter(cell.head for cell in live if cell.head != "category")
    testable = sorted(name for name, count in counts.items() if count >= 200)
    return tuple(random.choice(testable, size=NUM_CORRUPTED, replace=False).tolist())


def _plain(verdict: Verdict) -> dict[str, Any]:
    mean = verdict.mean
    assert mean is not None  # noqa: S101 - there is gold
    return {
        "decision": verdict.decision,
        "groups": verdict.num_groups,
        "cells": mean.num_cells,
        "flipped": (mean.won + mean.lost) / mean.num_cells,
        "mean": mean.change,
        "needed": verdict.groups_needed,
        "reasons": list(verdict.reasons),
        "heads": {
            head.head: [head.num_cells, round(head.live, 4), round(head.change, 4), head.state]
            for head in verdict.heads
        },
    }


def render(figures: Mapping[str, Any]) -> str:
    """Give the table of one run as Markdown."""
    lines = [
        f"{figures['pictures']:,} pictures, {figures['gold_share']:.0%} of the products held out "
        "as gold, another draw each time.",
        "",
        "| candidate | draws | rejected | promoted | undecided | gold groups | gold cells "
        "| cells that flip | mean change, points |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    words = {
        "clean": "clean labels",
        "corrupted": f"{figures['corrupted_share']:.0%} of two attributes' labels corrupted",
    }
    for kind, name in words.items():
        draws = [draw for draw in figures["draws"] if draw["kind"] == kind]
        if draws:
            lines.append(f"| {name} | {len(draws)} | {' | '.join(_cells(draws))} |")
    return "\n".join([*lines, ""])


def _cells(draws: list[Mapping[str, Any]]) -> list[str]:
    def share(decision: str) -> str:
        hits = sum(draw["decision"] == decision for draw in draws)
        low, high = wilson_interval(hits, len(draws))
        return f"{hits} ({100 * low:.0f} to {100 * high:.0f} %)"

    def mean(name: str) -> float:
        return float(np.mean([draw[name] for draw in draws]))

    return [
        *(share(decision) for decision in ("reject", "promote", "undecided")),
        f"{mean('groups'):,.0f}",
        f"{mean('cells'):,.0f}",
        f"{100 * mean('flipped'):.1f} %",
        f"{100 * mean('mean'):+.2f}",
    ]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
