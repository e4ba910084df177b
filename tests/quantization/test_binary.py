"""Binary weights and activations: signs, scales, gradients, real weights in their range."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from spformat.errors import ConfigError
from spformat.quantization import BinaryTensor, quantize_binary
from spformat.quantization.training import (
    BinaryActivation,
    XnorLayer,
    binary_connect,
    binary_net,
    binary_weight,
    constrain,
    sign,
    xnor_net,
)
from tests.quantization.arrays import few, weights


@few
@given(weights(), st.sampled_from([0.0, 0.5, 1.0]))
def test_signs_and_scale(given_, scale):
    found = quantize_binary(given_, scale)
    back = found.dequantize()
    assert (np.signbit(back) == (given_.astype(np.float64) < 0)).all()  # 0.0 and -0.0 are +1
    assert (np.abs(back) == np.float32(scale)).all()
    assert back.shape == given_.shape


@few
@given(weights(dtypes=[np.dtype(np.float32)], min_dims=1, min_side=1))
def test_the_mean_magnitude_is_the_best_scale(given_):
    found = quantize_binary(given_, "filter")
    for index, row in enumerate(given_.astype(np.float64)):
        assert found.scale[index] == np.float32(np.abs(row).mean())
        best = np.square(row - found.dequantize()[index].astype(np.float64)).sum()
        for factor in (0.9, 1.1):
            other = np.where(row >= 0, 1, -1) * factor * float(found.scale[index])
            assert best <= np.square(row - other).sum() * (1 + 1e-6) + 1e-12
    assert quantize_binary(given_, "tensor").scale == np.float32(np.abs(given_.astype(np.float64)).mean())


WIDE: Any = np.ones(2)
ONE = np.ones((), np.float32)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: quantize_binary(np.array([np.nan])), "found 1 of 1"),
        (lambda: quantize_binary(np.array(1.0), "filter"), "a scale for each filter"),
        (lambda: quantize_binary(np.array([1.0]), "row"), "a number, filter or tensor, found 'row'"),
        (lambda: quantize_binary(np.array([1.0]), -1.0), "finite, not negative"),
        (lambda: BinaryTensor(WIDE, ONE), "expected bool, found float64"),
        (lambda: BinaryTensor(np.ones(2, bool), np.ones(3, np.float32)), "found float32 of shape"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def layer_with(*values):
    layer = nn.Linear(len(values), 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([values]))
    return layer


def real(layer):
    return layer.parametrizations.weight.original


def test_sign_of_zero_is_plus_one():
    assert sign(torch.tensor([-2.0, -0.0, 0.0, 3.0])).tolist() == [-1, 1, 1, 1]


def test_binary_connect_computes_with_signs_and_updates_the_real_weights():
    layer = layer_with(-0.3, 0.0, 0.9)
    binary_connect(layer)
    assert layer.weight.tolist() == [[-1, 1, 1]]
    layer(torch.tensor([[1.0, 2.0, -3.0]])).sum().backward()
    assert real(layer).grad.tolist() == [[1, 2, -3]]  # unchanged, wherever w is
    torch.optim.SGD(layer.parameters(), lr=0.5).step()
    assert real(layer).detach().numpy() == pytest.approx(np.array([[-0.8, -1.0, 2.4]]))
    constrain(layer)
    assert real(layer).detach().numpy() == pytest.approx(np.array([[-0.8, -1.0, 1.0]]))


def test_binary_connect_with_glorots_scale():
    layer = nn.Conv2d(2, 3, 5)
    binary_connect(layer, scale="glorot")
    expected = (1.5 / (2 * 25 + 3 * 25)) ** 0.5
    assert layer.weight.detach().abs().unique().numpy() == pytest.approx([expected])
    with torch.no_grad():
        real(layer).fill_(9)
    constrain(layer)
    assert float(real(layer).detach().max()) == pytest.approx(expected)


def test_stochastic_binarization_follows_the_hard_sigmoid():
    torch.manual_seed(0)
    layer = layer_with(-2.0, -0.5, 0.0, 0.5, 1.0)
    binary_connect(layer, stochastic=True)
    shares = torch.stack([layer.weight[0] for _ in range(2000)]).gt(0).float().mean(0)
    assert shares.detach().numpy() == pytest.approx(np.array([0, 0.25, 0.5, 0.75, 1]), abs=0.05)
    layer(torch.ones(1, 5)).sum().backward()
    assert real(layer).grad.tolist() == [[1, 1, 1, 1, 1]]
    layer.eval()
    assert layer.weight.tolist() == [[-1, -1, 1, 1, 1]]


def test_binary_net_stops_gradients_beyond_one():
    layer = layer_with(-1.5, -1.0, 0.0, 1.0, 1.5)
    binary_net(layer)
    layer(torch.full((1, 5), 2.0)).sum().backward()
    assert real(layer).grad.tolist() == [[0, 2, 2, 2, 0]]
    constrain(layer)
    assert real(layer).tolist() == [[-1, -1, 0, 1, 1]]


@pytest.mark.parametrize("times_n", [False, True])
def test_the_gradient_of_xnor_net(times_n):
    layer = nn.Conv2d(4, 3, 2, bias=False)
    with torch.no_grad():
        layer.weight.normal_()
    xnor_net(layer, times_n=times_n)
    with torch.no_grad():
        real(layer)[0, 0, 0, 0] = 1.0  # at the end of the range: alpha does not count there
    values = torch.randn(2, 4, 5, 5)
    layer(values).square().sum().backward()
    w = real(layer).detach()
    alpha = w.abs().mean((1, 2, 3), keepdim=True)
    binary = (alpha * torch.where(w >= 0, 1.0, -1.0)).requires_grad_()
    functional.conv2d(values, binary).square().sum().backward()
    assert binary.grad is not None
    factor = (alpha * (w.abs() < 1) + 1 / 16) * (1 - 1 / 4) * (16 if times_n else 1)
    torch.testing.assert_close(real(layer).grad, binary.grad * factor)
    assert float(factor[0, 0, 0, 0]) == pytest.approx(0.75 / 16 * (16 if times_n else 1))


def test_xnor_net_centres_and_clamps():
    layer = nn.Conv2d(3, 2, 2)
    with torch.no_grad():
        layer.weight.normal_(1, 2)
    before = layer.weight.detach().clone()
    xnor_net(layer)
    expected = (before - before.mean(1, keepdim=True)).clamp(-1, 1)
    torch.testing.assert_close(real(layer).detach(), expected)


@few
@given(
    st.integers(0, 2**31),
    st.sampled_from(["connect", "glorot", "net", "xnor"]),
    st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]),
)
def test_the_stored_weight_is_the_one_in_use(seed, kind, dtype):
    torch.manual_seed(seed)
    layer = nn.Conv2d(2, 3, 2, dtype=dtype)
    glorot = partial(binary_connect, scale="glorot")
    rules: dict[str, Any] = {"connect": binary_connect, "glorot": glorot, "net": binary_net, "xnor": xnor_net}
    rules[kind](layer)
    layer.eval()
    used, stored = layer.weight.detach(), torch.from_numpy(binary_weight(layer).dequantize())
    assert used.dtype == dtype
    assert torch.equal(used.double(), stored.double())  # float32 holds what the layer computes with
    assert torch.equal(torch.signbit(used), torch.signbit(stored))
    layer(torch.ones(1, 2, 3, 3, dtype=dtype)).sum().backward()
    assert real(layer).grad.dtype == dtype


def test_the_sign_of_what_float32_cannot_hold():
    layer = layer_with(-1e-60, 1e-60).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-1e-60, 1e-60]], dtype=torch.float64))
    binary_net(layer)
    assert layer.weight.tolist() == binary_weight(layer).dequantize().tolist() == [[-1, 1]]


@pytest.mark.parametrize(("strict", "expected"), [(False, [0, 1, 1, 1, 0]), (True, [0, 0, 1, 0, 0])])
def test_binary_activations(strict, expected):
    values = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5], requires_grad=True)
    out = BinaryActivation(strict=strict)(values)
    assert out.tolist() == [-1, -1, 1, 1, 1]
    out.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == expected


def test_input_scales_of_a_convolution_are_box_filtered_magnitudes():
    layer = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    xnor_net(layer)
    values = torch.randn(2, 3, 7, 6)
    assert layer.bias is not None
    out = XnorLayer(layer)(values)
    padded = functional.pad(values.abs().mean(1), (1, 1, 1, 1))
    signs = torch.where(values >= 0, 1.0, -1.0)
    plain = functional.conv2d(signs, layer.weight, None, 2, 1)
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            k = padded[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3].mean((1, 2))
            expected = plain[:, :, row, column] * k[:, None] + layer.bias
            torch.testing.assert_close(out[:, :, row, column], expected)


def test_input_scales_of_a_linear_layer_and_without():
    layer = layer_with(0.5, -0.5, 0.25, -0.25)
    xnor_net(layer)
    values = torch.tensor([[1.0, -2.0, 0.0, 5.0]])
    signs = torch.tensor([[1.0, -1.0, 1.0, 1.0]])
    torch.testing.assert_close(XnorLayer(layer)(values), signs @ layer.weight.T * 2)
    torch.testing.assert_close(XnorLayer(layer, input_scale=False)(values), signs @ layer.weight.T)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: binary_connect(nn.ReLU()), "expected a weight, found ReLU"),
        (lambda: binary_connect(nn.Linear(2, 2), scale=0.0), "a positive number of float32 or glorot"),
        (lambda: binary_connect(nn.Linear(2, 2), scale="he"), "a positive number of float32 or glorot"),
        (
            lambda: binary_connect(nn.Linear(2, 2), scale=float("nan")),
            "float32 or glorot, found nan",
        ),
        (
            lambda: binary_connect(nn.Linear(2, 2).double(), scale=1e300),
            r"float32 or glorot, found 1e\+300",
        ),
        (lambda: xnor_net(nn.Conv2d(1, 2, 3)), "expected 2 or more"),
        (lambda: binary_weight(nn.Linear(2, 2)), "not a binary layer"),
        (lambda: XnorLayer(nn.Conv2d(2, 2, 3, padding="same")), "zeros, in numbers"),
    ],
)
def test_layers_that_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
