"""Fine-tuning of centroids: figure 3, the sum over a cluster, what stays fixed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from spformat.errors import ConfigError
from spformat.quantization import quantize_codebook
from spformat.quantization.training import share_weights, shared_weights, summed_gradients
from tests.quantization.arrays import few
from tests.quantization.vectors import CENTROIDS, CODES, GRADIENTS, SUMMED, TUNED, WEIGHTS


def layer_of(weights):
    layer = nn.Linear(weights.shape[1], weights.shape[0], bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights))
    return layer


def figure_3():
    layer = layer_of(WEIGHTS)
    share_weights(layer, quantize_codebook(WEIGHTS, 2, zeros="clustered", init=CENTROIDS, method="none"))
    return layer


def test_figure_3_in_one_step_of_sgd_at_rate_1():
    layer = figure_3()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    (layer.weight * torch.from_numpy(GRADIENTS)).sum().backward()
    centroids = next(layer.parameters())
    assert centroids.grad is not None
    assert centroids.grad.numpy() == pytest.approx(SUMMED, abs=1e-6)
    optimizer.step()
    tuned = shared_weights(layer)
    assert tuned.codebook == pytest.approx(TUNED, abs=1e-6)
    assert (tuned.codes == CODES).all()
    assert (layer.weight.detach().numpy() == tuned.dequantize()).all()


def test_gradients_are_summed_by_cluster():
    found = summed_gradients(torch.from_numpy(GRADIENTS), torch.from_numpy(CODES), 4)
    assert found.dtype == torch.float32
    assert found.numpy() == pytest.approx(SUMMED, abs=1e-6)


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_the_gradient_of_a_centroid_is_that_of_finite_differences(seed, bits):
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random((5, 4)) < 0.6, rng.normal(size=(5, 4)), 0)
    layer = layer_of(weights).double()
    share_weights(layer, quantize_codebook(weights, bits))
    inputs = torch.from_numpy(rng.normal(size=(3, 4)))
    loss = layer(inputs).square().sum()
    loss.backward()
    centroids = next(layer.parameters())
    for k in range(len(centroids)):
        moved = centroids.detach().clone()
        moved[k] += 1e-6
        with torch.no_grad():
            weight = torch.cat([torch.zeros(1), moved])[torch.from_numpy(shared_weights(layer).codes.astype(int))]
            change = (inputs @ weight.T).square().sum() - loss
        assert centroids.grad is not None
        assert float(centroids.grad[k]) == pytest.approx(float(change) / 1e-6, abs=1e-3, rel=1e-4)


def test_zeros_stay_zero_and_clusters_fixed_with_any_optimizer():
    rng = np.random.default_rng(0)
    weights = np.where(rng.random((30, 20)) < 0.2, rng.normal(size=(30, 20)), 0).astype(np.float32)
    layer = layer_of(weights)
    before = quantize_codebook(weights, 3)
    share_weights(layer, before)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        layer(torch.from_numpy(rng.normal(size=(8, 20)).astype(np.float32))).square().sum().backward()
        optimizer.step()
    after = shared_weights(layer)
    assert (after.codes == before.codes).all()
    assert (after.dequantize()[weights == 0] == 0).all()
    assert (after.centroids != before.centroids).all()
    assert len(list(layer.parameters())) == 1


def test_a_half_precision_layer_keeps_its_type():
    import ml_dtypes

    weights = np.random.default_rng(1).normal(size=(6, 5)).astype(ml_dtypes.bfloat16)
    layer = nn.Linear(5, 6, bias=False, dtype=torch.bfloat16)
    quantized = quantize_codebook(weights, 3)
    share_weights(layer, quantized)
    assert layer.weight.dtype == torch.bfloat16
    assert shared_weights(layer).codebook.tobytes() == quantized.codebook.tobytes()


def test_assigning_a_weight_takes_the_means_of_its_clusters():
    layer = figure_3()
    layer.weight = torch.from_numpy(WEIGHTS)
    assert shared_weights(layer).codebook == pytest.approx(CENTROIDS, abs=1e-6)


def test_a_layer_without_live_weights_stays_zero():
    layer = layer_of(np.zeros((2, 3), np.float32))
    share_weights(layer, quantize_codebook(np.zeros((2, 3), np.float32), 4))
    layer(torch.ones(1, 3)).sum().backward()
    assert next(layer.parameters()).shape == (0,)
    assert shared_weights(layer).dequantize().tolist() == [[0, 0, 0], [0, 0, 0]]


def test_sharing_can_be_removed():
    layer = figure_3()
    parametrize.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter)
    assert (layer.weight.detach().numpy() == CENTROIDS[CODES]).all()


def test_what_is_refused():
    with pytest.raises(ConfigError, match=r"expected \(3, 4\), found \(4, 4\)"):
        share_weights(nn.Linear(4, 3), quantize_codebook(WEIGHTS, 2))
    with pytest.raises(ConfigError, match="weight shares no weights"):
        shared_weights(nn.Linear(4, 3))


def tied():
    embedding, layer = nn.Embedding(5, 4), nn.Linear(4, 5)
    layer.weight = embedding.weight
    return layer, embedding


def tied_to_itself():
    layer = nn.Linear(4, 5)
    layer.again = layer.weight
    return (layer,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (tied_to_itself, r"expected a parameter of one module alone, found also Linear\.again"),
        (
            tied,
            r"expected a parameter of one module alone, found also Embedding\.weight",
        ),
        (lambda: (parametrizations.spectral_norm(nn.Linear(4, 5)),), "a plain parameter, found parametrized by"),
        (
            lambda: (parametrizations.weight_norm(nn.Linear(4, 5)),),
            "a plain parameter, found parametrized by",
        ),
        (lambda: (prune.l1_unstructured(nn.Linear(4, 5), "weight", 3),), "a plain parameter, found Tensor"),
        (lambda: (nn.ReLU(),), "weight of ReLU cannot be shared: expected a plain parameter, found NoneType"),
    ],
)
def test_what_cannot_be_shared_is_left_as_it_is(make, message):
    modules = nn.ModuleList(make())
    before = {name: value.clone() for name, value in modules.state_dict().items()}
    with pytest.raises(ConfigError, match=message):
        share_weights(modules[0], quantize_codebook(np.arange(20.0).reshape(5, 4), 2))
    after = modules.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_shared_twice():
    layer = figure_3()
    with pytest.raises(ConfigError, match="found parametrized by Sharing"):
        share_weights(layer, quantize_codebook(WEIGHTS, 2))
    assert (layer.weight.detach().numpy() == CENTROIDS[CODES]).all()


def test_a_parameter_that_was_tied_once_is_free_again():
    layer, embedding = tied()
    embedding.itself = [embedding]  # a circle, which only the collector takes away
    del embedding
    share_weights(layer, quantize_codebook(layer.weight.detach().numpy(), 2))
    assert isinstance(shared_weights(layer).codebook, np.ndarray)
