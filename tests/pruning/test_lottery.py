"""Tickets: the paper's densities, rewinding, and the controls."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from spformat.errors import PruningError
from spformat.pruning import lottery
from spformat.pruning.lottery import find_ticket, reinitialize, reset_to, ticket_sparsity, warmup
from tests.pruning.models import conv_net, lenet

LENET = {"784-300": 235200, "300-100": 30000, "100-10": 1000}
# Frankle and Carbin's P_m in percent, 20 % a round and 10 % of the output layer.
DENSITIES = [80.0, 64.1, 51.3, 41.1, 32.9, 26.3, 21.1, 16.9, 13.5, 10.8, 8.7, 7.0, 5.6, 4.5, 3.6, 2.9, 2.3, 1.9, 1.5]


def densities(output_share):
    shares = dict.fromkeys(LENET, 0.2) | {"100-10": output_share}
    return [
        round(100 * sum(n * (1 - ticket_sparsity(level, shares[k])) for k, n in LENET.items()) / sum(LENET.values()), 1)
        for level in range(1, 20)
    ]


def test_the_papers_densities():
    assert densities(0.1) == DENSITIES
    assert densities(0.2) != DENSITIES
    assert densities(0.2)[:3] == [80.0, 64.0, 51.2]


def test_the_same_of_a_real_network():
    model = nn.Sequential(nn.Linear(784, 300), nn.Linear(300, 100), nn.Linear(100, 10))
    _, levels = find_ticket(model, lambda _: None, lambda _: 0.0, 6, share=0.2, output="2.weight")
    assert [round(100 * level.density, 1) for level in levels] == [100.0, *DENSITIES[:6]]


def shake(model):
    """Training that moves every weight, with an optimizer of its own."""
    optimizer = torch.optim.SGD(model.parameters(), 0.5, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.randn(8, 12)), torch.randint(0, 4, (8,))).backward()
        optimizer.step()


def test_survivors_go_back_to_what_they_were():
    model = lenet()
    start = copy.deepcopy(model.state_dict())
    seen = []

    def train(model):
        seen.append({name: p.detach().clone() for name, p in model.named_parameters()})
        shake(model)

    pruner, levels = find_ticket(model, train, lambda _: 1.0, 3, sparsity=0.9)
    for weights, level in zip(seen, levels, strict=True):
        for name, value in weights.items():
            mask = level.masks.get(name, torch.ones_like(value, dtype=torch.bool))
            assert torch.equal(value, start[name].masked_fill(~mask, 0))
    for before, after in pairwise(levels):
        assert all(not (after.masks[name] & ~before.masks[name]).any() for name in after.masks)
    assert levels[-1].density == pytest.approx(0.1, abs=0.01)
    assert pruner.provenance()["pruning"]["schedule"]["recipe"] == "lottery ticket"


def test_rewinding_to_early_weights():
    model = lenet()
    early = copy.deepcopy(lenet(9).state_dict())
    seen = []

    def train(model):
        seen.append(model[0].bias.detach().clone())
        shake(model)

    find_ticket(model, train, lambda _: 1.0, 1, share=0.5, rewind=early)
    assert torch.equal(seen[1], early["0.bias"])


def test_a_ticket_and_its_control():
    model = lenet()
    start = copy.deepcopy(model.state_dict())
    pruner, levels = find_ticket(model, shake, lambda _: 1.0, 2, share=0.5, scope="global")
    pruner.finalize()
    ticket = lenet(5)
    keeper = reset_to(ticket, start, levels[-1].masks)
    for name, mask in levels[-1].masks.items():
        assert torch.equal(ticket.get_parameter(name), start[name].masked_fill(~mask, 0))
    reinitialize(ticket, 3)
    for name, mask in levels[-1].masks.items():
        weight = ticket.get_parameter(name).detach()
        assert not weight[~mask].any()
        assert (weight[mask] != start[name][mask]).all()
        assert weight[mask].std() == pytest.approx(float(start[name].std()), rel=0.5)
    assert keeper.sparsity == pytest.approx(0.75, abs=0.01)


def test_drawing_anew_is_repeatable_and_leaves_the_global_seed_alone():
    models = conv_net(0), conv_net(1)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    for model in models:
        reinitialize(model, 11)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(models[0][0].weight, models[1][0].weight)

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2, 2))

    with pytest.raises(PruningError, match="Own cannot be drawn anew"):
        reinitialize(Own(), 1)


def test_what_makes_no_sense_is_refused():
    for share, sparsity in ((None, None), (0.2, 0.9)):
        with pytest.raises(PruningError, match="either the share"):
            find_ticket(lenet(), shake, lambda _: 1.0, 2, share=share, sparsity=sparsity)
    with pytest.raises(PruningError, match=r"output layer is not among.*'9\.weight'"):
        find_ticket(lenet(), shake, lambda _: 1.0, 2, share=0.2, output="9.weight")


def test_the_output_layer_has_no_share_of_its_own_among_all_layers():
    with pytest.raises(PruningError, match=r"no share for a single layer.*'4\.weight'"):
        find_ticket(lenet(), shake, lambda _: 1.0, 2, share=0.2, output="4.weight", scope="global")


def test_warm_up():
    parameter = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], 0.4)
    schedule = warmup(optimizer, 4, lambda step: 0.5 if step >= 6 else 1.0)
    rates = []
    for _ in range(8):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.2, 0.2])


def test_scratch_budgets():
    assert lottery.scratch_e_epochs(160) == 160
    assert lottery.scratch_b_epochs(160, 10, 6) == 266
    for flops in (0, 11):
        with pytest.raises(PruningError):
            lottery.scratch_b_epochs(160, 10, flops)
