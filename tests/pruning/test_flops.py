"""Operations, counted by hand."""

import pytest
import torch
from torch import nn

from spformat.errors import PruningError
from spformat.pruning import Pruner
from spformat.pruning.flops import count_flops
from tests.pruning.models import conv_net


@pytest.mark.parametrize(
    ("layer", "shape", "products"),
    [
        (nn.Linear(5, 3), (1, 5), 15),
        (nn.Linear(5, 3), (2, 7, 5), 2 * 7 * 15),
        (nn.Conv1d(4, 6, 3, groups=2), (1, 4, 10), 6 * 2 * 3 * 8),
        (nn.Conv2d(1, 2, 3, stride=2, padding=1), (3, 1, 8, 8), 3 * 2 * 9 * 16),
        (nn.ConvTranspose2d(2, 3, 2, stride=2), (1, 2, 4, 4), 2 * 3 * 4 * 16),
    ],
)
def test_a_layer(layer, shape, products):
    assert count_flops(layer, torch.zeros(shape)) == 2 * products


def test_a_network_and_what_pruning_leaves():
    model = conv_net().train()
    x = torch.zeros(1, 1, 8, 8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    dense = [54 * 36, 192 * 4, 512, 64]
    assert count_flops(model, x) == 2 * sum(dense)
    assert model.training
    assert model[1].training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())  # batch statistics too
    Pruner(model, 0.5, targets={"8.weight": 1.0}).step()
    assert count_flops(model, x) == 2 * sum(dense)
    assert count_flops(model, x, zeros=False) == sum(dense) - 512
    assert not any(module._forward_hooks for module in model.modules())


def test_a_layer_that_is_called_twice_counts_twice():
    layer = nn.Linear(4, 4)
    assert count_flops(nn.Sequential(layer, nn.ReLU(), layer), torch.zeros(1, 4)) == 2 * 2 * 16


def test_nothing_to_count():
    with pytest.raises(PruningError, match="calls no Linear"):
        count_flops(nn.ReLU(), torch.zeros(1))
