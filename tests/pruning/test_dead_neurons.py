"""Units without inputs or outputs go, and the network computes what it did."""

import copy
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from spformat.errors import PruningError
from spformat.pruning import Pruner
from spformat.pruning.dead_neurons import remove_dead_neurons
from tests.pruning.models import FEWER, conv_net, lenet


def thinned(model, share, seed=0):
    """Zeros in whole rows and columns, and batch statistics that are not trivial; float64, evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            for axis in (0, 1):
                gone = torch.rand(parameter.shape[axis], generator=generator) < share
                parameter.data.index_fill_(axis, gone.nonzero().reshape(-1), 0)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.get_buffer("running_mean").normal_(generator=generator)
            module.get_buffer("running_var").uniform_(0.5, 2, generator=generator)
            module.weight.data.normal_(generator=generator)
            module.bias.data.normal_(generator=generator)
    return model.double().eval()


def check_same(model, shape):
    """Shrinks the model; the report, after comparing outputs."""
    before = copy.deepcopy(model)
    report = remove_dead_neurons(model)
    x = torch.randn(7, *shape, dtype=torch.float64)
    torch.testing.assert_close(model(x), before(x), rtol=1e-9, atol=1e-9)
    assert sum(p.numel() for p in model.parameters()) <= sum(p.numel() for p in before.parameters()) + 64
    return report


@FEWER
@given(st.integers(0, 10**6), st.floats(0, 0.9))
def test_dense_networks_compute_the_same(seed, share):
    report = check_same(thinned(lenet(seed), share, seed), (12,))
    assert not set(report.kept.values()) - {"every unit is dead; one stays"}


@FEWER
@given(st.integers(0, 10**6), st.floats(0, 0.9))
def test_convolutions_with_batch_normalization_compute_the_same(seed, share):
    check_same(thinned(conv_net(seed), share, seed), (1, 8, 8))


def test_a_fixed_point_is_reached_in_both_directions():
    model: Any = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    model[0].weight.data[0] = 0  # feeds nothing but a constant into the next layer ...
    model[2].weight.data[1] = torch.tensor([1.0, 0, 0])  # ... of which one unit has no other input
    model[4].weight.data[:, 2] = 0  # and one is not heard
    report = check_same(model, (4,))
    assert report.removed == {"0": 1, "2": 2}
    assert (model[0].out_features, model[2].in_features, model[2].out_features) == (2, 2, 1)
    assert report.kept == {}


def test_inputs_and_outputs_of_the_network_stay():
    model: Any = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)).double()
    model[0].weight.data[:, 0] = 0
    model[1].weight.data[1] = 0
    assert check_same(model, (4,)).removed == {}


def test_a_bias_is_made_where_a_constant_needs_one():
    model: Any = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2, bias=False)).double()
    model[0].weight.data[1] = 0
    assert check_same(model, (4,)).removed == {"0": 1}
    assert model[2].bias is not None


@pytest.mark.parametrize(("padding", "removed"), [(0, {"0": 1}), ("valid", {"0": 1}), (1, {}), ("same", {})])
def test_a_constant_meets_padding(padding, removed):
    model: Any = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Conv2d(3, 2, 3, padding=padding)).double()
    model[0].weight.data[1] = 0
    report = check_same(model, (1, 8, 8))
    assert report.removed == removed
    assert ("0" in report.kept) == (not removed)
    model[0].bias.data[1:] = -1.0
    silent = nn.Sequential(model[0], nn.ReLU(), model[1])
    assert check_same(silent, (1, 8, 8)).removed == ({} if removed else {"0": 1})  # relu(-1) is no constant to miss


def test_average_pooling_with_padding_is_no_constant():
    model: Any = nn.Sequential(nn.Conv2d(1, 3, 3), nn.AvgPool2d(2, padding=1), nn.Conv2d(3, 2, 1)).double()
    model[0].weight.data[1] = 0
    assert check_same(model, (1, 8, 8)).kept == {"0": "AvgPool2d comes after it"}


class Functional(nn.Module):
    """As people write LeNets: with functions and a view."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 5, 3), nn.Conv2d(5, 6, 3)
        self.fc1, self.fc2 = nn.Linear(24, 10), nn.Linear(10, 4)

    def forward(self, x):
        x = functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = functional.relu(self.conv2(x), inplace=False)
        x = x.view(x.size(0), -1)
        return self.fc2(functional.dropout(functional.gelu(self.fc1(x)), training=False))


class Odd(Functional):
    """Its view puts two images into a row."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2 * 24, 10)

    def forward(self, x):
        x = functional.max_pool2d(torch.relu(self.conv1(x)), 2)
        return self.fc2(self.fc1(torch.sigmoid(self.conv2(x)).view(x.size(0) // 2, -1)))


class Tied(nn.Module):
    """The weight of `a` is also that of `c`; that of `d` is read without calling it."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d, self.e = (nn.Linear(6, 6) for _ in range(5))
        self.c.weight = self.a.weight
        self.alias = self.e

    def forward(self, x):
        x = self.c(torch.relu(self.b(torch.tanh(self.a(x)))))
        return self.e(torch.tanh(self.d(x))) + functional.linear(x, self.d.weight)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(6, 6) for _ in range(4))

    def forward(self, x):
        x = self.a(x)
        return self.d(torch.relu(self.c(x + self.b(x))))


