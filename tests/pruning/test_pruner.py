"""The Pruner in a training loop: nothing revives what is pruned, and nothing is left behind."""

import copy
import gc
import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune
from torch.optim.optimizer import _global_optimizer_post_hooks

from spformat.errors import PruningError
from spformat.pruning import (
    Constant,
    Gradual,
    Iterative,
    Magnitude,
    NofM,
    OneShot,
    Pruner,
    Random,
    Rows,
    Scope,
    Threshold,
)
from spformat.pruning.selection import keep_count
from tests.pruning.models import FEWER, conv_net, lenet, train_step

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, 0.01, weight_decay=0.01, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.9, centered=True),
    "rprop": lambda p: torch.optim.Rprop(p),
    "adagrad": lambda p: torch.optim.Adagrad(p, 0.1),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_two_hundred_steps_change_no_pruned_weight(kind):
    model = lenet()
    optimizer = OPTIMIZERS[kind](model.parameters())
    for _ in range(20):
        train_step(model, optimizer)  # momentum and moments of all weights, also of those that go
    pruner = Pruner(model, 0.7)
    pruner.step()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(200):
        train_step(model, optimizer)
        for name, mask in pruner.masks().items():
            weight = model.get_parameter(name).detach()
            assert not (weight[~mask] != 0).any(), name
        pruner.step()
    for name, mask in pruner.masks().items():
        assert (model.get_parameter(name)[mask] != before[name][mask]).float().mean() > 0.2
        for value in optimizer.state[model.get_parameter(name)].values():
            if torch.is_tensor(value) and value.shape == mask.shape:
                assert not value[~mask].any()


schedules = st.one_of(
    st.builds(OneShot, st.floats(0, 1), st.integers(0, 9)),
    st.builds(Constant, st.floats(0, 1), frequency=st.integers(1, 5)),
    st.builds(lambda s, f: Gradual(s, 1, 9, f), st.floats(0, 1), st.integers(1, 9)),
    st.builds(lambda s, r: Iterative(s, r, frequency=2), st.floats(0, 1), st.integers(1, 5)),
)


@FEWER
@given(schedules, st.sampled_from([Magnitude(), Random(), Rows(1)]), st.sampled_from(["layer", "global"]))
def test_masks_only_shrink_and_end_at_the_final_sparsity(schedule, method, scope):
    model = lenet()
    optimizer = torch.optim.SGD(model.parameters(), 0.5, momentum=0.9)
    pruner = Pruner(model, schedule, method=method, scope=scope)
    before = copy.deepcopy(pruner.masks())
    for _ in range(12):
        train_step(model, optimizer)
        pruner.step()
        for name, mask in pruner.masks().items():
            assert not (mask & ~before[name]).any()
        before = copy.deepcopy(pruner.masks())
    if isinstance(method, Rows):
        counts = [(len(mask), int(mask.any(1).sum())) for mask in before.values()]
    else:
        counts = [(mask.numel(), int(mask.sum())) for mask in before.values()]
    if scope == "global":
        counts = [(sum(n for n, _ in counts), sum(kept for _, kept in counts))]
    assert all(kept == keep_count(count, schedule.final) for count, kept in counts)


@pytest.mark.parametrize("method", [NofM(2, 4), Threshold(0.5)])
def test_methods_without_a_sparsity(method):
    model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 4))
    pruner = Pruner(model, 0.0, method=method)
    pruner.step()
    assert 0.2 < pruner.sparsity < 0.6
    layers = pruner.provenance()["pruning"]["layers"]
    assert "target" not in layers["0.weight"]
    assert pruner.provenance()["pruning"]["schedule"] == {"name": "one-shot", "begin": 0}  # no sparsity was meant


def test_the_order_of_the_calls_does_not_matter():
    model = lenet()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    pruner = Pruner(model, OneShot(0.5, begin=3))
    for _ in range(6):
        pruner.step()
        train_step(model, optimizer)
    assert all(not model.get_parameter(name)[~mask].any() for name, mask in pruner.masks().items())


