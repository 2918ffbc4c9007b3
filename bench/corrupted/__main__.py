"""Corrupt 30 % of two attributes' labels and count how often the gate rejects the candidate.

`python -m bench.corrupted` fits, judges and writes `bench/results/corrupted.json`;
`python -m bench.corrupted --show` prints the table of that file again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.run import RESULTS, machine
from tagger.dataset import load_description, shipped_descriptions
from tagger.gate import decide
from tagger.metrics import wilson_interval

if TYPE_CHECKING:
    from bench.corrupted.heads import Heads
    from bench.corrupted.material import Material
    from ontology.model import Ontology
    from tagger.gate_pairs import CellOutcome
    from tagger.gate_verdict import Verdict
    from tagger.model import AttributeModel, ModelConfig
    from tagger.refit_heads import RefitConfig

ROOT = Path(__file__).parents[2]
RESULT = RESULTS / "corrupted.json"
CACHE = ROOT / ".artifacts" / "corrupted"
STUDY = ROOT / ".artifacts" / "missing-labels"
DATA = ("myntra", "myntra-by-eye")
ENCODERS = ("frozen", "shipped")
GOLD_SHARE = 0.4
LEARN_SHARE = 0.9
CORRUPTED_SHARE = 0.3
NUM_CORRUPTED = 2
LIVE_STEPS = 960


def main() -> None:
    """Run the check, or print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.corrupted", description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the stored figures and stop")
    parser.add_argument("--clean", type=int, default=20, help="clean candidates (default 20)")
    parser.add_argument("--draws", type=int, default=20, help="corrupted ones (default 20)")
    parser.add_argument(
        "--encoder", choices=ENCODERS, nargs="+", default=ENCODERS, help="whose embeddings"
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="file that is written")
    arguments = parser.parse_args()
    if arguments.show:
        figures = json.loads(arguments.out.read_text(encoding="utf-8"))
    elif not load_description(shipped_descriptions()[DATA[0]]).default_root.is_dir():
        sys.stderr.write("left out: the catalog photographs are not here\n")
        return
    else:
        figures = measure(arguments.encoder, clean=arguments.clean, corrupted=arguments.draws)
        arguments.out.write_text(f"{json.dumps(figures, indent=1)}\n", encoding="utf-8")
    sys.stdout.write(render(figures))


def measure(encoders: Sequence[str], *, clean: int, corrupted: int) -> dict[str, Any]:
    """Fit live versions and candidates on random parts and let the gate judge them.

    A draw that is done is kept in the cache, so that a run that was stopped goes on; remove the
    folder when the gate or the fitting has changed.
    """
    import torch

    from bench.corrupted.material import frozen_material, shipped_material
    from tagger.data_sets import load_data
    from tagger.loading import load_parts
    from tagger.pipeline import Tagger
    from tagger.refit_heads import RefitConfig
    from tagger.registry import shipped_version_dir

    torch.set_num_threads(1)
    CACHE.mkdir(parents=True, exist_ok=True)
    parts, config = load_parts(shipped_version_dir()), RefitConfig()
    tagger = Tagger(**{**parts, "detector": None})
    sets = load_data([shipped_descriptions()[name] for name in DATA], tagger.ontology)
    draws: list[dict[str, Any]] = []
    for encoder in encoders:
        material = (
            frozen_material(sets, folder=STUDY, say=_say)
            if encoder == "frozen"
            else shipped_material(tagger, sets, folder=CACHE, boxes=STUDY / "boxes.json", say=_say)
        )
        for seed in range(max(clean, corrupted)):
            limits = {"clean": clean, "corrupted": corrupted}
            kinds = [kind for kind, limit in limits.items() if seed < limit]
            kept = CACHE / f"{tagger.version}-{encoder}-{seed}-{'-'.join(kinds)}.json"
            if not kept.exists():
                network = parts["model"].config
                found = judge_draw(tagger.ontology, network, material, config, seed, kinds)
                kept.write_text(json.dumps(found), encoding="utf-8")
                said = ", ".join(f"{one['kind']} {one['decision']}" for one in found)
                _say(f"{encoder}, draw {seed}: {said}")
            draws += [
                {"encoder": encoder, **one} for one in json.loads(kept.read_text(encoding="utf-8"))
            ]
    return {
        "machine": machine(),
        "version": tagger.version,
        "data": list(DATA),
        "pictures": len(material.samples),
        "gold_share": GOLD_SHARE,
        "corrupted_share": CORRUPTED_SHARE,
        "fitting": config.to_dict(),
        "draws": draws,
    }


