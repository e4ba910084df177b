"""Fine-tuning of centroids: weights that share a value share one parameter (Deep Compression, section 3.3).

A layer's weight becomes codebook[codes] with fixed codes, and the centroids become its parameter. The gradient of
a centroid is then the sum of those of its weights, so one step of plain SGD is the paper's rule,
C_k <- C_k - lr * (sum of dL/dW over cluster k), and every other optimizer works on centroids too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize

from ...errors import ConfigError
from ..codebook_tensor import CodebookTensor
from .tied import other_places

Tensor = torch.Tensor


def share_weights(module: torch.nn.Module, quantized: CodebookTensor, name: str = "weight") -> None:
    """Replace a parameter by a codebook tensor of its shape; the parameter is the centroids from now on.

    Make the optimizer afterwards: it must know `module.parametrizations[name].original`, of shape (centroids,).
    `torch.nn.utils.parametrize.remove_parametrizations(module, name)` makes a plain parameter again. Raises
    ConfigError, with nothing changed, for another shape, for what is parametrized already or no parameter, and for
    one that another module has, too (tied weights), which would be left with the centroids.
    """
    before = _plain_parameter(module, name)
    if tuple(before.shape) != quantized.shape:
        raise ConfigError("the shapes differ", expected=tuple(before.shape), found=quantized.shape)
    sharing = _Sharing(quantized).to(before.device)
    parametrize.register_parametrization(module, name, sharing, unsafe=True)  # the shape changes
    centroids = torch.from_numpy(quantized.centroids.astype(np.float64))
    with torch.no_grad():
        _original(module, name).copy_(centroids)


def shared_weights(module: torch.nn.Module, name: str = "weight") -> CodebookTensor:
    """The tensor as it stands, with the type and the codes that `share_weights` was given.

    Empty clusters are in it; `compact` leaves them out. Raises ConfigError where weights are not shared.
    """
    if not is_shared(module, name):
        raise ConfigError(f"{name} shares no weights", expected="share_weights before", found=type(module).__name__)
    sharing, centroids = _sharing(module, name), _original(module, name).detach()
    before = sharing.quantized
    reserved = np.zeros(int(before.reserves_zero))
    # + 0.0: a centroid that comes to -0.0 has the value of 0.0
    values = np.concatenate([reserved, centroids.cpu().double().numpy() + 0.0])
    return CodebookTensor(before.codes, values.astype(before.codebook.dtype), before.reserves_zero)


def is_shared(module: torch.nn.Module, name: str = "weight") -> bool:
    """Whether `share_weights` made the parameter centroids."""
    return parametrize.is_parametrized(module, name) and isinstance(_sharing(module, name), _Sharing)


def summed_gradients(gradients: Tensor, codes: Tensor, entries: int) -> Tensor:
    """The sum of the gradients of each entry's weights, shape (entries,), in the gradients' type.

    gradients: of any shape; codes: integers of the same shape. Added up in float64: an entry may have millions.
    """
    flat = codes.reshape(-1).long()
    sums = torch.bincount(flat, weights=gradients.reshape(-1).double(), minlength=entries)
    return sums.to(gradients.dtype)


class _Lookup(torch.autograd.Function):
    """codebook[codes]; its gradient by the codebook is `summed_gradients`."""

    @staticmethod
    def forward(ctx: Any, codebook: Tensor, codes: Tensor) -> Tensor:
        ctx.save_for_backward(codes)
        ctx.entries = len(codebook)
        return codebook[codes.long()]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (codes,) = ctx.saved_tensors
        return summed_gradients(gradients[0], codes, ctx.entries), None


class _Sharing(torch.nn.Module):
    """The parametrization: centroids to weights, and weights to the means of their clusters."""

    codes: Tensor

    def __init__(self, quantized: CodebookTensor) -> None:
        super().__init__()
        self.quantized = quantized
        self.register_buffer("codes", torch.from_numpy(quantized.codes.astype(np.int32)), persistent=False)

    def forward(self, centroids: Tensor) -> Tensor:
        codebook = torch.cat([centroids.new_zeros(int(self.quantized.reserves_zero)), centroids])
        return _apply(codebook, self.codes)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """What assigning a weight means: each centroid becomes the mean of its weights, an empty one 0.0."""
        entries = len(self.quantized.codebook)
        counts = torch.bincount(self.codes.reshape(-1).long(), minlength=entries).clamp(min=1)
        means = summed_gradients(weight.detach().double(), self.codes, entries) / counts
        return means[int(self.quantized.reserves_zero) :].to(weight.dtype)


def _plain_parameter(module: torch.nn.Module, name: str) -> torch.nn.Parameter:
    """What can be shared: a parameter of this module alone, with nothing before or behind it."""
    what = f"{name} of {type(module).__name__} cannot be shared"
    if parametrize.is_parametrized(module, name):
        kinds = [type(each).__name__.lstrip("_") for each in module.parametrizations[name]]  # type: ignore[index]
        raise ConfigError(what, expected="a plain parameter", found=f"parametrized by {', '.join(kinds)}")
    parameter = module._parameters.get(name)
    if parameter is None:
        raise ConfigError(what, expected="a plain parameter", found=type(getattr(module, name, None)).__name__)
    also = other_places(module, name)
    if also:
        raise ConfigError(what, expected="a parameter of one module alone", found=f"also {', '.join(also)}")
    return parameter


def _apply(codebook: Tensor, codes: Tensor) -> Tensor:
    weight: Tensor = _Lookup.apply(codebook, codes)  # type: ignore[no-untyped-call]
    return weight


def _sharing(module: torch.nn.Module, name: str) -> Any:
    return module.parametrizations[name][0]  # type: ignore[index]


def _original(module: torch.nn.Module, name: str) -> Tensor:
    original: Tensor = module.parametrizations[name].original  # type: ignore[index, union-attr]
    return original