def test_an_optimizer_that_torch_does_not_know():
    model = lenet()
    pruner = Pruner(model, 0.5)
    pruner.step()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    pruner.step()
    assert all(not model.get_parameter(name)[~mask].any() for name, mask in pruner.masks().items())


def test_overflowing_gradients_of_pruned_weights_do_no_harm():
    model = nn.Linear(2, 1, bias=False)
    pruner = Pruner(model, 1.0)
    pruner.step()
    (model(torch.ones(1, 2)) * float("inf")).sum().backward()
    assert model.weight.grad is not None
    assert not model.weight.grad.any()


def test_frozen_weights_are_pruned_and_stay_so_when_they_are_trained_later():
    model = lenet().requires_grad_(False)
    pruner = Pruner(model, 0.5)
    pruner.step()
    assert not any(p.requires_grad for p in model.parameters())
    model.requires_grad_(True)
    train_step(model, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9))
    for name, mask in pruner.masks().items():
        weight = model.get_parameter(name)
        assert not weight[~mask].any()
        assert weight.grad is not None
        assert not weight.grad[~mask].any()


@pytest.mark.parametrize("state", ["ours", "torchs"])
def test_parameters_that_loading_replaces_stay_pruned(state):
    source = lenet(1)
    if state == "ours":
        Pruner(source, 0.5).step()
    else:
        for layer in (source[0], source[2], source[4]):
            prune.l1_unstructured(layer, "weight", 0.5)
    model = lenet()
    pruner = Pruner(model, 0.5)
    model.load_state_dict(source.state_dict(), assign=True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    train_step(model, optimizer)
    assert pruner.sparsity == 0.5
    for name, mask in pruner.masks().items():
        weight = model.get_parameter(name)
        assert not weight[~mask].any()
        assert not optimizer.state[weight]["momentum_buffer"][~mask].any()


@pytest.mark.parametrize("settings", [{"scope": "all"}, {"targets": {"weight": 90}}, {"method": NofM(2, 4)}])
def test_settings_are_looked_at_before_the_training_and_not_on_the_way(settings):
    with pytest.raises(PruningError):
        Pruner(nn.Linear(4, 4), Gradual(0.5, begin=500, end=1000), **{"scope": "global", **settings})


def test_a_sparsity_may_be_a_number_of_numpy():
    assert Pruner(lenet(), np.float32(0.5)).schedule == OneShot(0.5)


def test_targets_of_single_layers():
    model = lenet()
    pruner = Pruner(model, Gradual(0.8, 0, 10, 5), targets={"4.weight": 0.4})
    for _ in range(11):
        pruner.step()
    density = {name: mask.float().mean().item() for name, mask in pruner.masks().items()}
    assert density == pytest.approx({"0.weight": 0.2, "2.weight": 0.2, "4.weight": 0.6}, abs=0.02)
    with pytest.raises(PruningError, match=r"not pruned: 9\.weight"):
        Pruner(model, 0.5, targets={"9.weight": 0.5})


def test_resuming_goes_on_as_if_nothing_had_happened():
    def setup():
        model = lenet()
        optimizer = torch.optim.AdamW(model.parameters(), 0.01)
        return model, optimizer, Pruner(model, Gradual(0.9, 2, 20, 3))

    torch.manual_seed(5)
    batches = [(torch.randn(16, 12), torch.randint(0, 4, (16,))) for _ in range(24)]

    def run(parts, some):
        model, optimizer, pruner = parts
        for x, y in some:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            pruner.step()

    whole = setup()
    run(whole, batches)
    first, second = setup(), setup()
    run(first, batches[:11])
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    run(second, batches[11:])
    for name, value in whole[0].state_dict().items():
        assert torch.equal(value, second[0].state_dict()[name]), name
    with pytest.raises(PruningError, match="another schedule"):
        Pruner(lenet(), 0.5).load_state_dict(first[2].state_dict())


@pytest.mark.parametrize("other", [{"scope": "global"}, {"targets": {"0.weight": 0.5}}, {"method": Random()}])
def test_resuming_with_other_settings_is_refused(other):
    with pytest.raises(PruningError, match="another " + next(iter(other))):
        Pruner(lenet(), 0.5, **other).load_state_dict(Pruner(lenet(), 0.5).state_dict())


def test_deepcopy_of_model_and_pruner_together():
    model = lenet()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    pruner = Pruner(model, OneShot(0.5, begin=1))
    train_step(model, optimizer)
    pruner.step()
    twin, twin_pruner = copy.deepcopy((model, pruner))
    optimizer = torch.optim.SGD(twin.parameters(), 0.1, momentum=0.9)
    for _ in range(3):
        train_step(twin, optimizer)
        twin_pruner.step()
    assert twin_pruner.sparsity == pytest.approx(0.5)
    assert pruner.sparsity == 0
    for name, mask in twin_pruner.masks().items():
        assert not twin.get_parameter(name)[~mask].any()
        assert not twin.get_parameter(name).grad[~mask].any()


def test_deepcopy_between_forward_and_backward():
    model = lenet()
    Pruner(model, 0.5).step()
    loss = model(torch.randn(2, 12)).sum()
    twin = copy.deepcopy(model)
    loss.backward()
    assert set(twin.state_dict()) == set(model.state_dict())


def test_finalize_leaves_a_plain_model():
    model, plain = conv_net(), conv_net()
    hooks = len(_global_optimizer_post_hooks)
    pruner = Pruner(model, 0.6)
    pruner.step()
    pruner.finalize()
    assert list(model.state_dict()) == list(plain.state_dict())
    assert len(_global_optimizer_post_hooks) == hooks
    for module in model.modules():
        assert "_spformat_hooks" not in module.__dict__
        assert not module._state_dict_hooks
        assert not module._load_state_dict_pre_hooks
        assert not module._load_state_dict_post_hooks
    for name, parameter in model.named_parameters():
        assert not parameter._backward_hooks, name
    zeros = sum(int((p == 0).sum()) for p in model.parameters() if p.ndim > 1)
    assert zeros == sum(round(0.6 * p.numel()) for p in plain.parameters() if p.ndim > 1)


def test_a_finalized_pruner_does_nothing_more():
    model = lenet()
    first, second = Pruner(model, 0.5), Pruner(model, 0.5)
    first.finalize()
    for call in (first.finalize, first.provenance, first.step, lambda: first.prune(0.5)):
        with pytest.raises(PruningError, match="was finalized"):
            call()
    with pytest.raises(PruningError, match=r"another Pruner was finalized.*'0\.weight'"):
        second.step()


def test_a_forgotten_pruner_is_not_kept_alive():
    gc.collect()
    hooks = len(_global_optimizer_post_hooks)
    pruner = Pruner(lenet(), 0.5)
    assert len(_global_optimizer_post_hooks) == hooks + 1
    del pruner
    gc.collect()
    assert len(_global_optimizer_post_hooks) == hooks


def test_provenance_says_what_was_done():
    model = lenet()
    pruner = Pruner(model, 0.75, names=Scope(exclude=["4"]))
    pruner.step()
    found = pruner.finalize()["pruning"]
    assert found == {
        "method": {"name": "magnitude"},
        "schedule": {"name": "one-shot", "sparsity": 0.75, "begin": 0},
        "scope": "layer",
        "target": 0.75,
        "achieved": 0.75,
        "layers": {
            "0.weight": {"weights": 120, "kept": 30, "achieved": 0.75, "target": 0.75},
            "2.weight": {"weights": 80, "kept": 20, "achieved": 0.75, "target": 0.75},
        },
    }
