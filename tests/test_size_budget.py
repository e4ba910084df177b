"""A model whose file is no larger than was asked for."""

import pytest
import torch

import spformat.torch
from spformat.errors import PruningError
from spformat.pruning import Scope
from spformat.pruning.sensitivity import Sensitivity
from spformat.size_budget import packed_size, prune_to_size, size_by_layer
from tests.pruning.conftest import one_thread  # noqa: F401
from tests.pruning.models import conv_net, train_step


class Tied(torch.nn.Module):
    """Two layers have one weight; another is one module with two names."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = (torch.nn.Linear(64, 64) for _ in range(3))
        self.b.weight = self.a.weight
        self.again = self.c


@pytest.mark.parametrize("names", [Scope(), Scope(include=["b", "c"])])
def test_shared_weights_are_pruned_under_all_their_names(names, tmp_path):
    model = Tied()
    budget = packed_size(model) // 3
    pruner, (only,) = prune_to_size(model, budget, names=names)
    assert {n.split(".")[0] for n in pruner.masks()} == ({"b", "c"} if names.include else {"a", "c"})
    record = pruner.finalize()
    spformat.torch.save_file(model.state_dict(), tmp_path / "m.spf", metadata=record)
    assert 0.97 * budget < (tmp_path / "m.spf").stat().st_size == only.file_bytes <= budget
    dense = Tied()
    assert size_by_layer(dense)({"a.weight": 1.0, "c.weight": 1.0}) < packed_size(dense) // 10


def large():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(64, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_the_file_fits(scope, tmp_path):
    model = large()
    budget = packed_size(model) // 4
    pruner, (only,) = prune_to_size(model, budget, scope=scope)
    record = pruner.finalize()
    spformat.torch.save_file(model.state_dict(), tmp_path / "m.spf", metadata=record)
    size = (tmp_path / "m.spf").stat().st_size
    assert size == only.file_bytes
    assert 0.98 * budget < size <= budget
    layers = spformat.inspect(tmp_path / "m.spf").file.metadata["pruning"]["layers"]
    assert set(layers) == {"0.weight", "2.weight"}


def test_with_retraining_in_rounds():
    model = large()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    retrained = []

    def retrain(model):
        for _ in range(5):
            train_step(model, optimizer, (16, 64))
        retrained.append(model)

    budget = packed_size(model) // 5
    pruner, rounds = prune_to_size(model, budget, retrain=retrain, rounds=3)
    assert len(retrained) == len(rounds) >= 3
    assert rounds[0].file_bytes > rounds[-1].file_bytes
    assert rounds[-1].file_bytes <= budget
    assert packed_size(model, pruner.finalize()) <= budget


def test_a_size_that_cannot_be_reached():
    with pytest.raises(PruningError, match="even at sparsity"):
        prune_to_size(conv_net(), 500)


def test_sizes_by_layer_for_a_suggestion():
    model = large()
    size_of = size_by_layer(model)
    assert size_of({}) == packed_size(model)
    assert size_of({"0.weight": 0.5}) > size_of({"0.weight": 0.9}) > size_of({"0.weight": 0.9, "2.weight": 0.9})
    found = Sensitivity(100, (0, 0.5, 0.9), {"0.weight": [100, 99, 80], "2.weight": [100, 70, 20]})
    budget = packed_size(model) // 2
    suggested = found.suggest(size_of, budget)
    assert 0.97 * budget < size_of(suggested) <= budget
    assert suggested["0.weight"] > suggested["2.weight"]
