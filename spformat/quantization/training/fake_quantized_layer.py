"""A layer that trains with simulated quantization, and in evaluation computes what its integers compute."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from ...errors import ConfigError
from ..affine import AffineScheme, as_scale, quantize_affine, quantize_bias
from ..affine_tensor import Scales
from ..arrays import Array
from ..fixed_point import FixedPoint
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
    """A Linear or Conv2d, ReLU behind it or not, with quantized weight, bias and output.

    In training it computes in its own type. In evaluation it gives what its integers give: its sums are whole numbers
    of steps, which float64 adds without rounding, and the same fixed-point multiplier takes them to the grid of the
    output. That is about twice as slow; see IntegerChain for what float32 would make of it.
    """

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
        if not values.numel():  # perhaps before there are ranges
            sums = self._sums(values, weight, self.layer.bias)
        elif self.training or self._source[0].training or self.output.training:
            sums = self._sums(values, weight, self._bias(scale))
        else:
            sums = self._exact_sums(values, weight, scale)
        quantized: Tensor = self.output(nn.functional.relu(sums) if self.relu else sums)
        return quantized.to(values.dtype)

    def _sums(self, values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if isinstance(self.layer, nn.Conv2d):
            sums: Tensor = self.layer._conv_forward(values, weight, bias)
            return sums
        return nn.functional.linear(values, weight, bias)

    def _exact_sums(self, values: Tensor, weight: Tensor, weight_scale: Scales) -> Tensor:
        """In float64: whole numbers of steps, times the step that the multiplier of the integers stands for."""
        source, target, bias = self._source[0].grid, self.output.grid, self.layer.bias
        real = source.scale * weight_scale.astype(np.float64)
        step = FixedPoint.of(real / target.scale).real() * target.scale  # within 2**-32 of `real`
        if bias is not None:
            bias = _steps(bias, as_scale(real)).clamp(*_INT32)
        weight = _steps(weight, weight_scale.reshape(-1, *[1] * (weight.ndim - 1)))
        sums = self._sums(_steps(values, np.asarray(source.scale)), weight, bias)
        return sums * torch.from_numpy(step.reshape(-1, *[1] * (weight.ndim - 2))).to(sums.device)

    def _bias(self, weight_scale: Scales) -> Tensor | None:
        """The bias on the grid of the accumulators, once the layer's input has a grid."""
        bias: Tensor | None = self.layer.bias
        if bias is None or not self._source[0].active:
            return bias
        scale = torch.from_numpy(as_scale(self._source[0].grid.scale * weight_scale.astype(np.float64)))
        return fake_quantize(bias, scale.to(bias.device), torch.zeros((), device=bias.device), _INT32)

    def to_integers(self) -> IntegerLayer:
        """The layer with the weights and ranges of now."""
        weight = quantize_affine(_numpy(self.layer.weight), self.weights)
        source = self._source[0].grid
        bias = None
        if self.layer.bias is not None:
            bias = quantize_bias(_numpy(self.layer.bias), source.scale, weight.scale)
        geometry = _geometry(self.layer) if isinstance(self.layer, nn.Conv2d) else None
        return IntegerLayer(weight, bias, source, self.output.grid, self.relu, geometry)


def _steps(values: Tensor, scale: Array) -> Tensor:
    """values / scale in float64, rounded as codes are; the gradient passes."""
    steps = values.double() / torch.from_numpy(scale.astype(np.float64)).to(values.device)
    return steps + (steps.round() - steps).detach()


def _numpy(parameter: Tensor) -> Array:
    array: Array = parameter.detach().cpu().double().numpy()  # numpy has no bfloat16
    return array


def _geometry(layer: nn.Conv2d) -> Convolution:
    left, right, above, below = layer._reversed_padding_repeated_twice  # knows "same" and "valid"
    return Convolution(pair(layer.stride), ((above, below), (left, right)), pair(layer.dilation), layer.groups)


def pair(sizes: int | tuple[int, ...]) -> tuple[int, int]:
    """Sizes as torch keeps them -> height and width."""
    return (sizes, sizes) if isinstance(sizes, int) else (sizes[0], sizes[1])
