"""Mixing the samples of a batch in pairs."""

import pytest
import torch

from tagger.mixing import draw_share, mixed


def test_a_mixture_keeps_its_share_and_takes_the_rest_from_the_reversed_batch():
    images = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 3, 2, 2)

    together = mixed(images, 0.75)

    assert together[:, 0, 0, 0].tolist() == pytest.approx([0.5, 1.0, 1.5])


def test_without_a_mixture_the_batch_is_left_as_it_is():
    images = torch.rand(2, 3, 4, 4)

    assert mixed(images, 1.0) is images
    assert draw_share(0.0, 1.0) == 1.0
    assert draw_share(0.4, 0.0) == 1.0


def test_shares_are_drawn_for_the_wished_part_of_the_steps_and_never_below_a_half():
    torch.manual_seed(1)

    shares = [draw_share(0.4, 0.75) for _ in range(2000)]

    assert min(shares) >= 0.5
    assert sum(share < 1 for share in shares) / len(shares) == pytest.approx(0.75, abs=0.04)
