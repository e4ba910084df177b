"""Inference of a layer with integers only: uint8 in, uint8 out (Jacob et al., section 2.2 and 2.4).

The scales become fixed-point multipliers once; running touches no float. It is the reference of what the stored
numbers mean in integer arithmetic, not a fast engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import ConfigError
from .activation_grid import ActivationGrid, Codes, nearest
from .affine_tensor import AffineTensor
from .arrays import Array, Floats
from .fixed_point import FixedPoint

_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class Convolution:
    """Geometry of a two-dimensional convolution; padding is with zeros: (above, below), (left, right)."""

    stride: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """A linear layer, or a convolution where there is a geometry, with bias and perhaps ReLU.

    weight: AffineTensor of shape (out, in) or (out, in / groups, height, width), one scale or one for each output.
    bias: int32 AffineTensor of shape (out,) with scale source.scale * weight.scale, None for no bias.
    source, target: grids of the activations that come in and go out.
    """

    weight: AffineTensor
    bias: AffineTensor | None
    source: ActivationGrid
    target: ActivationGrid
    relu: bool = False
    convolution: Convolution | None = None

    def __post_init__(self) -> None:
        if self.weight.group is not None or self.weight.axis not in (None, 0):
            raise ConfigError("scales inside of a sum", expected="one, or one for each output", found="others")
        rank = 2 if self.convolution is None else 4
        if len(self.weight.shape) != rank:
            raise ConfigError("weight", expected=f"{rank} dimensions", found=self.weight.shape)

    @cached_property
    def multiplier(self) -> FixedPoint:
        """S_source * S_weight / S_target: one, or one for each output in the shape that broadcasts against sums."""
        real = self.weight.scale.astype(np.float64) * self.source.scale / self.target.scale
        return FixedPoint.of(self._by_output(real) if real.ndim else np.asarray(real))

    def run(self, codes: Codes) -> Codes:
        """From codes (batch, in) or (batch, channels, height, width) on `source` to codes on `target`.

        Raises ConfigError when a sum does not fit int32, which takes a saturated bias or over 33,000 terms.
        """
        return self.rescale(self.accumulate(codes))

    def accumulate(self, codes: Codes) -> NDArray[np.int32]:
        """Sum of (q_source - Z_source)(q_weight - Z_weight), plus the bias; (batch, out[, height, width])."""
        steps = codes.astype(np.int64) - self.source.zero_point
        sums = self._sums(steps, self._weight_steps())
        if self.bias is not None:
            sums = sums + self._by_output(self.bias.codes.astype(np.int64))
        if sums.size and not (_INT32.min <= sums.min() and sums.max() <= _INT32.max):
            raise ConfigError("sums beyond int32", expected="at most 2**31 - 1", found=int(np.abs(sums).max()))
        return np.asarray(sums, np.int32)

    def rescale(self, sums: NDArray[np.int32]) -> Codes:
        """From accumulators to the target's codes: multiply, add the zero point, clamp (ReLU clamps at 0.0)."""
        moved = self.multiplier.apply(sums).astype(np.int64) + self.target.zero_point
        lowest = self.target.zero_point if self.relu else 0
        return np.clip(moved, lowest, self.target.largest).astype(np.uint8)

    def simulate(self, values: Floats) -> Floats:
        """What `run` computes, in float64: from numbers on the source's grid to numbers on the target's.

        Weights are S_weight (q - Z), the bias is S_source S_weight q, sums are multiples of S_source S_weight; the
        stored multiplier, within 2**-32 of the real one, takes them to steps of the target.
        """
        weight_scale = self.weight.scale.astype(np.float64)
        unit = self._by_output(self.source.scale * weight_scale)
        weight = self._weight_steps() * weight_scale.reshape(-1, *[1] * (len(self.weight.shape) - 1))
        sums = self._sums(values, weight)
        if self.bias is not None:
            sums = sums + self._by_output(self.bias.codes.astype(np.float64)) * unit
        if self.relu:
            sums = np.maximum(sums, 0.0)
        units = np.rint(sums / unit)  # takes away what float64 itself has rounded
        codes = np.clip(nearest(units * self.multiplier.real()) + self.target.zero_point, 0, self.target.largest)
        return self.target.real(codes.astype(np.uint8))

    def _weight_steps(self) -> NDArray[np.int64]:
        zero_point = self.weight.zero_point.reshape(-1, *[1] * (len(self.weight.shape) - 1))
        return np.asarray(self.weight.codes.astype(np.int64) - zero_point, np.int64)

    def _sums(self, inputs: Array, weight: Array) -> Array:
        return inputs @ weight.T if self.convolution is None else _convolve(inputs, weight, self.convolution)

    def _by_output(self, values: Array) -> Array:
        return values.reshape(-1, *[1] * (len(self.weight.shape) - 2))


def _convolve(inputs: Array, weight: Array, geometry: Convolution) -> Array:
    """inputs: (batch, channels, height, width), where 0 means 0.0; weight: (out, channels / groups, h, w)."""
    padded = np.pad(inputs, ((0, 0), (0, 0), *geometry.padding))
    span = [(size - 1) * hole + 1 for size, hole in zip(weight.shape[2:], geometry.dilation, strict=True)]
    windows = sliding_window_view(padded, span, axis=(2, 3))
    windows = windows[:, :, :: geometry.stride[0], :: geometry.stride[1]]
    windows = windows[..., :: geometry.dilation[0], :: geometry.dilation[1]]
    parts = zip(np.split(windows, geometry.groups, 1), np.split(weight, geometry.groups), strict=True)
    return np.concatenate([np.einsum("bchwij,ocij->bohw", part, kernel) for part, kernel in parts], axis=1)
