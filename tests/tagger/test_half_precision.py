from __future__ import annotations

import pytest
import torch
from torch import nn

from tagger.half_precision import load_weights, rounded, write_weights
from tagger.registry import ModelStoreError


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    network[1].num_batches_tracked.fill_(70_001)  # more than half precision can count
    return network


def test_a_round_trip_rounds_fractions_and_keeps_counters(network, tmp_path):
    expected = rounded(network.state_dict())
    write_weights(tmp_path / "weights.safetensors", network.state_dict())
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))

    load_weights(other, tmp_path / "weights.safetensors")

    for name, tensor in other.state_dict().items():
        assert tensor.dtype == network.state_dict()[name].dtype
        assert torch.equal(tensor, expected[name])
    assert other[1].num_batches_tracked == 70_001
    assert not torch.equal(other[0].weight, network[0].weight)


def test_what_does_not_fit_names_the_file(network, tmp_path):
    write_weights(tmp_path / "weights.safetensors", network.state_dict())

    with pytest.raises(ModelStoreError, match=r"weights\.safetensors do not fit their manifest"):
        load_weights(nn.Linear(3, 4), tmp_path / "weights.safetensors")
