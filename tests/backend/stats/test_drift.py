from __future__ import annotations

import numpy as np
import pytest

from backend.stats.drift import DriftLimits, SentRegion, compare_windows

LIMITS = DriftLimits(num_permutations=199, min_present=10)
Mixture = tuple[float, ...]


def window(
    rng: np.random.Generator,
    num: int,
    *,
    shift: float = 0.0,
    mixture: Mixture = (0.5, 0.3, 0.2),
    confidence: float = 0.8,
    per_image: int = 1,
) -> list[SentRegion]:
    found = []
    for image in range(num // per_image):
        name, common = rng.bytes(6).hex() + str(image), rng.normal(size=8)
        value = str(rng.choice(len(mixture), p=mixture))
        for _ in range(per_image):
            sure = float(np.clip(confidence + rng.normal() * 0.05, 0, 1))
            found.append(
                SentRegion(
                    image=name,
                    embedding=(common + shift).astype(np.float16),
                    scores={"neck": {value: sure, "z": 0.1}, "rare": {} if image else {"q": 0.9}},
                )
            )
    return found


def report_of(seed: int, **changed: object):  # type: ignore[no-untyped-def]  # a DriftReport
    rng = np.random.default_rng(seed)
    newest = window(rng, 90, **changed)  # type: ignore[arg-type]  # by name
    return compare_windows(window(rng, 240), newest, model_version="v1", limits=LIMITS, seed=seed)


@pytest.mark.parametrize(
    ("changed", "figure"),
    [
        ({"shift": 1.0}, ("embedding", "")),
        ({"mixture": (0.2, 0.3, 0.5)}, ("answers", "neck")),
        ({"confidence": 0.7}, ("confidence", "neck")),
    ],
)
def test_change_raises_the_alarm_and_is_named(
    changed: dict[str, object], figure: tuple[str, str]
) -> None:
    report = report_of(1, **changed)

    assert report.is_alarm
    assert (report.changes[0].kind, report.changes[0].attribute) == figure
    assert report.changes[0].p_value <= LIMITS.level


def test_nothing_changed_is_seldom_an_alarm() -> None:
    assert sum(report_of(seed).is_alarm for seed in range(40)) <= 2


def test_regions_of_one_picture_do_not_pass_for_many() -> None:
    limits = DriftLimits(num_permutations=199, min_present=5, level=0.05)
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng([7, seed])
        reference, newest = window(rng, 160, per_image=8), window(rng, 80, per_image=8)
        report = compare_windows(reference, newest, model_version="v1", limits=limits, seed=seed)
        alarms += report.is_alarm

    assert alarms <= 6  # 2 are to be expected; far more if every region counted for itself


def test_attribute_that_hardly_any_region_has_is_not_compared() -> None:
    assert {change.attribute for change in report_of(1).changes} == {"", "neck"}


def test_constant_figure_is_no_surprise() -> None:
    fixed = {"neck": {"v": 0.9}}
    regions = [
        SentRegion(image=str(at), embedding=np.zeros(4, np.float16), scores=fixed)
        for at in range(60)
    ]

    report = compare_windows(regions[:40], regions[40:], model_version="v1", limits=LIMITS)

    assert (report.is_alarm, report.changes) == (False, ())


def test_same_seed_gives_the_same_report() -> None:
    assert report_of(3) == report_of(3)


def test_sizes_are_differences_that_people_understand() -> None:
    report = report_of(2, mixture=(0.0, 0.0, 1.0), confidence=0.6)
    sizes = {(change.kind, change.attribute): change.size for change in report.changes}

    assert sizes["answers", "neck"] == pytest.approx(0.8, abs=0.1)
    assert sizes["confidence", "neck"] == pytest.approx(-0.2, abs=0.03)
