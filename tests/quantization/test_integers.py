"""Integer-only inference against the float simulation: all that a chain may hold, single layers, what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spformat.errors import ConfigError
from spformat.quantization import ActivationGrid, AffineScheme, IntegerLayer, quantize_affine, quantize_bias
from spformat.quantization.training import TrainingScheme, fake_quantized, fold_batch_norms, to_integers
from tests.quantization.arrays import few

INT8 = AffineScheme()


def chain(kind):
    """Small models of all that a chain may hold."""
    if kind == "linear":
        layers = [nn.Linear(12, 9), nn.ReLU(), nn.Dropout(0.1), nn.Linear(9, 7, bias=False), nn.ReLU(), nn.Linear(7, 5)]
        return nn.Sequential(*layers), (16, 12)
    if kind == "conv":
        layers = [nn.Conv2d(2, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)]
        head = nn.Sequential(nn.Flatten(), nn.Linear(4 * 3 * 3, 5))
        return nn.Sequential(*layers, nn.Conv2d(6, 4, 2, bias=False), nn.ReLU(), nn.Identity(), head), (8, 2, 8, 8)
    layers = [nn.Conv2d(4, 8, (3, 2), stride=(2, 1), groups=2, dilation=(1, 2), padding=(1, 0)), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(8, 3, 3, padding="same")), (4, 4, 9, 7)


@few
@given(
    st.sampled_from(["linear", "conv", "geometry"]),
    st.sampled_from([None, 0]),
    st.booleans(),
    st.sampled_from([4, 8]),
    st.integers(0, 2**31),
)
def test_integers_give_what_the_simulations_give(kind, axis, symmetric, bits, seed):
    torch.manual_seed(seed)
    model, shape = chain(kind)
    model(torch.randn(shape))  # so that BatchNorm has averages
    scheme = TrainingScheme(AffineScheme(bits, symmetric, axis=axis), decay=0.5)
    trained = fake_quantized(fold_batch_norms(model.eval()), scheme).train()
    for _ in range(3):
        trained(torch.randn(shape))
    trained.eval()
    integers, values = to_integers(trained), torch.randn(shape)
    codes = integers.run(integers.source.quantize(values.numpy()))
    assert codes.dtype == np.uint8
    expected = integers.target.dequantize(codes)
    with torch.no_grad():
        assert (trained(values).numpy() == expected).all()
    assert (integers.simulate(values.numpy()) == expected).all()
    assert (integers(values.numpy()) == expected).all()


@few
@given(st.integers(0, 2**32 - 1), st.booleans(), st.floats(-3, 3))
def test_one_layer_is_the_rounded_real_result(seed, relu, exponent):
    rng = np.random.default_rng(seed)
    weight = quantize_affine(rng.normal(size=(4, 10)), AffineScheme(8, symmetric=False, axis=0))
    source = ActivationGrid.of_range(-1, 2)
    target = ActivationGrid.of_range(-(10.0**exponent), 2 * 10.0**exponent)
    bias = quantize_bias(rng.normal(size=4), source.scale, weight.scale)
    layer = IntegerLayer(weight, bias, source, target, relu)
    codes = source.quantize(rng.normal(size=(6, 10)))
    steps = codes.astype(np.float64) - source.zero_point
    scales = weight.scale.astype(np.float64)
    real = source.scale * steps @ ((weight.codes - weight.zero_point[:, None]) * scales[:, None]).T
    real = real + bias.codes * (source.scale * scales)
    expected = target.quantize(np.maximum(real, 0) if relu else real)
    assert np.abs(layer.run(codes).astype(int) - expected).max() <= 1  # one only for what is half a step away
    assert (target.quantize(layer.simulate(source.real(codes))) == layer.run(codes)).all()


def test_training_learns_and_integers_follow():
    torch.manual_seed(0)
    inputs = torch.randn(256, 8)
    labels = (inputs[:, 0] * inputs[:, 1] > 0).long()
    model = fake_quantized(nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2)), TrainingScheme(delay=20))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    outputs = to_integers(model.eval())(inputs.numpy())
    assert (outputs.argmax(1) == labels.numpy()).mean() > 0.9


def test_the_original_model_is_left_alone():
    model, shape = chain("linear")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trained = fake_quantized(model).train()
    trained(torch.randn(shape)).square().sum().backward()
    torch.optim.SGD(trained.parameters(), lr=1.0).step()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "found BatchNorm1d"),
        (nn.Sequential(nn.ReLU()), "behind Linear or Conv2d"),
        (nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")), "expected zeros, found reflect"),
    ],
)
def test_models_that_have_no_quantized_form(model, message):
    with pytest.raises(ConfigError, match=message):
        fake_quantized(model)


@pytest.mark.parametrize(
    ("module", "message"),
    [(nn.MaxPool2d(2, padding=1), "a pool in integers"), (nn.Flatten(0), "Flatten in integers")],
)
def test_steps_that_have_no_integer_form(module, message):
    model = fake_quantized(nn.Sequential(nn.Conv2d(1, 1, 1), module)).train()
    model(torch.randn(1, 1, 4, 4))
    with pytest.raises(ConfigError, match=message):
        to_integers(model)


def test_integers_need_a_trained_model():
    with pytest.raises(ConfigError, match="not made by fake_quantized"):
        to_integers(nn.Sequential(nn.Linear(2, 2)))
    with pytest.raises(ConfigError, match="no range of activations yet"):
        to_integers(fake_quantized(nn.Sequential(nn.Linear(2, 2))))


def test_a_layer_checks_its_weight():
    grid = ActivationGrid.of_range(0, 1)
    with pytest.raises(ConfigError, match="scales inside of a sum"):
        IntegerLayer(quantize_affine(np.ones((2, 4)), AffineScheme(group=2)), None, grid, grid)
    with pytest.raises(ConfigError, match="expected 2 dimensions"):
        IntegerLayer(quantize_affine(np.ones(4)), None, grid, grid)


def test_sums_beyond_int32_are_found():
    grid = ActivationGrid.of_range(0, 1)
    layer = IntegerLayer(quantize_affine(np.ones((1, 70_000))), None, grid, grid)
    with pytest.raises(ConfigError, match="sums beyond int32"):
        layer.run(np.full((1, 70_000), 255, np.uint8))
