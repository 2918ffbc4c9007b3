from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tagger.select.gain import RoundGain, gain_report, measure_round

PICTURES = np.arange(400) // 2


def judge_with(share_of_picked: float, share_of_drawn: float, seed: int = 0) -> object:
    """Labels below 1000 were picked; each share is the accuracy that they lead to."""
    random = np.random.default_rng(seed)

    def judge(labels: Sequence[int]) -> NDArray[np.float64]:
        share = share_of_picked if all(label < 1000 for label in labels) else share_of_drawn
        return (random.random(len(PICTURES)) < share).astype(float)

    return judge


def measured(picked: float, drawn: float, seed: int = 0, num_drawn: int = 40) -> RoundGain | None:
    return measure_round(
        judge_with(picked, drawn, seed),  # type: ignore[arg-type]
        picked=range(160),
        drawn=range(1000, 1000 + num_drawn),
        pictures=PICTURES,
        rng=np.random.default_rng(seed),
    )


def test_both_sides_are_given_as_many_labels() -> None:
    sizes = []

    def judge(labels: Sequence[int]) -> NDArray[np.float64]:
        sizes.append(len(set(labels)))
        return np.ones(len(PICTURES))

    gain = measure_round(
        judge,
        picked=range(160),
        drawn=range(1000, 1040),
        pictures=PICTURES,
        rng=np.random.default_rng(0),
    )
    assert set(sizes) == {40}
    assert gain == RoundGain(mean=0.0, low=0.0, high=0.0, num_labels=40, num_cells=400)


def test_a_gain_is_found_and_its_interval_holds_it() -> None:
    gain = measured(0.9, 0.6)
    assert gain is not None
    assert gain.low < 0.3 < gain.high
    assert gain.low > 0


def test_the_interval_holds_nothing_where_nothing_is_gained() -> None:
    covered = [
        gain.low <= 0 <= gain.high
        for seed in range(100)
        if (gain := measured(0.7, 0.7, seed)) is not None
    ]
    assert len(covered) == 100
    assert sum(covered) >= 88


def test_cells_of_one_picture_are_not_counted_as_many() -> None:
    def judge(labels: Sequence[int]) -> NDArray[np.float64]:
        return (np.arange(400) % 2 if labels[0] < 1000 else np.zeros(400)).astype(float)

    widths = []
    for pictures in (np.arange(400), np.arange(400) // 40 * 2 + np.arange(400) % 2):
        gain = measure_round(
            judge,
            picked=range(40),
            drawn=range(1000, 1040),
            pictures=pictures,
            rng=np.random.default_rng(1),
        )
        assert gain is not None
        widths.append(gain.high - gain.low)
    assert widths[1] > 3 * widths[0]


def test_too_few_labels_are_not_measured() -> None:
    assert measured(0.9, 0.6, num_drawn=5) is None


def gain(mean: float, half: float) -> RoundGain:
    return RoundGain(mean=mean, low=mean - half, high=mean + half, num_labels=40, num_cells=400)


@pytest.mark.parametrize(
    ("rounds", "is_random_next"),
    [
        ([], False),
        ([gain(0.02, 0.01)], False),
        ([gain(-0.01, 0.05)], False),  # one round proves nothing
        ([gain(-0.04, 0.01)], True),
        ([gain(-0.01, 0.05)] * 3, True),
        ([gain(-0.01, 0.05), gain(0.03, 0.02), gain(0.0, 0.05)], False),
    ],
)
def test_rounds_fall_back_to_random_where_there_is_no_gain(
    rounds: list[RoundGain], is_random_next: bool
) -> None:
    report = gain_report(rounds)
    assert report.is_random_next is is_random_next
    assert ("drawn at random" in report.words) is is_random_next


def test_a_precise_round_counts_more() -> None:
    report = gain_report([gain(0.10, 0.10), gain(0.0, 0.01)])
    assert report.mean is not None
    assert 0 < report.mean < 0.005
    assert report.num_rounds == 2
