"""The search for wrong words, on features that show two columns exactly."""

from __future__ import annotations

import numpy as np
import pytest

from tagger.audit.label_errors import (
    Column,
    SearchPlan,
    deal_folds,
    encode_column,
    mistake_log_odds,
    row_risk,
)
from tagger.audit.out_of_fold import HeadPlan

PLAN = SearchPlan(num_folds=3, heads=HeadPlan(epochs=20, batch_size=32, rate=2e-2, hidden=16))


@pytest.fixture(scope="module")
def found():
    """400 rows, three words a column, one row in five blank; ten wrong words in each column."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, (400, 2))
    features = np.eye(3)[truth].reshape(400, 6) + random.normal(0, 0.15, (400, 6))
    said = [[f"w{code}" for code in column] for column in truth.T]
    wrong = np.zeros(400, dtype=bool)
    for at, column in enumerate(said):
        for row in random.choice(400, 80, replace=False).tolist():
            column[row] = ""
        for row in random.choice(np.flatnonzero([w != "" for w in column]), 10, replace=False):
            column[row] = f"w{(truth[row, at] + 1) % 3}"
            wrong[row] = True
    columns = [encode_column(name, words) for name, words in zip("ab", said, strict=True)]
    inputs = dict.fromkeys("ab", features.astype(np.float32))
    folds = deal_folds([str(at // 2) for at in range(400)], num_folds=3, seed=0)
    odds, answers = mistake_log_odds(columns, inputs, folds, plan=PLAN)
    return columns, wrong, odds, answers


def test_wrong_words_lead_the_ranking(found):
    _, wrong, odds, _ = found
    top = np.argsort(-row_risk(odds))[: int(wrong.sum())]

    assert wrong[top].mean() >= 0.9


def test_blank_cells_have_no_answer_and_no_risk(found):
    columns, _, odds, answers = found
    for at, column in enumerate(columns):
        blank = column.codes < 0
        assert blank.sum() == 80
        assert (odds[blank, at] == -20.0).all()
        for head in answers[column.name]:
            assert np.isnan(head[blank]).all()
            assert head[~blank].sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_rows_of_one_group_share_a_fold():
    folds = deal_folds(["a", "b", "a", "c", "b"], num_folds=2, seed=3)

    assert folds[0] == folds[2]
    assert folds[1] == folds[4]


def test_words_that_share_a_value_do_not_contradict_each_other():
    meanings = {"printed": frozenset({"x", "y"}), "dotted": frozenset({"y"})}
    column = encode_column("pattern", ["printed", "printed", "dotted", "plain", ""], meanings)

    assert column.words == ("printed", "dotted", "plain")
    assert column.codes.tolist() == [0, 0, 1, 2, -1]
    assert column.agrees.tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


def test_a_row_is_riskier_than_its_riskiest_word_and_order_survives_certainty():
    odds = np.array([[2.0, -20.0], [2.0, 1.0], [40.0, 0.0], [50.0, 0.0]])
    risk = row_risk(odds)

    assert risk.tolist() == sorted(risk.tolist())


def test_a_column_with_one_word_is_not_judged():
    column = Column(
        name="a", words=("w",), codes=np.zeros(30, dtype=np.int64), agrees=np.ones((1, 1), bool)
    )
    folds = deal_folds([str(n) for n in range(30)], num_folds=3, seed=0)
    odds, _ = mistake_log_odds([column], {"a": np.zeros((30, 2), np.float32)}, folds, plan=PLAN)

    assert (odds == -20.0).all()
