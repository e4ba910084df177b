"""The reports count what is in a file."""

import numpy as np
import pytest

import spformat
from tools.bench import positions, vgg16, vgg16_bound
from tools.bench.inputs import INPUTS


def iid(density, rows=256, columns=512, seed=7):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((rows, columns)).astype(np.float32)
    return np.where(rng.random((rows, columns)) < density, values, 0).astype(np.float32)


def test_entropy():
    assert [vgg16_bound.entropy(p) for p in (0, 0.5, 1)] == [0, 1, 0]
    assert vgg16_bound.entropy(0.09) + 0.09 == pytest.approx(0.526, abs=0.0005)


def test_a_plain_mask_takes_a_bit_for_each_weight():
    data = spformat.save({"weight": iid(0.5)}, policy=spformat.Policy(layout="bitmask", fast=True))
    found = positions.positions(data)
    assert found.counted == pytest.approx(1, abs=0.001)
    assert found.counted < found.all_but_values < 1.02
    assert found.iid_bound == pytest.approx(1, abs=0.001)
    assert found.dense == 0


@pytest.mark.parametrize("density", [0.05, 0.3])
def test_an_iid_mask_costs_about_its_entropy(density):
    found = positions.positions(spformat.save({"a": iid(density), "b": iid(density, seed=8)}))
    assert found.iid_bound == pytest.approx(vgg16_bound.entropy(density), abs=0.01)
    assert 0.98 * found.iid_bound < found.counted < 1.05 * found.iid_bound
    assert found.counted < found.all_but_values


def test_a_dense_tensor_is_counted_as_one_without_positions():
    found = positions.positions(spformat.save({"weight": iid(1.0)}))
    assert found.dense == 1
    assert found.counted == found.iid_bound == 0


def test_the_report_has_a_row_for_each_mask(monkeypatch):
    monkeypatch.setitem(INPUTS, "tiny", lambda: {"weight": iid(0.1, 16, 16)})
    lines = positions.report({"a tiny mask": "tiny"}).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| a tiny mask | 0.")


def test_all_masks_are_inputs():
    assert set(positions.MASKS.values()) <= set(INPUTS)


def test_the_bound_of_vgg16():
    (layer,), file_bytes = vgg16_bound.measure("conv1_1")
    weights = vgg16.weights(vgg16.LAYERS[0])
    assert layer.weights == weights.size
    assert layer.nonzeros == np.count_nonzero(weights)
    assert file_bytes > layer.stored > layer.bound
    assert "conv1_1.weight" in vgg16_bound.report("conv1_1")


def test_the_bound_of_one_repeated_value_is_that_of_its_positions_and_the_value():
    weights = np.zeros(1000, np.float32)
    weights[:250] = 0.5
    assert vgg16_bound.order_0_bound(weights) == pytest.approx(1000 * 0.8113 / 8 + 4, abs=1)
