"""Which parameters are pruned: ranks, patterns, embeddings, ties."""

import pytest
import torch
from torch import nn

from spformat.errors import PruningError
from spformat.pruning import Scope
from spformat.pruning.parameters import prunable
from tests.pruning.models import conv_net


@pytest.mark.parametrize(
    ("name", "rank", "taken"),
    [
        ("encoder.layer.0.attention.self.query.weight", 2, True),
        ("encoder.layer.0.attention.self.query.bias", 1, False),
        ("encoder.layer.0.attention.output.LayerNorm.weight", 1, False),
        ("embeddings.word_embeddings.weight", 2, False),
        ("model.embed_tokens.weight", 2, False),
        ("transformer.wte.weight", 2, False),
        ("lm_head.weight", 2, False),
        ("classifier.weight", 2, False),
        ("transformer.h.3.attn.c_attn.weight", 2, True),
        ("headless.weight", 2, True),
        ("conv1.weight", 4, True),
    ],
)
def test_defaults(name, rank, taken):
    assert Scope().takes(name, rank) == taken


@pytest.mark.parametrize(
    ("include", "exclude", "taken"),
    [
        ([], [], ["net.fc1.weight", "net.fc2.weight", "net.conv.weight"]),
        (["fc*"], [], ["net.fc1.weight", "net.fc2.weight"]),
        (["net.fc*.weight"], ["fc2"], ["net.fc1.weight"]),
        ([], ["net.fc1.*"], ["net.fc2.weight", "net.conv.weight"]),
        (["head", "conv"], [], ["net.conv.weight", "head.weight"]),
        (["*"], [], ["net.fc1.weight", "net.fc2.weight", "net.conv.weight", "head.weight"]),
        (["fc"], [], []),
    ],
)
def test_patterns(include, exclude, taken):
    names = ["net.fc1.weight", "net.fc2.weight", "net.conv.weight", "head.weight"]
    scope = Scope(include, exclude)
    assert [name for name in names if scope.takes(name, 2)] == taken


def test_biases_only_when_asked():
    assert Scope(min_rank=1).takes("fc.bias", 1)
    assert Scope(["fc"], min_rank=1).takes("fc.bias", 1)
    assert not Scope(["fc"]).takes("fc.bias", 1)


@pytest.mark.parametrize("name", ["include", "exclude", "spared"])
def test_a_text_is_not_taken_for_its_letters(name):
    with pytest.raises(PruningError, match=rf"{name} is a sequence.*'fc\*'"):
        Scope(**{name: "fc*"})  # type: ignore[arg-type]


def test_the_magnitudes_of_weight_normalization_are_spared():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    assert [name for *_, name in prunable(layer, Scope())] == ["parametrizations.weight.original1"]
    assert not Scope().takes("conv.weight_g", 3)


def test_the_parameters_of_a_model_in_their_order():
    assert [name for *_, name in prunable(conv_net(), Scope())] == ["0.weight", "4.weight", "8.weight", "10.weight"]


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.body = nn.Linear(4, 4)
        self.again = self.body
        self.out = nn.Linear(4, 10)
        self.out.weight = self.words.weight


def test_embeddings_and_what_is_tied_to_them_are_spared():
    assert [name for *_, name in prunable(Tied(), Scope())] == ["body.weight"]
    assert [name for *_, name in prunable(Tied(), Scope(include=["words"]))] == ["words.weight"]


def test_a_pattern_that_matches_nothing_is_an_error():
    for scope in (Scope(include=["nothing"]), Scope(exclude=["0", "fc7.*"])):
        with pytest.raises(PruningError, match="no parameter is named like"):
            prunable(conv_net(), scope)
    with pytest.raises(PruningError, match="nothing to prune"):
        prunable(nn.Sequential(nn.Embedding(3, 3), nn.LayerNorm(3)), Scope())


def test_integers_are_left_alone():
    model = nn.Linear(2, 2)
    model.codes = nn.Parameter(torch.zeros(2, 2, dtype=torch.int8), requires_grad=False)
    assert [name for *_, name in prunable(model, Scope())] == ["weight"]
