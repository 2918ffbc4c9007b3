from __future__ import annotations

from torch import nn

from tagger.optimiser import parameter_groups


def test_backbone_and_heads_have_their_own_rates_and_only_matrices_decay():
    network = nn.ModuleDict({"backbone": nn.Linear(3, 2), "head": nn.Linear(2, 1)})

    groups = parameter_groups(network, backbone_rate=0.1, head_rate=0.5, weight_decay=0.02)

    found = {
        tuple(parameter.shape): (group["lr"], group["peak_rate"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    assert found == {
        (2, 3): (0.0, 0.1, 0.02),
        (2,): (0.0, 0.1, 0.0),
        (1, 2): (0.0, 0.5, 0.02),
        (1,): (0.0, 0.5, 0.0),
    }


def test_what_is_frozen_is_left_out():
    network = nn.ModuleDict({"backbone": nn.Linear(3, 2), "head": nn.Linear(2, 1)})
    network["backbone"].requires_grad_(False)

    groups = parameter_groups(network, backbone_rate=0.1, head_rate=0.5, weight_decay=0.02)

    assert {group["peak_rate"] for group in groups} == {0.5}