class Trace(nn.Module):
    """A model whose path depends on its numbers."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)

    def forward(self, x):
        return self.a(x) if x.sum() > 0 else x


def test_residual_sums_tie_channels():
    model = thinned(Residual(), 0.4)
    report = check_same(model, (6,))
    assert report.kept["a"] == "its output is used 2 times"
    assert report.kept["b"] == "add comes after it"
    assert set(report.removed) == {"c"}


def test_what_cannot_be_done_is_said():
    with pytest.raises(PruningError, match="cannot be traced"):
        remove_dead_neurons(Trace())
    model = lenet()
    Pruner(model, 0.5).step()
    with pytest.raises(PruningError, match="finalize"):
        remove_dead_neurons(model)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.Conv2d(4, 2, 3)), "groups"),
        (nn.Sequential(nn.Conv2d(2, 8, 3), nn.Linear(6, 2)), "not fed with flattened channels"),
        (nn.Sequential(nn.Linear(8, 8), nn.Softmax(1), nn.Conv2d(2, 3, 3)), "Softmax comes after it"),
        (nn.Sequential(nn.Conv2d(2, 8, 3), nn.LayerNorm(6), nn.Conv2d(8, 2, 3)), "LayerNorm comes after it"),
        (nn.Sequential(nn.Conv2d(2, 8, 3), nn.Flatten(2), nn.Linear(36, 2)), "Flatten comes after it"),
    ],
)
def test_layers_that_do_not_suit_are_left_alone(model, reason):
    model = thinned(model, 0.6)
    assert reason in check_same(model, (2, 8, 8)).kept["0"]


def test_functions_and_views():
    model = thinned(Functional(), 0.5)
    report = check_same(model, (1, 10, 10))
    assert {"conv1", "conv2"} <= set(report.removed)


def test_a_view_that_is_no_flattening():
    model = thinned(Odd(), 0.5)
    before, x = copy.deepcopy(model), torch.randn(4, 1, 10, 10, dtype=torch.float64)
    assert remove_dead_neurons(model).kept["conv2"] == "it is reshaped in another way than flattened"
    torch.testing.assert_close(model(x), before(x), rtol=1e-9, atol=1e-9)


def test_weights_that_others_read_are_left_alone():
    report = check_same(thinned(Tied(), 0.5), (6,))
    assert report.removed == {}
    for name in "abd":
        assert report.kept[name] == "a layer or its weight is used more than once"


@pytest.mark.parametrize("function", [nn.ReLU(inplace=True), nn.ELU(inplace=True), nn.Hardtanh(inplace=True)])
def test_functions_in_place_leave_the_other_biases_as_they_were(function):
    model: Any = nn.Sequential(nn.Linear(4, 5), function, nn.Linear(5, 2)).double()
    model[0].weight.data[1] = 0
    assert check_same(model, (4,)).removed == {"0": 1}


def test_average_pooling_that_scales_is_left_alone():
    model: Any = nn.Sequential(nn.Conv2d(1, 3, 3), nn.AvgPool2d(2, divisor_override=1), nn.Conv2d(3, 2, 1)).double()
    model[0].weight.data[1] = 0
    assert check_same(model, (1, 8, 8)).kept == {"0": "AvgPool2d comes after it"}


def test_units_that_are_pooled_are_left_alone():
    model: Any = nn.Sequential(nn.Linear(4, 8), nn.MaxPool2d(2), nn.Linear(4, 2)).double()
    model[0].weight.data[1] = 0
    assert check_same(model, (4, 4)).kept == {"0": "its units are pooled"}


def test_frozen_biases_stay_frozen():
    model: Any = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2)).requires_grad_(False)
    model[0].weight.data[1] = 0
    assert remove_dead_neurons(model).removed == {"0": 1}
    assert not any(p.requires_grad for p in model.parameters())


def test_it_works_where_the_model_is_whatever_the_default_device():
    model: Any = thinned(
        nn.Sequential(nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Sigmoid(), nn.Linear(6, 2)), 0
    )
    model[0].weight.data[1] = 0
    with torch.device("meta"):
        assert remove_dead_neurons(model).removed == {"0": 1}


def test_a_pruned_network_shrinks():
    model = lenet().double()
    Pruner(model, 0.95).step()
    for masked_off in (model[0].weight, model[2].weight):
        assert (masked_off == 0).float().mean() > 0.9
    pruner = Pruner(model, 0.95)
    pruner.finalize()
    report = check_same(model.eval(), (12,))
    assert sum(report.removed.values()) > 8
