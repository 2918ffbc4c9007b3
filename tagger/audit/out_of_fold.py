"""Three heads that answer rows which they were not fitted to.

A small network, a linear discriminant and nearest neighbours err differently, which tells more than
one of them alone.

Legend: N rows, L rows to learn, J rows to judge, K words, C features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Codes = NDArray[np.int64]

__all__ = ["HeadPlan", "answer_out_of_fold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPlan:
    """How heads are fitted.

    Attributes:
        hidden: Units of the network's one hidden layer.
        shrinkage: Of the discriminant's covariance towards a sphere, 0..1.
        neighbours: That have a say.
        sharpness: How fast a neighbour's say falls with its distance in cosine.
    """

    hidden: int = 192
    epochs: int = 10
    batch_size: int = 384
    rate: float = 4e-3
    weight_decay: float = 0.1
    smoothing: float = 0.02
    shrinkage: float = 0.2
    neighbours: int = 40
    sharpness: float = 12.0


def answer_out_of_fold(
    features: Floats, codes: Codes, folds: Codes, *, num_words: int, plan: HeadPlan, seed: int
) -> list[Floats]:
    """Answer every row that says something, by heads fitted to the other folds.

    Args:
        features: (N, C).
        codes: (N,) words, -1 where nothing was said.
        folds: (N,).
        num_words: K.
        plan: How.
        seed: Of starts and orders.

    Returns:
        One (N, K) of probabilities a head, NaN where nothing was said.
    """
    heads: list[Floats] = [
        np.full((len(folds), num_words), np.nan, dtype=np.float32) for _ in range(3)
    ]
    said = codes >= 0
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = features / np.maximum(lengths, 1e-6)
    for fold in np.unique(folds).tolist():
        learn = np.flatnonzero(said & (folds != fold))
        judge = np.flatnonzero(said & (folds == fold))
        if not (len(learn) and len(judge)):
            continue
        known = codes[learn]
        heads[0][judge] = _network(
            features[learn], known, features[judge], num_words, plan, seed + int(fold)
        )
        heads[1][judge] = _discriminant(features[learn], known, features[judge], num_words, plan)
        heads[2][judge] = _neighbours(directions[learn], known, directions[judge], num_words, plan)
    return heads


def _network(
    learn: Floats, codes: Codes, judge: Floats, num_words: int, plan: HeadPlan, seed: int
) -> Floats:
    """Fit one hidden layer with AdamW and one rate cycle."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    inputs, targets = torch.from_numpy(learn), torch.from_numpy(codes)
    head = nn.Sequential(
        nn.Dropout(0.3),
        nn.Linear(learn.shape[1], plan.hidden),
        nn.GELU(),
        nn.Dropout(0.4),
        nn.Linear(plan.hidden, num_words),
    )
    optimiser = torch.optim.AdamW(head.parameters(), lr=plan.rate, weight_decay=plan.weight_decay)
    steps = plan.epochs * -(-len(learn) // plan.batch_size)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=plan.smoothing)
    for _ in range(plan.epochs):
        for batch in torch.split(torch.randperm(len(inputs)), plan.batch_size):
            optimiser.zero_grad(set_to_none=True)
            loss_of(head(inputs[batch]), targets[batch]).backward()
            optimiser.step()
            cycle.step()
    head.eval()
    with torch.inference_mode():
        answers: Floats = torch.softmax(head(torch.from_numpy(judge)), dim=1).numpy()
    return answers


def _discriminant(
    learn: Floats, codes: Codes, judge: Floats, num_words: int, plan: HeadPlan
) -> Floats:
    """Fit Gaussians with one covariance (Fisher 1936); words without a row get nothing."""
    counts = np.bincount(codes, minlength=num_words).astype(np.float32)
    means = np.zeros((num_words, learn.shape[1]), dtype=np.float32)
    np.add.at(means, codes, learn)
    means /= np.maximum(counts, 1.0)[:, None]
    spread = learn - means[codes]
    covariance = spread.T @ spread / len(learn)
    size = float(np.trace(covariance)) / len(covariance)
    covariance *= 1.0 - plan.shrinkage
    covariance[np.diag_indices_from(covariance)] += plan.shrinkage * size + 1e-6
    weights = np.linalg.solve(covariance, means.T)
    with np.errstate(divide="ignore"):
        bias = np.log(counts / len(learn)) - 0.5 * (means.T * weights).sum(axis=0)
    logits = judge @ weights + bias
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def _neighbours(
    learn: Floats, codes: Codes, judge: Floats, num_words: int, plan: HeadPlan
) -> Floats:
    """Let the nearest rows vote, with one vote of the column's shares beside them."""
    nearness = judge @ learn.T
    count = min(plan.neighbours, len(learn))
    nearest = np.argpartition(-nearness, count - 1, axis=1)[:, :count]
    found = np.take_along_axis(nearness, nearest, axis=1)
    say = np.exp(plan.sharpness * (found - found.max(axis=1, keepdims=True)))
    votes = np.zeros((len(judge), num_words), dtype=np.float32)
    np.add.at(votes, (np.arange(len(judge))[:, None], codes[nearest]), say)
    votes += np.bincount(codes, minlength=num_words) / len(codes)
    return np.asarray(votes / votes.sum(axis=1, keepdims=True), dtype=np.float32)
