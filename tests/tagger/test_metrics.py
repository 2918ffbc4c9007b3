from __future__ import annotations

import numpy as np
import pytest

from tagger.metrics import (
    PROBABILITY_FLOOR,
    calibration_error,
    confusion,
    head_report,
    is_likelier,
    is_no_worse,
    log_likelihoods,
    macro_f1,
    per_value,
    wilson_interval,
)


def test_wilson_interval_matches_a_published_example():
    # Newcombe 1998, table I: 81 of 263.
    low, high = wilson_interval(81, 263)

    assert low == pytest.approx(0.2553, abs=1e-4)
    assert high == pytest.approx(0.3662, abs=1e-4)


def test_wilson_interval_of_nothing_is_everything():
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_macro_f1_averages_over_labels_that_occur():
    truth = np.array([0, 0, 1, 1])
    forced = np.array([0, 1, 1, 2])

    table = per_value(truth, forced, ["a", "b", "c", "never"])

    assert table["a"]["f1"] == pytest.approx(2 / 3)
    assert table["b"]["f1"] == pytest.approx(0.5)
    assert table["c"] == {"n": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert "never" not in table
    assert macro_f1(table) == pytest.approx((2 / 3 + 0.5) / 2)


def test_calibration_error_needs_enough_cells():
    assert calibration_error(np.full(399, 0.5), np.zeros(399, dtype=bool)) is None


def test_calibration_error_of_honest_scores_is_near_nothing_and_of_boasting_ones_is_the_gap():
    random = np.random.default_rng(0)
    scores = random.uniform(0.3, 1.0, 20_000)
    honest = random.random(20_000) < scores
    boasting = random.random(20_000) < scores - 0.2

    assert calibration_error(scores, honest) < 0.01
    assert calibration_error(scores, boasting) == pytest.approx(0.2, abs=0.01)


def test_confusion_counts_only_what_happened():
    table = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), ["a", "b"])

    assert table == {"a": {"a": 1, "b": 1}, "b": {"b": 1}}


def test_head_report_keeps_forced_and_decoded_views_apart():
    report = head_report(
        truth=np.array([0, 0, 1, 1]),
        forced=np.array([0, 0, 1, 0]),
        top_scores=np.array([0.9, 0.4, 0.8, 0.9]),
        answered=np.array([True, False, True, True]),
        right=np.array([True, True, True, False]),
        overlap=np.array([1.0, 0.0, 1.0, 0.0]),
        names=["a", "b"],
    )

    assert report["top1_accuracy"] == 0.75
    assert report["coverage"] == 0.75
    assert report["selective_error"] == pytest.approx(1 / 3)
    assert report["average_accuracy"] == 0.5
    assert report["ece"] is None
    assert report["assessable"] is True


def _shares(right):
    """Give probabilities of two labels for rows whose true one is the first."""
    return np.column_stack([right, 1 - np.asarray(right)])


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(np.full(50, 0.7), True, id="all a little likelier"),
        pytest.param(np.full(50, 0.6), False, id="the same"),
        pytest.param(np.full(50, 0.55), False, id="all less likely"),
        pytest.param(
            np.where(np.arange(50) < 28, 0.70, 0.51), False, id="a gain within its standard error"
        ),
    ],
)
def test_a_rise_of_the_likelihood_has_to_pass_its_standard_error(after, expected):
    before, truth = np.full(50, 0.6), np.zeros(50, dtype=np.int64)

    assert is_likelier(_shares(before), _shares(after), truth) is expected
    assert (np.log(after).mean() > np.log(before).mean()) >= expected


def test_likelihoods_have_a_floor():
    view = np.array([[0.25, 0.75], [1.0, 0.0]])

    found = log_likelihoods(view, np.array([0, 1]))

    assert found.tolist() == pytest.approx([np.log(0.25), np.log(PROBABILITY_FLOOR)])


@pytest.mark.parametrize(
    ("after", "kept_f1", "expected"),
    [
        pytest.param([0, 0, 0, 0, 1], 1.0, True, id="the same"),
        pytest.param([0, 0, 0, 1, 1], 0.0, False, id="less accurate"),
        pytest.param([1, 0, 0, 0, 0], 0.0, False, id="less accurate, too"),
        pytest.param([0, 0, 0, 0, 2], 1.0, True, id="another wrong one"),
    ],
)
def test_no_worse_is_as_accurate_and_as_fair(after, kept_f1, expected):
    truth, before = np.array([0, 0, 0, 0, 2]), np.eye(3)[[0, 0, 0, 0, 1]]

    found = is_no_worse(before, np.eye(3)[after], truth, ["a", "b", "c"], kept_f1=kept_f1)

    assert found is expected


@pytest.mark.parametrize(("kept_f1", "expected"), [(1.0, False), (0.6, False), (0.5, True)])
def test_a_share_of_macro_f1_may_be_given_up(kept_f1, expected):
    truth = np.array([0] * 8 + [1] * 2)
    before, after = np.eye(2)[[0] * 6 + [1] * 4], np.eye(2)[[0] * 10]  # 0.762 and 0.444

    assert is_no_worse(before, after, truth, ["a", "b"], kept_f1=kept_f1) is expected
