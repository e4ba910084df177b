"""Simulated quantization: the same bits as the numpy functions, gradients, moving ranges, delay."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spformat.errors import ConfigError
from spformat.quantization import ActivationGrid, AffineScheme, quantize_affine
from spformat.quantization.training import FakeQuantizedActivation, fake_quantize, fake_quantize_weight
from tests.quantization.arrays import few, weights
from tests.quantization.test_affine import SCHEMES, per_block

FLOAT32 = [np.dtype(np.float32)]


@few
@given(weights(dtypes=FLOAT32), SCHEMES, st.data())
def test_a_weight_trains_with_the_values_that_are_stored(given_, scheme, data):
    asked = per_block(data.draw, given_.shape, scheme)
    found, scale = fake_quantize_weight(torch.from_numpy(given_), asked)
    stored = quantize_affine(given_, asked)
    assert found.numpy().tobytes() == stored.dequantize().tobytes()
    assert (scale == stored.scale).all()


@few
@given(weights(dtypes=FLOAT32), st.floats(-4, 0), st.floats(0, 4), st.integers(2, 8))
def test_activations_are_those_of_the_grid(given_, minimum, maximum, bits):
    grid = ActivationGrid.of_range(minimum, maximum, bits)
    scale, zero_point = torch.tensor(grid.scale), torch.tensor(grid.zero_point)
    found = fake_quantize(torch.from_numpy(given_), scale, zero_point, (0, grid.largest), away=True)
    assert found.numpy().tobytes() == grid.dequantize(grid.quantize(given_)).tobytes()


def test_ties_of_activations_are_rounded_away_from_zero_and_those_of_weights_to_even():
    values = torch.tensor([-2.5, -1.5, -0.5, -0.25, 0.5, 1.5, 2.5, float("inf")])
    one, middle = torch.tensor(1.0), torch.tensor(8)
    assert fake_quantize(values, one, middle, (0, 15), away=True).tolist() == [-3, -2, -1, 0, 1, 2, 3, 7]
    assert fake_quantize(values, one, middle, (0, 15)).tolist() == [-2, -2, 0, 0, 0, 2, 2, 7]
    grid = ActivationGrid(1.0, 8, 4)
    assert (grid.quantize(values[:-1].numpy()) - 8.0).tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert grid.real(np.array([0, 15], np.uint8)).tolist() == [-8, 7]


def test_the_gradient_passes_inside_of_the_range_only():
    values = torch.tensor([-1.2, -1.0, 0.3, 1.0, 1.2], requires_grad=True)
    fake_quantize(values, torch.tensor(0.5), torch.tensor(2), (0, 4)).backward(torch.ones(5))
    assert values.grad is not None
    assert values.grad.tolist() == [1, 1, 1, 1, 1]  # -1.2 and 1.2 round to the ends
    values.grad.zero_()
    fake_quantize(values * 2, torch.tensor(0.5), torch.tensor(2), (0, 4)).backward(torch.ones(5))
    assert values.grad.tolist() == [0, 0, 2, 0, 0]


def test_ranges_are_moving_averages():
    watcher = FakeQuantizedActivation(decay=0.75)
    watcher(torch.tensor([-1.0, 2.0]))
    assert (float(watcher.minimum), float(watcher.maximum)) == (-1, 2)
    watcher(torch.tensor([-3.0, 0.0]))
    assert (float(watcher.minimum), float(watcher.maximum)) == (-1.5, 1.5)
    watcher.eval()
    watcher(torch.tensor([100.0]))
    assert float(watcher.maximum) == 1.5
    assert watcher.grid == ActivationGrid.of_range(-1.5, 1.5)


def test_an_empty_batch_passes_and_leaves_the_range():
    watcher, nothing = FakeQuantizedActivation(), torch.zeros(0, 3, requires_grad=True)
    for _ in range(2):
        assert watcher(nothing).shape == (0, 3)
        assert int(watcher.steps) == 0
    watcher(torch.tensor([-1.0, 2.0]))
    watcher(nothing).sum().backward()
    assert nothing.grad is not None
    assert (float(watcher.minimum), float(watcher.maximum), int(watcher.steps)) == (-1, 2, 1)
    assert watcher.eval()(nothing).shape == (0, 3)


def test_quantization_begins_after_the_delay():
    watcher = FakeQuantizedActivation(bits=2, delay=2)
    values = torch.tensor([0.0, 0.4, 3.0])
    assert [watcher(values).tolist() == values.tolist() for _ in range(4)] == [True, True, False, False]
    early = FakeQuantizedActivation(bits=2, delay=9)
    early(values)
    early.eval()
    assert early(values).tolist() == [0, 0, 3]


def test_a_watcher_is_part_of_the_state():
    watcher = FakeQuantizedActivation()
    watcher(torch.tensor([-1.0, 2.0]))
    other = FakeQuantizedActivation()
    other.load_state_dict(watcher.state_dict())
    assert other.eval().grid == watcher.grid


def test_what_is_refused():
    with pytest.raises(ConfigError, match="no range of activations yet"):
        FakeQuantizedActivation().eval()(torch.zeros(1))
    for decay, delay in ((1.0, 0), (0.9, -1)):
        with pytest.raises(ConfigError, match=r"decay in \[0, 1\)"):
            FakeQuantizedActivation(decay=decay, delay=delay)
    with pytest.raises(ConfigError, match="axis"):
        fake_quantize_weight(torch.zeros(3), AffineScheme(axis=1))
