"""Layers that compute with binary weights and train the real ones behind them: BinaryConnect, BNN, XNOR-Net.

The real weight stays the parameter. Every step: forward and backward through the binary one, the optimizer updates
the real one, `constrain` brings it back into its range. Scales are rounded to the layer's type, and in float64 to
float32, so that layers compute with the very scales that a BinaryTensor stores.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.init import _calculate_fan_in_and_fan_out
from torch.nn.utils import parametrize

from ...errors import ConfigError
from ..arrays import finite
from ..binary import BinaryTensor

Tensor = torch.Tensor
_FLOAT32 = torch.finfo(torch.float32)


def sign(values: Tensor) -> Tensor:
    """+1 or -1, and +1 for 0.0 and -0.0, where torch.sign gives 0: a bit has no third value."""
    return torch.where(values >= 0, 1.0, -1.0).to(values.dtype)


def binary_connect(module: nn.Module, *, scale: float | str = 1.0, stochastic: bool = False) -> None:
    """Train with H sign(w) (arXiv 1511.00363); the gradient there goes to w unchanged, and w stays in [-H, H].

    scale: H, or "glorot" for sqrt(1.5 / (fan in + fan out)). stochastic: in training +H with probability
    clip((w / H + 1) / 2, 0, 1). In evaluation the weights are binary either way, as they are stored; the paper
    evaluates stochastic training with the real weights, `module.parametrizations.weight.original`.
    """
    if scale == "glorot":
        scale = math.sqrt(1.5 / sum(_calculate_fan_in_and_fan_out(_weight(module))))
    if isinstance(scale, str) or not _FLOAT32.tiny <= scale <= _FLOAT32.max:
        raise ConfigError("scale", expected="a positive number of float32 or glorot", found=repr(scale))
    _register(module, _BinaryConnect(float(scale), stochastic))


def binary_net(module: nn.Module) -> None:
    """Train with sign(w) (BNN, arXiv 1602.02830): straight through where |w| <= 1, and w stays in [-1, 1]."""
    _register(module, _BinaryNet())


def xnor_net(module: nn.Module, *, times_n: bool = False) -> None:
    """Train with alpha sign(w), alpha the mean |w| of each output filter (XNOR-Net, arXiv 1603.05279).

    The gradient at the binary weight goes to w times (alpha 1[|w| < 1] + 1 / n) (1 - 1 / inputs), n weights a filter,
    as in the authors' code; times_n multiplies it by n as well, as they do for SGD (Adam does not see it). Before
    each step w is centred over its inputs and clamped to [-1, 1]. Raises ConfigError for a single input: centred,
    nothing would be left (the first layer is not binarized anyway).
    """
    weight = _weight(module)
    if weight.ndim < 2 or weight.shape[1] < 2:
        raise ConfigError("inputs of a layer", expected="2 or more", found=tuple(weight.shape))
    _register(module, _XnorNet(times_n))
    constrain(module)


def constrain(model: nn.Module) -> None:
    """Bring the real weights of all binary layers back into their range: call it after every optimizer step."""
    for rule, real in _binary_weights(model):
        with torch.no_grad():
            rule.constrain(real)


def is_binary(module: nn.Module) -> bool:
    """Whether the layer's own weight is binary."""
    return bool(_binary_weights(module, recurse=False))


def binary_weight(module: nn.Module) -> BinaryTensor:
    """The weight that the layer evaluates with, to store. Raises ConfigError where it is not binary, or not finite."""
    for rule, real in _binary_weights(module, recurse=False):
        wide = finite(real.detach().cpu().double().numpy())  # numpy has no bfloat16
        return BinaryTensor(np.asarray(wide >= 0), rule.scales(real.detach()).cpu().float().numpy())
    raise ConfigError("not a binary layer", expected="binary_connect, binary_net or xnor_net", found=str(module))


