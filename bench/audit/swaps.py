"""Plant wrong words into a catalog and see how many lead the ranking.

Of the rows that are left, 5 % get one wrong word: in one of the three columns, chosen evenly among
those that the row fills, the word of another row that says something else. All heads are fitted
with the wrong words in place, on features of encoders that saw no label, to other product families
than the one that is judged. The titles are not used.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.audit.material import JUDGED, TOLD
from tagger.audit.label_errors import (
    Column,
    SearchPlan,
    deal_folds,
    encode_column,
    judge_words,
    mistake_log_odds,
    row_risk,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.audit.material import Material

PLAN = SearchPlan()
SHARE = 0.05
EVEN_SHARES = (0.2, 1.0)

Meanings = Mapping[str, Mapping[str, frozenset[str]]]


def run_seed(
    material: Material, meanings: Meanings, *, seed: int, draw: str, share: float = SHARE
) -> dict[str, Any]:
    """Plant, rank and count.

    Args:
        material: Rows and features.
        meanings: Per column, the ontology values that words stand for.
        seed: Of everything that is drawn.
        draw: `as_common`: another row's word; `evenly`: any other word of the column.
        share: Of the rows, 0..1; also the top of the ranking that is looked at.
    """
    said = {name: [row[name] for row in material.rows] for name in JUDGED}
    before = {name: encode_column(name, said[name], meanings.get(name)) for name in JUDGED}
    planted = plant(before, said, share=share, seed=seed, draw=draw)
    columns = [encode_column(name, said[name], meanings.get(name)) for name in JUDGED]
    folds = deal_folds(material.groups, num_folds=PLAN.num_folds, seed=seed)
    odds, heads = mistake_log_odds(
        columns, _features(material, columns), folds, plan=PLAN, seed=seed
    )
    answers = {name: np.asarray(np.mean(found, axis=0)) for name, found in heads.items()}
    wrong = np.array([name != "" for name in planted])
    plain = np.stack([_claimed(column, answers[column.name]) for column in columns], axis=1)
    return {
        "rows": len(planted),
        "planted": int(wrong.sum()),
        "precision": _precision(row_risk(odds), wrong),
        "precision_by_even_share": {
            str(share): _precision(
                row_risk(
                    judge_words(
                        columns, heads, folds, plan=replace(PLAN, even_share=share), seed=seed
                    )
                ),
                wrong,
            )
            for share in EVEN_SHARES
        },
        "precision_without_calibration": _precision(-plain.min(axis=1), wrong),
        **_by_column(row_risk(odds), odds, planted),
        "forced_accuracy": {
            column.name: _accuracy(before[column.name], column, answers) for column in columns
        },
        "calibration": _calibration(odds, planted),
        **_cleanlab(columns, answers, planted),
    }


def plant(
    columns: Mapping[str, Column], said: dict[str, list[str]], *, share: float, seed: int, draw: str
) -> list[str]:
    """Put wrong words into `said`; give each row's column that is wrong, empty for honest rows."""
    random = np.random.default_rng(seed)
    num_rows = len(next(iter(said.values())))
    planted = [""] * num_rows
    for row in random.choice(num_rows, round(share * num_rows), replace=False).tolist():
        filled = [name for name, column in columns.items() if column.codes[row] >= 0]
        name = str(random.choice(filled))
        column = columns[name]
        own = column.codes[row]
        while True:
            other = (
                column.codes[random.integers(num_rows)]
                if draw == "as_common"
                else random.integers(len(column.words))
            )
            if other >= 0 and not column.agrees[own, other]:
                break
        said[name][row] = column.words[other]
        planted[row] = name
    return planted


def _features(material: Material, columns: list[Column]) -> dict[str, NDArray[np.float32]]:
    """Give the picture's features and what the row says elsewhere, planted words included."""
    told = [
        np.eye(len(column.words) + 1, dtype=np.float32)[column.codes]
        for column in (encode_column(n, [row[n] for row in material.rows]) for n in TOLD)
    ]
    features = {}
    for column in columns:
        elsewhere = [
            np.eye(len(other.words) + 1, dtype=np.float32)[other.codes]
            for other in columns
            if other.name != column.name
        ]
        weight = 1.0 if column.name == "base_colour" else 0.5
        parts = [material.looks, weight * material.colours, *told, *elsewhere]
        features[column.name] = np.concatenate(parts, axis=1).astype(np.float32)
    return features


def _precision(risk: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    top = np.argsort(-risk, kind="stable")[: int(wrong.sum())]
    return float(wrong[top].mean())


def _by_column(
    risk: NDArray[np.float64], odds: NDArray[np.float64], planted: list[str]
) -> dict[str, Any]:
    names = np.array(planted)
    top = np.argsort(-risk, kind="stable")[: int((names != "").sum())]
    reason = np.array(JUDGED)[odds[top].argmax(axis=1)]
    honest = names[top] == ""
    return {
        "found": {n: float((names[top] == n).sum() / max(1, (names == n).sum())) for n in JUDGED},
        "honest_in_top": {n: int((reason[honest] == n).sum()) for n in JUDGED},
    }


def _claimed(column: Column, answers: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give each word's own probability, 1 where nothing was said."""
    codes = np.maximum(column.codes, 0)
    claimed = np.where(column.agrees[codes], answers, 0.0).sum(axis=1)
    return np.where(column.codes >= 0, claimed, 1.0)


def _accuracy(before: Column, after: Column, answers: Mapping[str, NDArray[np.float32]]) -> float:
    rows = np.flatnonzero(after.codes >= 0)
    best = answers[after.name][rows].argmax(axis=1)
    named = [
        after.words[at] == before.words[before.codes[row]]
        for at, row in zip(best, rows, strict=True)
    ]
    return float(np.mean(named))


def _calibration(odds: NDArray[np.float64], planted: list[str]) -> list[list[float]]:
    """Give (cells, mean risk, share planted) in bins of risk."""
    risk = 1.0 / (1.0 + np.exp(-odds))
    wrong = np.array(planted)[:, None] == np.array(JUDGED)[None]
    said = odds > -20.0
    edges = [0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 1.0001]
    bins = []
    for low, high in itertools.pairwise(edges):
        here = said & (risk >= low) & (risk < high)
        bins.append([int(here.sum()), float(risk[here].sum()), int(wrong[here].sum())])
    return bins


def _cleanlab(
    columns: list[Column], answers: Mapping[str, NDArray[np.float32]], planted: list[str]
) -> dict[str, Any]:
    """Rank by cleanlab's normalised margin, where it is installed.

    It takes one column at a time, words that exclude each other and rows that all say something:
    blank cells are left out, overlapping words count as different, and the worst column counts.
    """
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return {}
    worst = np.ones(len(planted))
    for column in columns:
        rows = np.flatnonzero(column.codes >= 0)
        found = get_label_quality_scores(
            column.codes[rows], answers[column.name][rows], method="normalized_margin"
        )
        worst[rows] = np.minimum(worst[rows], found)
    return {"precision_cleanlab": _precision(-worst, np.array([name != "" for name in planted]))}
