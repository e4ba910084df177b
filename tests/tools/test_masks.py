"""The masks of the benchmark's inputs are what their names say."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import masks
from tools.bench import inputs, vgg16


def normal(rows, columns, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, columns), dtype=np.float32)


@given(st.integers(1, 8), st.integers(1, 40), st.sampled_from([0.0, 0.5, 0.8, 1.0]), st.integers(0, 99))
def test_wanda_prunes_each_row_by_its_score(rows, columns, sparsity, seed):
    matrix, norms = normal(rows, columns, seed), np.abs(normal(1, columns, seed + 1))[0]
    left = masks.wanda(matrix, norms, sparsity)
    assert ((left == 0).sum(axis=1) == round(sparsity * columns)).all()
    assert (left[left != 0] == matrix[left != 0]).all()
    score = np.abs(matrix) * norms
    lost = np.where(left == 0, score, -np.inf).max(axis=1)
    kept = np.where(left != 0, score, np.inf).min(axis=1)
    assert (lost <= kept).all()


@given(st.integers(1, 8), st.sampled_from([(1, 4), (2, 4), (4, 8)]), st.integers(0, 99))
def test_n_of_m_leaves_the_largest_of_each_group(rows, pattern, seed):
    kept, group = pattern
    matrix = normal(rows, 24, seed)
    left = masks.n_of_m(matrix, kept, group)
    magnitude = -np.sort(-np.abs(matrix.reshape(-1, group)), axis=1)
    assert ((left != 0).reshape(-1, group).sum(axis=1) == kept).all()
    assert np.abs(left).reshape(-1, group).sum(axis=1) == pytest.approx(magnitude[:, :kept].sum(axis=1))


def test_the_norms_belong_to_the_36_matrices():
    norms = masks.input_norms()
    assert len(norms) == 36
    assert all(vector.dtype == np.float32 and (vector > 0).all() for vector in norms.values())
    assert {vector.shape for vector in norms.values()} == {(384,), (1536,)}


def test_vgg16_has_the_weights_and_densities_of_the_paper():
    assert sum(layer.weights for layer in vgg16.LAYERS) == 138_344_128
    kept = sum(layer.weights * layer.density for layer in vgg16.LAYERS)
    assert kept / 138_344_128 == pytest.approx(0.075, abs=0.0015)


def test_vgg16_weights():
    (name, first), *_ = vgg16.tensors("conv1")
    again = vgg16.weights(vgg16.LAYERS[0])
    assert name == "conv1_1.weight"
    assert first.shape == (64, 3, 3, 3)
    assert first.dtype == np.float32
    assert first.tobytes() == again.tobytes()
    second = vgg16.weights(vgg16.LAYERS[1])
    assert np.count_nonzero(second) / second.size == pytest.approx(0.22, abs=0.02)


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
def test_gaussian(dtype):
    (matrix,) = inputs.gaussian(64, 128, 0.9, dtype).values()
    assert matrix.shape == (64, 128)
    assert np.count_nonzero(matrix) == pytest.approx(0.1 * matrix.size, abs=2)
    assert matrix.dtype == {"f32": np.float32, "bf16": ml_dtypes.bfloat16}[dtype]


def test_small_tensors():
    tensors = inputs.small_tensors(0.9, "f32", count=5)
    assert len(tensors) == 10
    assert all(tensor.size <= 64 * 64 for tensor in tensors.values())
