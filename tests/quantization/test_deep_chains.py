"""Integers and their simulations give the same codes at any depth, ties included."""

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from spformat.quantization import AffineScheme, IntegerLayer
from spformat.quantization.training import (
    FakeQuantizedActivation,
    FakeQuantizedLayer,
    TrainingScheme,
    fake_quantized,
    to_integers,
)
from tests.quantization.arrays import few

SEEDS = st.integers(0, 2**31)
DEPTHS = st.integers(1, 12)
SCHEMES = st.builds(AffineScheme, st.sampled_from([8, 8, 4]), symmetric=st.booleans(), axis=st.sampled_from([None, 0]))


def chain(kind, depth, seed):
    """Layers of random width, most with ReLU, some without bias; and the shape of its inputs."""
    rng = np.random.default_rng(seed)
    linear = kind == "linear"
    widths = rng.choice([8, 16, 64, 256] if linear else [4, 8, 12], depth + 1).tolist()
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        bias = bool(rng.random() < 0.8)
        layer = nn.Linear(inputs, outputs, bias) if linear else nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)
        nn.init.kaiming_normal_(layer.weight)  # so that the signal is as strong in the last layer as in the first
        layers += [layer, nn.ReLU()] if rng.random() < 0.9 else [layer]
    return nn.Sequential(*layers), ((16, widths[0]) if linear else (2, widths[0], 6, 6))


def trained(kind, depth, seed, scheme):
    torch.manual_seed(seed)
    model, shape = chain(kind, depth, seed)
    model = fake_quantized(model, TrainingScheme(scheme, decay=0.9)).train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(shape))
    return model.eval(), torch.randn(shape)


def agree(model, values):
    """Codes of the integers, after they were compared with both simulations."""
    integers = to_integers(model)
    codes = integers.run(integers.source.quantize(values.numpy()))
    with torch.no_grad():
        in_torch = model(values).numpy()
    for simulated in (integers.simulate(values.numpy()), in_torch):
        apart = np.abs(codes.astype(int) - integers.target.quantize(simulated)).max()
        assert apart <= 1, "what is promised"
        assert apart == 0, "what float64 makes of it"
        assert simulated.tobytes() == integers.target.dequantize(codes).tobytes()
    return codes


@few
@given(st.sampled_from(["linear", "conv"]), DEPTHS, SEEDS, SCHEMES)
@example("linear", 12, 13, AffineScheme())  # here sums in float32 led to 8 steps
@example("conv", 12, 73, AffineScheme())  # here, too
@example("conv", 12, 305, AffineScheme())  # and to 4 here
def test_twelve_layers_are_no_further_off_than_one(kind, depth, seed, scheme):
    agree(*trained(kind, depth, seed, scheme))


def give_ties(model, unit):
    """Scales of activations are unit times a power of two, those of weights powers of two: many sums are ties."""
    for module in model.modules():
        if isinstance(module, FakeQuantizedActivation):
            step = power_of_two(max(-float(module.minimum), float(module.maximum)) / 127) * unit
            module.minimum.fill_(-128 * step)
            module.maximum.fill_(127 * step)
        elif isinstance(module, FakeQuantizedLayer):
            with torch.no_grad():
                weight = module.layer.weight
                weight.view(-1)[0] = 127 * power_of_two(float(weight.abs().max()) / 127)


def power_of_two(least):
    return 2.0 ** np.ceil(np.log2(least))


@few
@given(st.sampled_from(["linear", "conv"]), DEPTHS, SEEDS, st.sampled_from([1.0, 0.3]))
def test_ties_are_rounded_alike(kind, depth, seed, unit):
    model, values = trained(kind, depth, seed, AffineScheme())
    give_ties(model, float(np.float32(unit)))
    agree(model, values)


def test_the_ties_of_these_tests_are_ties():
    model, values = trained("linear", 3, 0, AffineScheme())
    give_ties(model, 1.0)
    integers = to_integers(model)
    codes, ties = integers.source.quantize(values.numpy()), 0
    for layer in integers.steps:
        assert isinstance(layer, IntegerLayer)
        ties += np.count_nonzero(layer.accumulate(codes) * layer.multiplier.real() % 1 == 0.5)
        codes = layer.run(codes)
    assert ties > 10


@few
@given(st.sampled_from(["linear", "conv"]), SEEDS, SCHEMES)
def test_a_layer_in_training_is_within_one_step_of_its_integers(kind, seed, scheme):
    model, values = trained(kind, 1, seed, scheme)
    model[1].training = True  # and the ranges stay as they are
    integers = to_integers(model)
    with torch.no_grad():
        found = integers.target.quantize(model(values).numpy()).astype(int)
    assert np.abs(found - integers.target.quantize(integers(values.numpy()))).max() <= 1


@few
@given(st.sampled_from(["linear", "conv"]), SEEDS, st.sampled_from([torch.float16, torch.float64]))
def test_models_of_other_types(kind, seed, dtype):
    model, values = trained(kind, 5, seed, AffineScheme(axis=0))
    model, values = model.to(dtype), values.to(dtype)
    with torch.no_grad():
        found = model(values)
    assert found.dtype == dtype
    assert torch.equal(found, torch.from_numpy(to_integers(model)(values.numpy())).to(dtype))


def test_bfloat16_has_integers_too():
    model, values = trained("linear", 1, 0, AffineScheme(axis=0))
    expected = to_integers(model)(values.numpy())
    with torch.no_grad():
        found = model.bfloat16()(values.bfloat16()).float().numpy()
    for close in (found, to_integers(model)(values.numpy())):
        assert np.abs(close - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("kind", ["linear", "conv"])
def test_gradients_in_evaluation_are_those_of_training(kind):
    model, values = trained(kind, 3, 0, AffineScheme(axis=0))
    other = copy.deepcopy(model)
    for module in other.modules():
        if isinstance(module, FakeQuantizedLayer):
            module.training = True  # and the ranges stay as they are
    for each in (model, other):
        each(values).square().mean().backward()
    for found, expected in zip(model.parameters(), other.parameters(), strict=True):
        assert found.grad is not None
        assert expected.grad is not None
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-3, atol=1e-4)


def test_an_empty_batch():
    model, shape = chain("conv", 2, 0)
    model, nothing = fake_quantized(nn.Sequential(*model, nn.MaxPool2d(2), nn.Flatten())), torch.zeros(0, *shape[1:])
    before = [model.train()(nothing).shape, model.eval()(nothing).shape]
    outputs = model.train()(torch.randn(shape)).shape[1:]
    integers = to_integers(model)
    found = [*before, model(nothing).shape, model.eval()(nothing).shape]
    found += [integers(nothing.numpy()).shape, integers.simulate(nothing.numpy()).shape]
    assert set(found) == {(0, *outputs)}
