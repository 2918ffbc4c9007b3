"""The gate promotes on proof that nothing got worse and rejects on proof that something did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tagger.gate import NEW_VALUES, CellOutcome, GateConfig, GateError, decide


def cells(head: str, *, right: int, wrong: int, start: int = 0) -> list[CellOutcome]:
    """Give cells of one head, one a group: first the right ones."""
    return [
        CellOutcome(
            cell_id=f"{at}/{head}", group=f"group-{at}", head=head, is_right=at - start < right
        )
        for at in range(start, start + right + wrong)
    ]


def flipped(side: list[CellOutcome], head: str, positions: range) -> list[CellOutcome]:
    """Turn some cells of one head over."""
    own = [cell for cell in side if cell.head == head]
    chosen = {own[at].cell_id for at in positions}
    return [
        replace(cell, is_right=not cell.is_right) if cell.cell_id in chosen else cell
        for cell in side
    ]


def many(num: int = 2000) -> list[CellOutcome]:
    return [
        *cells("neck", right=num * 8 // 10, wrong=num * 2 // 10),
        *cells("fit", right=num, wrong=0),
    ]


def test_the_live_version_itself_is_promoted() -> None:
    verdict = decide(many(), many())

    assert verdict.decision == "promote"
    assert verdict.groups_needed == 0
    assert verdict.mean is not None
    assert verdict.mean.change == 0


def test_a_better_candidate_is_promoted() -> None:
    live = many()
    verdict = decide(live, flipped(live, "neck", range(1600, 1700)))

    assert verdict.decision == "promote"
    assert [(head.head, head.state) for head in verdict.heads] == [
        ("fit", "holds"),
        ("neck", "holds"),
    ]


def test_a_fall_of_one_attribute_is_rejected_though_the_mean_rises() -> None:
    live = many()
    candidate = flipped(flipped(live, "fit", range(60)), "neck", range(1600, 1800))
    verdict = decide(live, candidate)

    assert verdict.decision == "reject"
    assert verdict.mean is not None
    assert verdict.mean.change > 0
    assert verdict.reasons[0].startswith("fit falls by 3.0 points over 2,000 cells (0 won, 60 lost")


def test_a_small_fall_that_is_real_is_forgiven_in_an_attribute() -> None:
    live = many()
    candidate = flipped(flipped(live, "fit", range(30)), "neck", range(1600, 1700))
    verdict = decide(live, candidate)

    assert verdict.decision == "promote"
    fit = verdict.heads[0]
    assert fit.p_holm is not None
    assert fit.p_holm < 0.001
    assert fit.change == pytest.approx(-0.015)


def test_a_fall_that_may_be_chance_does_not_reject() -> None:
    live = many(300)
    candidate = flipped(live, "neck", range(230, 250))
    verdict = decide(live, flipped(candidate, "fit", range(3)))

    assert verdict.decision == "undecided"
    assert {head.state for head in verdict.heads} == {"holds"}


def test_too_little_gold_is_said_with_what_is_missing() -> None:
    live = cells("neck", right=20, wrong=20)
    verdict = decide(live, live)

    assert verdict.decision == "undecided"
    assert verdict.groups_needed >= GateConfig().min_groups - 40
    assert "Too little gold" in verdict.reasons[0]
    assert f"{verdict.groups_needed:,} more groups" in verdict.reasons[-1]


def test_no_gold_at_all_is_undecided() -> None:
    verdict = decide([], [])

    assert verdict.decision == "undecided"
    assert verdict.mean is None
    assert verdict.groups_needed > 0


def test_more_flips_need_more_groups() -> None:
    live = many(200)
    few = decide(live, flipped(flipped(live, "neck", range(150, 170)), "fit", range(0)))
    lots = decide(live, flipped(live, "neck", range(130, 190)))

    assert few.decision == lots.decision == "undecided"
    assert 0 < few.groups_needed < lots.groups_needed


def test_attributes_with_few_labels_are_tested_together_only() -> None:
    live = [
        *many(),
        *(cell for name in ("lining", "hem", "cuff") for cell in cells(name, right=150, wrong=0)),
    ]
    candidate = live
    for name in ("lining", "hem", "cuff"):
        candidate = flipped(candidate, name, range(15))
    verdict = decide(live, candidate)

    assert [head.head for head in verdict.not_testable] == ["cuff", "hem", "lining"]
    assert {head.state for head in verdict.not_testable} == {"not testable"}
    assert verdict.small is not None
    assert verdict.small.state == "falls"
    assert verdict.small.num_cells == 450
    assert verdict.decision == "reject"


def test_a_few_small_attributes_are_not_tested_even_together() -> None:
    live = [*many(), *cells("lining", right=150, wrong=0)]
    verdict = decide(live, flipped(live, "lining", range(9)))

    assert verdict.small is not None
    assert verdict.small.state == "not testable"
    assert verdict.small.p_value is None
    assert verdict.decision == "promote"


def test_cells_are_paired_by_id_in_any_order_and_the_rest_is_named() -> None:
    live, extra = many(), cells("neck", right=1, wrong=0, start=5000)
    verdict = decide(
        [*live, *extra], [*reversed(live), *cells("fit", right=1, wrong=0, start=6000)]
    )

    assert verdict.only_live == ("5000/neck",)
    assert verdict.only_candidate == ("6000/fit",)
    assert verdict.mean is not None
    assert verdict.mean.num_cells == len(live)
    assert verdict.decision == "promote"


def test_a_candidate_that_leaves_cells_out_is_not_decided_about() -> None:
    live = many()
    verdict = decide(live, [cell for cell in live if cell.head == "fit"])

    assert verdict.decision == "undecided"
    assert "2,000 cells were answered by the live version only" in verdict.reasons[0]


def test_values_that_live_never_learnt_are_gains_that_hide_no_fall() -> None:
    known = many()
    new = [
        replace(cell, knows_truth=False) for cell in cells("fit", right=0, wrong=600, start=2000)
    ]
    taught = [replace(cell, is_right=True, knows_truth=True) for cell in new]
    fine = decide([*known, *new], [*known, *taught])
    hidden = decide([*known, *new], [*flipped(known, "fit", range(60)), *taught])

    assert fine.decision == "promote"
    assert fine.new_values is not None
    assert (fine.new_values.head, fine.new_values.state) == (NEW_VALUES, "new")
    assert fine.new_values.won == 600
    assert fine.mean is not None
    assert fine.mean.change > 0.1
    assert hidden.decision == "reject"
    assert "fit falls" in hidden.reasons[0]


def test_a_new_value_that_is_not_learnt_yet_rejects_nothing() -> None:
    known = many()
    new = [replace(c, knows_truth=False) for c in cells("fit", right=0, wrong=600, start=2000)]

    assert decide([*known, *new], [*known, *new]).decision == "promote"


def test_a_group_with_many_cells_is_one_witness() -> None:
    live = many()
    bunched = [replace(cell, group=f"group-{at // 400}") for at, cell in enumerate(live)]
    candidate = flipped(bunched, "fit", range(60))

    assert decide(live, flipped(live, "fit", range(60))).decision == "reject"
    assert decide(bunched, candidate, config=GateConfig(min_groups=5)).decision == "undecided"


@pytest.mark.parametrize(
    ("change", "what"),
    [({"truth": "v_neck"}, "truth"), ({"group": "other"}, "group"), ({"head": "fit"}, "head")],
)
def test_sides_scored_on_different_gold_are_refused(change: dict[str, str], what: str) -> None:
    live = cells("neck", right=3, wrong=0)

    with pytest.raises(GateError, match=f"has the {what}"):
        decide(live, [replace(live[0], **change), *live[1:]])


def test_a_cell_that_is_answered_twice_is_refused() -> None:
    live = cells("neck", right=3, wrong=0)

    with pytest.raises(GateError, match="'1/neck' occurs twice among the 4 answers of the live"):
        decide([*live, live[1]], live)


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0.0}, {"mean_margin": -0.1}, {"min_labels": 0}, {"power": 1.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(
        GateError,
        match="expected an alpha" if {"alpha", "power"} & wrong.keys() else "are 0 or more",
    ):
        GateConfig(**wrong)
