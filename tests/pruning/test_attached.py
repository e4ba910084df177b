"""Masks in modules, and torch.nn.utils.prune's conventions both ways."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from spformat.errors import PruningError
from spformat.pruning import Pruner, Scope
from spformat.pruning.attached import attach, attached, detach, effective
from tests.pruning.models import conv_net, lenet


def torch_pruned(seed=0, amount=0.6):
    model = lenet(seed)
    for layer in (model[0], model[2], model[4]):
        prune.l1_unstructured(layer, "weight", amount)
    return model


def test_a_state_dict_of_torch_loads_unchanged():
    theirs, ours = torch_pruned(), lenet(1)
    pruner = Pruner(ours, 0.0)
    keys = ours.load_state_dict(theirs.state_dict())
    assert not keys.missing_keys
    assert not keys.unexpected_keys
    x = torch.randn(5, 12)
    assert torch.equal(ours(x), theirs(x))
    for number in (0, 2, 4):
        assert torch.equal(pruner.masks()[f"{number}.weight"], theirs[number].weight_mask.bool())


def test_our_state_dict_loads_into_torchs():
    ours, theirs = lenet(1), torch_pruned()
    Pruner(ours, 0.3).step()
    state = ours.state_dict()
    assert set(state) == set(theirs.state_dict())
    theirs.load_state_dict(state)
    x = torch.randn(5, 12)
    assert torch.equal(ours(x), theirs(x))


def test_a_model_pruned_by_torch_is_taken_over():
    model = torch_pruned()
    x = torch.randn(5, 12)
    before = model(x)
    parameter = model[0].weight_orig
    pruner = Pruner(model, 0.0)
    assert model[0].weight is parameter  # an optimizer that has it keeps it
    assert torch.equal(model(x), before)
    assert not prune.is_pruned(model)
    assert pruner.sparsity == pytest.approx(0.6, abs=0.01)


def test_a_dense_state_dict_loads_and_stays_pruned():
    model, dense = lenet(), lenet(7).state_dict()
    pruner = Pruner(model, 0.5)
    pruner.step()
    masks = copy.deepcopy(pruner.masks())
    model.load_state_dict(dense)
    for name, mask in pruner.masks().items():
        assert torch.equal(mask, masks[name])
        weight = model.get_parameter(name)
        assert torch.equal(weight, dense[name].masked_fill(~mask, 0))


def test_saving_and_loading_a_file():
    model = conv_net()
    Pruner(model, 0.8).step()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = conv_net(3)
    again = Pruner(other, 0.0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert again.sparsity == pytest.approx(0.8, abs=0.01)
    x = torch.randn(3, 1, 8, 8)
    assert torch.equal(other.eval()(x), model.eval()(x))


def test_effective_is_what_finalize_leaves():
    model = lenet()
    pruner = Pruner(model, 0.5)
    pruner.step()
    folded = effective(model.state_dict())
    pruner.finalize()
    state = model.state_dict()
    assert set(folded) == set(state)
    assert all(torch.equal(folded[name], state[name]) for name in state)


def test_a_mask_moves_and_copies_with_its_module():
    model = lenet()
    Pruner(model, 0.5).step()
    twin = copy.deepcopy(model).double()
    assert [masked.name for masked in attached(twin)] == ["0.weight", "2.weight", "4.weight"]
    assert twin[0].weight_mask.dtype == torch.bool
    assert set(twin.state_dict()) == set(model.state_dict())
    attached(twin)[0].shrink(torch.zeros(10, 12, dtype=torch.bool))
    assert model[0].weight.any()
    assert not twin[0].weight.any()


def test_attention_whose_weights_are_read_without_their_module_being_called():
    """torch.nn.utils.prune has no effect on out_proj here: its hook never runs."""
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    Pruner(layer, 1.0, names=Scope(include=["out_proj"])).step()
    x = torch.randn(2, 3, 8)
    assert torch.equal(layer(x, x, x)[0], layer.out_proj.bias.expand(2, 3, 8))


def test_recurrent_layers():
    layer = nn.LSTM(3, 4)
    pruner = Pruner(layer, 0.5)
    pruner.step()
    assert pruner.masks().keys() == {"weight_ih_l0", "weight_hh_l0"}
    layer(torch.randn(2, 1, 3))[0].sum().backward()
    gradient = layer.get_parameter("weight_hh_l0").grad
    assert gradient is not None
    assert not gradient[~layer.get_buffer("weight_hh_l0_mask")].any()


def test_detached_leaves_nothing():
    layer = nn.Linear(3, 2)
    before = set(layer.__dict__) | set(layer._buffers), len(layer._state_dict_hooks)
    masked = attach(layer, "weight", "weight")
    masked.shrink(torch.tensor([[True, False, True], [True, True, False]]))
    detach(masked)
    assert (set(layer.__dict__) | set(layer._buffers), len(layer._state_dict_hooks)) == before
    assert int((layer.weight == 0).sum()) == 2


def test_names_that_are_taken_are_refused():
    layer = nn.Linear(2, 2)
    layer.__dict__["weight_mask"] = "mine"
    with pytest.raises(PruningError, match=r"no room.*weight_mask"):
        Pruner(layer, 0.5)
    with pytest.raises(PruningError, match="is no parameter"):
        attach(nn.Linear(2, 2), "height", "height")
