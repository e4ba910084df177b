"""BatchNorm folding: the folded layer gives what layer and norm give in evaluation."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spformat.errors import ConfigError
from spformat.quantization.training import fold_batch_norm, fold_batch_norms
from tests.quantization.arrays import few


def drawn_norm(norm):
    """A norm that has seen data, with scales of either sign."""
    with torch.no_grad():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.1, 3)
        if norm.affine:
            norm.weight.normal_()
            norm.bias.normal_()
    return norm.eval()


PAIRS: dict[str, Any] = {
    "linear": (lambda bias: nn.Linear(5, 4, bias), nn.BatchNorm1d, (3, 5)),
    "conv1d": (lambda bias: nn.Conv1d(2, 4, 3, padding=1, bias=bias), nn.BatchNorm1d, (3, 2, 7)),
    "conv2d": (lambda bias: nn.Conv2d(2, 4, 3, groups=2, bias=bias), nn.BatchNorm2d, (3, 2, 5, 6)),
    "conv3d": (lambda bias: nn.Conv3d(2, 4, 2, bias=bias), nn.BatchNorm3d, (2, 2, 3, 4, 3)),
}


@few
@given(st.sampled_from(sorted(PAIRS)), st.booleans(), st.booleans(), st.integers(0, 2**31))
def test_folded_layers_give_the_same(kind, bias, affine, seed):
    torch.manual_seed(seed)
    make, norm_type, shape = PAIRS[kind]
    layer, norm = make(bias).eval(), drawn_norm(norm_type(4, affine=affine))
    before = layer.weight.clone()
    values = torch.randn(shape)
    folded = fold_batch_norm(layer, norm)
    torch.testing.assert_close(folded(values), norm(layer(values)), rtol=1e-4, atol=1e-5)
    assert torch.equal(layer.weight, before)


def test_a_chain_is_folded_everywhere():
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 3, 3), drawn_norm(nn.BatchNorm2d(3)), nn.ReLU()),
        nn.Flatten(),
        nn.Linear(3 * 4, 5),
        drawn_norm(nn.BatchNorm1d(5)),
    ).eval()
    folded = fold_batch_norms(model)
    values = torch.randn(2, 1, 4, 4)
    torch.testing.assert_close(folded(values), model(values), rtol=1e-4, atol=1e-5)
    assert not [module for module in folded.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.BatchNorm1d(3)), "found behind nothing"),
        (nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.BatchNorm1d(3)), "found behind ReLU"),
        (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(2)), "expected 3 channels, found 2"),
        (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)), "track_running_stats"),
    ],
)
def test_what_is_refused(model, message):
    with pytest.raises(ConfigError, match=message):
        fold_batch_norms(model)
