"""Models that train with simulated quantization, and what becomes of them: chains of integer layers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from ...errors import ConfigError
from ..affine import AffineScheme, as_scale, quantize_affine, quantize_bias
from ..affine_tensor import Scales
from ..integer_chain import Flatten, IntegerChain, MaxPool, Step
from ..integer_layer import Convolution, IntegerLayer
from .fake_quantize import FakeQuantizedActivation, fake_quantize, fake_quantize_weight

Tensor = torch.Tensor
_INT32 = (-(2**31), 2**31 - 1)


@dataclass(frozen=True)
class TrainingScheme:
    """How a model is quantized in training.

    weights: of every layer. activation_bits: 2 to 8. decay, delay: see FakeQuantizedActivation.
    """

    weights: AffineScheme = field(default_factory=AffineScheme)
    activation_bits: int = 8
    decay: float = 0.99
    delay: int = 0

    def activation(self) -> FakeQuantizedActivation:
        """A new watcher of activations."""
        return FakeQuantizedActivation(self.activation_bits, self.decay, self.delay)


class FakeQuantizedLayer(nn.Module):
    """A Linear or Conv2d, ReLU behind it or not, with quantized weight, bias and output."""

    def __init__(
        self, layer: nn.Linear | nn.Conv2d, relu: bool, source: FakeQuantizedActivation, scheme: TrainingScheme
    ) -> None:
        super().__init__()
        if isinstance(layer, nn.Conv2d) and layer.padding_mode != "zeros":
            raise ConfigError("padding mode", expected="zeros", found=layer.padding_mode)
        if scheme.weights.group is not None or scheme.weights.axis not in (None, 0):
            raise ConfigError(
                "scales of weights", expected="one, or one for each output (axis 0)", found=scheme.weights
            )
        self.layer, self.relu, self.weights = layer, relu, scheme.weights
        self.output = scheme.activation()
        self._source = (source,)  # in a tuple: it is another module's child

    def forward(self, values: Tensor) -> Tensor:
        weight, scale = fake_quantize_weight(self.layer.weight, self.weights)
        bias = self._bias(scale)
        if isinstance(self.layer, nn.Conv2d):
            sums = self.layer._conv_forward(values, weight, bias)
        else:
            sums = nn.functional.linear(values, weight, bias)
        quantized: Tensor = self.output(nn.functional.relu(sums) if self.relu else sums)
        return quantized

    def _bias(self, weight_scale: Scales) -> Tensor | None:
        """The bias on the grid of the accumulators, once the layer's input has a grid."""
        bias: Tensor | None = self.layer.bias
        if bias is None or not self._source[0].active:
            return bias
        scale = torch.from_numpy(as_scale(self._source[0].grid.scale * weight_scale.astype(np.float64)))
        return fake_quantize(bias, scale.to(bias.device), torch.zeros((), device=bias.device), _INT32)

    def to_integers(self) -> IntegerLayer:
        """The layer with the weights and ranges of now."""
        weight = quantize_affine(self.layer.weight.detach().cpu().numpy(), self.weights)
        source = self._source[0].grid
        bias = None
        if self.layer.bias is not None:
            bias = quantize_bias(self.layer.bias.detach().cpu().numpy(), source.scale, weight.scale)
        geometry = _geometry(self.layer) if isinstance(self.layer, nn.Conv2d) else None
        return IntegerLayer(weight, bias, source, self.output.grid, self.relu, geometry)


def fake_quantized(model: nn.Sequential, scheme: TrainingScheme | None = None) -> nn.Sequential:
    """A copy of a chain that trains with simulated quantization.

    The chain, nested or not, is of Linear, Conv2d, ReLU (behind one of these), MaxPool2d, Flatten, Dropout and
    Identity. Fold BatchNorm before (`fold_batch_norms`). Raises ConfigError for other modules, and for scales of groups
    or inputs.
    """
    asked = TrainingScheme() if scheme is None else scheme
    last = asked.activation()
    out: list[nn.Module] = [last]
    modules = [copy.deepcopy(module) for module in _flat(model)]
    for module, following in zip(modules, [*modules[1:], nn.Identity()], strict=True):
        if isinstance(module, nn.Linear | nn.Conv2d):
            layer = FakeQuantizedLayer(module, isinstance(following, nn.ReLU), last, asked)
            out.append(layer)
            last = layer.output
        elif isinstance(module, nn.ReLU):
            if not (isinstance(out[-1], FakeQuantizedLayer) and out[-1].relu):
                raise ConfigError("ReLU", expected="behind Linear or Conv2d", found=f"behind {out[-1]}")
        elif isinstance(module, nn.MaxPool2d | nn.Flatten | nn.Dropout | nn.Identity):
            out.append(module)
        else:
            raise ConfigError("no quantized form of a module", expected=_KNOWN, found=type(module).__name__)
    return nn.Sequential(*out)


_KNOWN = "Linear, Conv2d, ReLU, MaxPool2d, Flatten, Dropout or Identity"


def to_integers(model: nn.Sequential) -> IntegerChain:
    """What a `fake_quantized` model is in integers.

    Each layer gives what it gives in evaluation, within one step of its output. What one is off by goes into the next:
    the output of a chain of more than about four may be off by two or three steps.
    Raises ConfigError for pools with padding or dilation, and when the model never saw a batch in training.
    """
    first = model[0]
    if not isinstance(first, FakeQuantizedActivation):
        raise ConfigError("not made by fake_quantized", expected="FakeQuantizedActivation", found=type(first).__name__)
    source, target = first.grid, first.grid
    steps: list[Step] = []
    for module in list(model)[1:]:
        if isinstance(module, FakeQuantizedLayer):
            steps.append(module.to_integers())
            target = module.output.grid
        elif isinstance(module, nn.MaxPool2d):
            steps.append(_pool(module))
        elif isinstance(module, nn.Flatten):
            steps.append(_flatten(module))
    return IntegerChain(source, target, tuple(steps))


def _flat(model: nn.Module) -> Iterator[nn.Module]:
    if isinstance(model, nn.Sequential):
        for module in model:
            yield from _flat(module)
    else:
        yield model


def _pool(pool: nn.MaxPool2d) -> MaxPool:
    if _pair(pool.padding) != (0, 0) or _pair(pool.dilation) != (1, 1) or pool.ceil_mode:
        raise ConfigError("a pool in integers", expected="no padding, dilation or ceil_mode", found=str(pool))
    return MaxPool(_pair(pool.kernel_size), _pair(pool.stride))


def _flatten(flatten: nn.Flatten) -> Flatten:
    if (flatten.start_dim, flatten.end_dim) != (1, -1):
        raise ConfigError("Flatten in integers", expected="dimensions 1 to -1", found=str(flatten))
    return Flatten()


def _geometry(layer: nn.Conv2d) -> Convolution:
    left, right, above, below = layer._reversed_padding_repeated_twice  # knows "same" and "valid"
    return Convolution(_pair(layer.stride), ((above, below), (left, right)), _pair(layer.dilation), layer.groups)


def _pair(sizes: int | tuple[int, ...]) -> tuple[int, int]:
    return (sizes, sizes) if isinstance(sizes, int) else (sizes[0], sizes[1])
