"""What is saved of a model with shared and binary weights is what the plain model loads."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from spformat import safe_open
from spformat.quantization import BinaryTensor, CodebookTensor, quantize_codebook
from spformat.quantization.training import binary_connect, quantized_state, share_weights, xnor_net
from spformat.torch import load_file, save_file


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Sequential(nn.Conv1d(30, 8, 1), nn.Linear(1, 4)))


class Doubled(nn.Module):
    def forward(self, weight):
        return 2 * weight


def trained():
    model = network()
    share_weights(model[0], quantize_codebook(model[0].weight.detach().numpy(), 3, zeros="apart"))
    xnor_net(model[2][0])
    parametrize.register_parametrization(model[2][1], "weight", Doubled())
    return model


def test_the_plain_model_loads_what_was_saved(tmp_path):
    model = trained()
    state = quantized_state(model)
    assert sorted(state) == sorted(network().state_dict())
    save_file(state, tmp_path / "t.spf")
    plain = network()
    plain.load_state_dict(load_file(tmp_path / "t.spf"))
    values = torch.randn(5, 20, 1)
    expected = model[2][0](model[1](model[0](values.squeeze(-1))).unsqueeze(-1))
    found = plain[2][0](plain[1](plain[0](values.squeeze(-1))).unsqueeze(-1))
    assert torch.equal(found, expected)
    assert torch.equal(plain[2][1].weight, model[2][1].weight)
    with safe_open(tmp_path / "t.spf", framework="np") as f:
        assert isinstance(f.get_quantized("0.weight"), CodebookTensor)
        assert isinstance(f.get_quantized("2.0.weight"), BinaryTensor)


def test_a_layer_alone_and_a_model_without_any():
    layer = nn.Linear(6, 3)
    binary_connect(layer)
    assert sorted(quantized_state(layer)) == ["bias", "weight"]
    assert isinstance(quantized_state(layer)["weight"], BinaryTensor)
    model = network()
    state = quantized_state(copy.deepcopy(model))
    for name, tensor in model.state_dict().items():
        found = state[name]
        assert isinstance(found, torch.Tensor)
        assert torch.equal(found, tensor)


def test_what_stands_behind_shared_or_binary_weights_counts():
    for make in (
        binary_connect,
        lambda layer: share_weights(layer, quantize_codebook(layer.weight.detach().numpy(), 2)),
    ):
        layer = nn.Linear(4, 4)
        make(layer)
        parametrize.register_parametrization(layer, "weight", Doubled(), unsafe=True)
        stored = quantized_state(layer)["weight"]
        assert isinstance(stored, torch.Tensor)
        assert torch.equal(stored, layer.weight)


def test_a_parametrization_that_has_one_itself_leaves_no_name():
    inner, layer = nn.Linear(4, 4, bias=False), nn.Linear(4, 4)
    parametrize.register_parametrization(inner, "weight", Doubled())
    parametrize.register_parametrization(layer, "weight", inner)
    assert sorted(quantized_state(layer)) == ["bias", "weight"]


def test_a_layer_that_is_used_twice_has_both_names():
    layer = nn.Linear(4, 4)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    names = sorted(model.state_dict())
    share_weights(layer, quantize_codebook(layer.weight.detach().numpy(), 2, zeros="apart"))
    assert sorted(quantized_state(model)) == names


def test_nothing_changes_in_training_mode():
    layer = nn.Linear(6, 4)
    model = nn.Sequential(parametrizations.spectral_norm(layer), nn.Dropout(), nn.Linear(4, 4))
    model[2].eval()
    model(torch.randn(3, 6))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    stored = quantized_state(model)["0.weight"]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert isinstance(stored, torch.Tensor)
    assert not stored.requires_grad
    model.eval()
    assert torch.equal(stored, layer.weight)


class Failing(nn.Module):
    broken = False

    def forward(self, weight):
        if self.broken:
            assert not self.training
            assert not torch.is_grad_enabled()
            raise ValueError("no weight")
        return weight


def test_modes_are_given_back_after_an_error(monkeypatch):
    layer = nn.Linear(2, 2)
    parametrize.register_parametrization(layer, "weight", Failing())
    monkeypatch.setattr(Failing, "broken", True)
    with pytest.raises(ValueError, match="no weight"):
        quantized_state(layer)
    assert all(module.training for module in layer.modules())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("name", ["0.weight", "2.0.weight"])
def test_the_state_dict_itself_lacks_the_codes(name):
    assert name not in trained().state_dict()
