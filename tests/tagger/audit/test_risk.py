"""The risk of a claim: Bayes' rule, stretched by what was measured."""

from __future__ import annotations

import pytest

from tagger.audit.risk import RiskModel, Stretch, shipped_risk


def test_an_uninformative_picture_leaves_the_base_rate():
    # Ten values, each with the same probability, each as likely to be claimed by mistake.
    found = RiskModel(base_rate=0.05).risk("shade", claimed=0.1, share=0.1)

    assert found == pytest.approx(0.05)


def test_bayes_rule_is_followed():
    prior, claimed, share = 0.2, 0.3, 0.25
    odds = prior / (1 - prior) * share / (1 - share) * (1 - claimed) / claimed

    found = RiskModel(base_rate=prior).risk("shade", claimed=claimed, share=share)

    assert found == pytest.approx(odds / (1 + odds))


def test_the_risk_falls_with_the_claims_probability():
    model = RiskModel()
    risks = [model.risk("shade", claimed=p, share=0.1) for p in (0.0, 0.01, 0.2, 0.9, 1.0)]

    assert risks == sorted(risks, reverse=True)
    assert 0.0 < risks[-1] < risks[0] < 1.0


def test_a_measured_stretch_holds_for_its_attribute_only():
    model = RiskModel(stretches={"shade": Stretch(slope=0.5, shift=-1.0, n=100)})

    assert model.risk("shade", claimed=0.01, share=0.1) < model.risk(
        "stand", claimed=0.01, share=0.1
    )


def test_a_version_that_was_not_measured_has_the_plain_rule():
    assert shipped_risk("some-other-version") == RiskModel()
