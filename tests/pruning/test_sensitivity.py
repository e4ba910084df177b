"""Accuracy against sparsity, layer by layer."""

import copy
import sys

import numpy as np
import pytest
import torch
from torch.nn.utils import prune

from spformat.errors import MissingExtraError, PruningError
from spformat.pruning import Scope
from spformat.pruning.sensitivity import Sensitivity, measure
from tests.pruning.models import lenet


def test_each_layer_alone():
    model = lenet()
    before = copy.deepcopy(model.state_dict())
    seen = []

    def evaluate(model):
        zeros = [float((p == 0).float().mean()) for p in model.parameters() if p.ndim > 1]
        seen.append(zeros)
        return 100 - 50 * max(zeros)

    found = measure(model, evaluate, (0.0, 0.5, 0.75), names=Scope(exclude=["4"]))
    assert found.base == 100
    assert found.accuracies == {"0.weight": [100, 75, 62.5], "2.weight": [100, 75, 62.5]}
    assert all(sum(share > 0 for share in zeros) <= 1 for zeros in seen)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_model_pruned_by_torch():
    model = lenet()
    prune.l1_unstructured(model[0], "weight", 0.5)
    before = copy.deepcopy(model.state_dict())
    zeros = measure(model, zeros_of_the_first, (0.4, 0.75), names=Scope(include=["0"])).accuracies
    assert zeros == {"0.weight": [0.5, 0.75]}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def zeros_of_the_first(model):
    model(torch.ones(1, 12))  # torch masks the weight when the layer is called
    return float((model[0].weight == 0).float().mean())


def test_the_model_is_as_it_was_also_after_a_failure():
    model = lenet()
    before = model[0].weight.detach().clone()
    calls = []

    def evaluate(_):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("interrupted")
        return 1.0

    with pytest.raises(RuntimeError):
        measure(model, evaluate)
    assert torch.equal(model[0].weight, before)
    with pytest.raises(PruningError, match="must rise"):
        measure(model, lambda _: 1.0, (0.5, 0.2))


CURVES = Sensitivity(90.0, (0.0, 0.5, 1.0), {"a": [90, 90, 70], "b": [90, 80, 10], "c": [91, 90.5, 90]})


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        (0, {"a": 0.5, "b": 0.0, "c": 1.0}),
        (5, {"a": 0.625, "b": 0.25, "c": 1.0}),
        (80, {"a": 1.0, "b": 1.0, "c": 1.0}),
    ],
)
def test_the_most_for_a_drop(drop, expected):
    assert CURVES.most(drop) == pytest.approx(expected)


def test_a_suggestion_meets_the_size_at_the_same_drop_for_all():
    def size_of(sparsities):
        return round(sum(1000 * (1 - sparsity) for sparsity in sparsities.values()))

    found = CURVES.suggest(size_of, 800)
    assert 780 < size_of(found) <= 800
    assert found["c"] > found["a"] > found["b"]
    with pytest.raises(PruningError, match="too large"):
        CURVES.suggest(lambda _: 900, 800)


def test_a_picture(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    CURVES.draw(tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text()
    assert text.count("<path") > 6
    axes = CURVES.figure().axes[0]
    assert [line.get_label() for line in axes.lines[:3]] == ["a", "b", "c"]
    assert np.array_equal(axes.lines[1].get_ydata(), [90, 80, 10])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match="spformat"):
        CURVES.figure()
