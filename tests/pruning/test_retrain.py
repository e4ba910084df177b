"""Train, prune, retrain: dropout, freezing, penalties and rounds."""

import pytest
import torch
from torch import nn

from spformat.errors import PruningError
from spformat.pruning import Threshold
from spformat.pruning.dropout import DropoutCorrection, corrected_dropout
from spformat.pruning.freezing import frozen, group_of
from spformat.pruning.retrain import Penalty, train_prune_retrain
from tests.pruning.models import conv_net, lenet


@pytest.mark.parametrize(
    ("density", "ratio"), [(0.25, 0.25), (0.11, 0.1658), (0.09, 0.15), (0.04, 0.10), (0, 0), (1, 0.5)]
)
def test_dropout_is_the_papers(density, ratio):
    assert corrected_dropout(0.5, density) == pytest.approx(ratio, abs=5e-5)


def with_dropout():
    return nn.Sequential(
        nn.Dropout(0.1), nn.Linear(8, 10), nn.ReLU(), nn.Dropout(0.5), nn.Linear(10, 10), nn.ReLU(), nn.Dropout(0.4),
        nn.Linear(10, 2),
    )  # fmt: skip


def ratios(model):
    return [module.p for module in model if isinstance(module, nn.Dropout)]


def test_each_dropout_follows_the_layer_before_it():
    model = with_dropout()
    correction = DropoutCorrection(model, ["1.weight", "4.weight", "7.weight"])
    masks = {"1.weight": torch.zeros(10, 8), "4.weight": torch.ones(10, 10), "7.weight": torch.ones(2, 10)}
    masks["1.weight"][:, :2] = 1
    for _ in range(2):  # always from the originals
        correction.update(masks)
        assert ratios(model) == [0.1, 0.25, 0.4]
    correction.restore()
    assert ratios(model) == [0.1, 0.5, 0.4]


def test_dropout_by_hand():
    model = with_dropout()
    correction = DropoutCorrection(model, ["1.weight", "7.weight"], {"3": "7.weight"})
    correction.update({"1.weight": torch.ones(4), "7.weight": torch.zeros(4)})
    assert ratios(model) == [0.1, 0, 0.4]
    with pytest.raises(PruningError, match="named '9'"):
        DropoutCorrection(model, ["1.weight"], {"9": "1.weight"})


def test_groups():
    groups = group_of(conv_net())
    assert groups == {"0": "conv", "1": "conv", "4": "conv", "5": "conv", "8": "dense", "10": "dense"}


def test_frozen_layers_and_their_statistics_stand_still():
    model = conv_net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

    def train():
        model.train()
        for _ in range(3):
            optimizer.zero_grad(set_to_none=True)
            nn.functional.cross_entropy(model(torch.randn(8, 1, 8, 8)), torch.randint(0, 4, (8,))).backward()
            optimizer.step()

    before = {name: value.clone() for name, value in model.state_dict().items()}
    for group, still in (("conv", ("0", "1", "4", "5")), ("dense", ("8", "10"))):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        with frozen(model, group):
            train()
        after = model.state_dict()
        for name in before.keys() - {"0.bias", "4.bias"}:  # which normalization takes out: no gradient
            value = before[name]
            assert torch.equal(after[name], value) == (name.split(".")[0] in still), name
        before = {name: value.clone() for name, value in after.items()}
    assert all(p.requires_grad for p in model.parameters())
    assert model[1].training
    train()
    assert not torch.equal(model.state_dict()["1.running_mean"], before["1.running_mean"])
    with pytest.raises(PruningError, match="conv or dense"), frozen(model, "norm"):
        pass


def test_gradients_from_before_do_not_decay_what_is_frozen():
    model = conv_net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    before = model[0].weight.detach().clone()
    model(torch.randn(4, 1, 8, 8)).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    with frozen(model, "conv"):
        model(torch.randn(4, 1, 8, 8)).sum().backward()
        optimizer.step()
    assert torch.equal(model[0].weight, before)


def test_penalties():
    model = nn.Linear(2, 1)
    model.weight.data = torch.tensor([[3.0, -4.0]])
    assert Penalty(1, 0.5)(model).item() == 3.5
    assert Penalty(2, 0.5)(model).item() == 6.25
    with pytest.raises(PruningError):
        Penalty(3, 1)


def recorded(model, **options):
    """Runs it with a `train` that shakes all weights; what it was called with, and what came out."""
    phases = []

    def train(model, phase):
        masks = {name: buffer for name, buffer in model.named_buffers() if name.endswith("_mask")}
        phases.append((phase.kind, phase.round, phase.frozen, sum(int(m.sum()) for m in masks.values())))
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.01, weight_decay=0.1)
        sum(p.sum() for p in model.parameters() if p.requires_grad).backward()
        optimizer.step()

    scores = iter(range(100))
    return phases, train_prune_retrain(model, train, lambda _: float(next(scores)), **options)


def test_rounds():
    phases, (pruner, rounds) = recorded(lenet(), sparsities=[0.5, {"0.weight": 0.5, "2.weight": 0.9, "4.weight": 0.5}])
    assert phases == [("train", 0, None, 0), ("retrain", 1, None, 116), ("retrain", 2, None, 84)]
    assert [(r.round, r.pruned, r.retrained) for r in rounds] == [(0, 0, 0), (1, 1, 2), (2, 3, 4)]
    assert [round(r.sparsity, 4) for r in rounds] == [0, 0.5, round(1 - 84 / 232, 4)]
    assert rounds[2].layers == pytest.approx({"0.weight": 0.5, "2.weight": 0.9, "4.weight": 0.5})
    record = pruner.finalize()["pruning"]
    assert record["schedule"]["recipe"] == "train, prune, retrain"


def test_a_trained_model_with_a_method_that_decides():
    phases, (pruner, rounds) = recorded(lenet(), sparsities=[None, None], method=Threshold(0.5), trained=True)
    assert [phase[0] for phase in phases] == ["retrain", "retrain"]
    assert 0 < rounds[1].sparsity < rounds[2].sparsity == pruner.sparsity


def test_alternating():
    model = conv_net()
    phases, (pruner, rounds) = recorded(model, sparsities=[0.5], alternate=True)
    conv, dense = 6 * 9 + 8 * 24, 32 * 16 + 16 * 4
    assert phases == [
        ("train", 0, None, 0),
        ("retrain", 1, "conv", conv + dense // 2),
        ("retrain", 1, "dense", conv // 2 + dense // 2),
    ]
    assert pruner.sparsity == rounds[1].sparsity == 0.5
    with pytest.raises(PruningError, match="alternating needs a sparsity"):
        recorded(lenet(), sparsities=[0.5], alternate=True, scope="global")


def test_dropout_is_corrected_on_the_way():
    model = with_dropout()
    recorded(model, sparsities=[0.75])
    assert ratios(model) == pytest.approx([0.1, 0.25, 0.2])
    model = with_dropout()
    recorded(model, sparsities=[0.75], correct_dropout=False)
    assert ratios(model) == [0.1, 0.5, 0.4]