def judge_draw(
    ontology: Ontology,
    network: ModelConfig,
    material: Material,
    config: RefitConfig,
    seed: int,
    kinds: Sequence[str],
) -> list[dict[str, Any]]:
    """Split by product, fit a live version, refit it, and judge that on the held-out part."""
    from bench.corrupted.heads import answers, corrupt, fit, untrained
    from tagger.known import taught_by

    random = np.random.default_rng(seed)
    names = sorted({sample.group for sample in material.samples})
    held = {name for name in names if random.random() < GOLD_SHARE}
    others = [name for name in names if name not in held]
    gold = [at for at, sample in enumerate(material.samples) if sample.group in held]
    rest = [sample for sample in material.samples if sample.group not in held]
    taught = taught_by(rest, ontology)

    def learn(start: AttributeModel, config: RefitConfig, chosen: tuple[Any, ...] = ()) -> Heads:
        own = set(random.choice(others, size=round(LEARN_SHARE * len(others)), replace=False))
        rows = [at for at, sample in enumerate(material.samples) if sample.group in own]
        told = corrupt(
            ontology,
            [material.samples[at] for at in rows],
            attributes=chosen,
            share=CORRUPTED_SHARE,
            random=random,
        )
        return fit(ontology, start, told, material.embeddings[rows], taught=taught, config=config)

    def outcome(heads: Heads) -> list[CellOutcome]:
        samples = [material.samples[at] for at in gold]
        return answers(ontology, heads, samples, material.embeddings[gold])

    anew = replace(config, keep=0.0, pull=0.0, steps=LIVE_STEPS, seed=3 * seed)
    heads = learn(untrained(ontology, network, seed=seed), anew)
    live, found = outcome(heads), []
    for at, kind in enumerate(kinds, start=1):
        chosen = _choose(live, random) if kind == "corrupted" else ()
        candidate = learn(heads.model, replace(config, seed=3 * seed + at), chosen)
        verdict = decide(live, outcome(candidate))
        found.append({"seed": seed, "kind": kind, "corrupted": list(chosen), **_plain(verdict)})
    return found


def _choose(live: Sequence[CellOutcome], random: np.random.Generator) -> tuple[Any, ...]:
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
        "as gold, another draw each time; counts with 95 % intervals.",
        "",
        "| encoder | candidate | draws | rejected | promoted | undecided | gold groups "
        "| gold cells | cells that flip | fall of a corrupted attribute, points |",
        f"|{'---|' * 10}",
    ]
    words = {
        "clean": "clean labels",
        "corrupted": f"{figures['corrupted_share']:.0%} of two attributes' labels corrupted",
    }
    for encoder in ENCODERS:
        for kind, name in words.items():
            draws = [d for d in figures["draws"] if (d["encoder"], d["kind"]) == (encoder, kind)]
            if draws:
                lines.append(f"| {encoder} | {name} | {len(draws)} | {' | '.join(_cells(draws))} |")
    return "\n".join([*lines, ""])


def _cells(draws: Sequence[Mapping[str, Any]]) -> list[str]:
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
        _falls(draws),
    ]


def _falls(draws: Sequence[Mapping[str, Any]]) -> str:
    falls = sorted(-100 * draw["heads"][name][2] for draw in draws for name in draw["corrupted"])
    if not falls:
        return ""
    return f"{falls[0]:.1f} to {falls[-1]:.1f}, median {np.median(falls):.1f}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
