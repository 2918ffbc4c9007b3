"""Many catalog photographs, answered by plain heads that were fitted without their product.

The shipped version was trained on nine of ten photographs, and the tenth is few for a promise of
2 %. So that the rule is also seen at the size of a catalog, linear heads on the embeddings of a
backbone that never saw a label answer every photograph out of fold. They are worse than the
shipped version: it is the rule that is measured here, not the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.missing_labels.embeddings import embed
from bench.missing_labels.labels import merge_by_picture
from tagger.data_sets import load_data
from tagger.dataset import shipped_descriptions
from tagger.promise import PromiseCell
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.dataset import Sample

__all__ = ["FOLDS", "out_of_fold_cells"]

FOLDS = 5
_DATA = ("myntra", "myntra-by-eye")
_EPOCHS, _BATCH = 10, 256
_LEAST = 10  # pictures of a label, or no head learns it


def out_of_fold_cells(
    ontology: Ontology, *, folder: Path, say: Callable[[str], None] = lambda _: None
) -> tuple[PromiseCell, ...]:
    """Answer every labelled cell of the catalog by heads that did not see its product.

    Args:
        ontology: What labels map onto.
        folder: Cache of the embeddings, that of the study of missing labels.
        say: Called with a line now and then.
    """
    sets = load_data([shipped_descriptions()[name] for name in _DATA], ontology)
    held = [sample for samples in sets.validation.values() for sample in samples]
    pictures = [*merge_by_picture(sets.training), *merge_by_picture(held)]
    rows = embed(pictures, folder=folder, say=say)
    rows = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-3)
    groups = sorted({sample.group for sample in pictures})
    lots = np.random.default_rng(1).permutation(len(groups)) % FOLDS
    fold_of = dict(zip(groups, lots.tolist(), strict=True))
    cells: list[PromiseCell] = []
    for head in (CATEGORY, *(str(one.id) for one in ontology.attributes)):
        words = [_word(sample, head) for sample in pictures]
        counts = {word: words.count(word) for word in set(words) if word}
        known = sorted(word for word, count in counts.items() if count >= _LEAST)
        at = [place for place, word in enumerate(words) if word in known]
        if len(known) > 1 and len(at) >= FOLDS * _LEAST:
            folds = np.array([fold_of[pictures[place].group] for place in at])
            truth = np.array([known.index(words[place]) for place in at])
            shares = _answers(rows[at], truth, folds, num_words=len(known))
            cells += _cells([pictures[place] for place in at], head, truth, shares)
            say(f"{head}: {len(at)} cells out of fold")
    return tuple(cells)


def _word(sample: Sample, head: str) -> str:
    """Name a label by its set of values; what is missing has no name."""
    if head == CATEGORY:
        return "|".join(sorted(sample.label.categories))
    cell = next((cell for name, cell in sample.label.cells.items() if name == head), None)
    return "|".join(sorted(cell.any_of or cell.positives)) if cell is not None else ""


def _cells(
    samples: Sequence[Sample], head: str, truth: NDArray[np.int64], shares: NDArray[np.float64]
) -> list[PromiseCell]:
    best = shares.argmax(axis=1)
    return [
        PromiseCell(
            attribute=head,
            product=sample.group,
            cell=sample.id,
            is_right=bool(best[row] == truth[row]),
            score=float(shares[row, best[row]]),
        )
        for row, sample in enumerate(samples)
    ]


def _answers(
    rows: NDArray[np.float32],
    truth: NDArray[np.int64],
    folds: NDArray[np.int64],
    *,
    num_words: int,
) -> NDArray[np.float64]:
    """Give each row's shares by the head that was fitted on the other folds."""
    import torch
    from torch.nn import functional

    inputs, targets = torch.from_numpy(rows), torch.from_numpy(truth)
    shares = np.zeros((len(rows), num_words))
    for fold in range(FOLDS):
        torch.manual_seed(fold)
        learn = torch.from_numpy(np.flatnonzero(folds != fold))
        layer = torch.nn.Linear(inputs.shape[1], num_words)
        optimizer = torch.optim.AdamW(layer.parameters(), lr=2e-3, weight_decay=0.05)
        for _ in range(_EPOCHS):
            for batch in learn[torch.randperm(len(learn))].split(_BATCH):
                dropped = functional.dropout(inputs[batch], 0.3)
                loss = functional.cross_entropy(layer(dropped), targets[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        ask = np.flatnonzero(folds == fold)
        with torch.no_grad():
            shares[ask] = torch.softmax(layer(inputs[torch.from_numpy(ask)]), dim=1).numpy()
    return shares