class _Rule(nn.Module, ABC):
    """A parametrization: the binary weight from the real one."""

    def scales(self, real: Tensor) -> Tensor:
        """What the signs are multiplied by, in the type of the weight: one number, or one for each output."""
        return _as_stored(torch.ones((), dtype=torch.float64, device=real.device), real.dtype)

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight

    @abstractmethod
    def constrain(self, real: Tensor) -> None:
        """Bring the real weight back into its range, in place."""


class _BinaryConnect(_Rule):
    def __init__(self, scale: float, stochastic: bool) -> None:
        super().__init__()
        self.scale = scale
        self.stochastic = stochastic

    def scales(self, real: Tensor) -> Tensor:
        return _as_stored(torch.tensor(self.scale, dtype=torch.float64, device=real.device), real.dtype)

    def forward(self, real: Tensor) -> Tensor:
        if self.stochastic and self.training:
            chance = ((real.detach() / self.scale + 1) / 2).clamp(0, 1)
            signs = torch.where(torch.rand_like(chance) < chance, 1.0, -1.0).to(real.dtype)
        else:
            signs = sign(real.detach())
        return _pass(real, signs * self.scales(real), None)

    def constrain(self, real: Tensor) -> None:
        real.clamp_(-self.scale, self.scale)


class _BinaryNet(_Rule):
    def forward(self, real: Tensor) -> Tensor:
        return _pass(real, sign(real.detach()), (real.detach().abs() <= 1).to(real.dtype))

    def constrain(self, real: Tensor) -> None:
        real.clamp_(-1, 1)


class _XnorNet(_Rule):
    def __init__(self, times_n: bool) -> None:
        super().__init__()
        self.times_n = times_n

    def scales(self, real: Tensor) -> Tensor:
        return _as_stored(real.double().abs().flatten(1).mean(1), real.dtype)

    def forward(self, real: Tensor) -> Tensor:
        weight = real.detach()
        n = weight[0].numel()
        alpha = self.scales(weight).reshape(-1, *[1] * (weight.ndim - 1))
        factor = (alpha * (weight.abs() < 1) + 1 / n) * (1 - 1 / weight.shape[1])
        return _pass(real, alpha * sign(weight), factor * n if self.times_n else factor)

    def constrain(self, real: Tensor) -> None:
        real.sub_(real.mean(1, keepdim=True)).clamp_(-1, 1)


class _Pass(torch.autograd.Function):
    """A given value forward; backward the gradient times a given factor."""

    @staticmethod
    def forward(ctx: Any, real: Tensor, binary: Tensor, factor: Tensor | None) -> Tensor:  # noqa: ARG004
        ctx.save_for_backward(*(() if factor is None else (factor,)))
        return binary.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        saved = ctx.saved_tensors
        return gradients[0] * saved[0] if saved else gradients[0], None, None


def _pass(real: Tensor, binary: Tensor, factor: Tensor | None) -> Tensor:
    passed: Tensor = _Pass.apply(real, binary, factor)  # type: ignore[no-untyped-call]
    return passed


def _as_stored(scale: Tensor, dtype: torch.dtype) -> Tensor:
    """float64 scales as numbers of a layer's type that float32 holds: shorter types are parts of it."""
    return scale.to(torch.float32 if dtype == torch.float64 else dtype).to(dtype)


def _weight(module: nn.Module) -> Tensor:
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor):
        raise ConfigError("a layer", expected="a weight", found=type(module).__name__)
    return weight


def _register(module: nn.Module, rule: _Rule) -> None:
    _weight(module)
    parametrize.register_parametrization(module, "weight", rule)


def _binary_weights(model: nn.Module, recurse: bool = True) -> list[tuple[_Rule, Tensor]]:
    found: list[tuple[_Rule, Tensor]] = []
    for module in model.modules() if recurse else [model]:
        if parametrize.is_parametrized(module, "weight"):
            of_weight: Any = module.parametrizations["weight"]  # type: ignore[index]
            if isinstance(of_weight[0], _Rule):
                found.append((of_weight[0], of_weight.original))
    return found
