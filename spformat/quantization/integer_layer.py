"""Inference of a layer with integers only: uint8 in, uint8 out (Jacob et al., section 2.2 and 2.4).

Nothing here touches a float; the scales were turned into fixed-point multipliers before. It is the reference of what
the stored numbers mean in integer arithmetic, not a fast engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import ConfigError
from .affine import AffineScheme, choose_parameters, to_codes
from .affine_tensor import AffineTensor
from .arrays import Array, finite
from .fixed_point import FixedPoint

Codes = NDArray[np.uint8]
_INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class ActivationGrid:
    """Unsigned codes of activations: r = scale * (q - zero_point), q from 0 to 2**bits - 1, bits 2 to 8."""

    scale: float
    zero_point: int
    bits: int = 8

    @classmethod
    def of_range(cls, minimum: float, maximum: float, bits: int = 8) -> ActivationGrid:
        """The grid over a range, as `choose_parameters` has it."""
        scheme = AffineScheme(bits, symmetric=False, signed=False)
        scale, zero_point = choose_parameters(np.array([minimum], np.float64), np.array([maximum], np.float64), scheme)
        return cls(float(scale[0]), int(zero_point[0]), bits)

    @property
    def largest(self) -> int:
        """The largest code."""
        return (1 << self.bits) - 1

    def quantize(self, values: Array) -> Codes:
        """The codes of finite floats: clamp(rint(r / scale) + zero_point)."""
        scale, zero_point = np.float64(self.scale), np.int64(self.zero_point)
        wide = finite(values, "activations")
        return to_codes(wide, np.asarray(scale), np.asarray(zero_point), (0, self.largest)).astype(np.uint8)

    def dequantize(self, codes: Codes) -> NDArray[np.float32]:
        """float32(scale) * float32(q - zero_point)."""
        steps = (codes.astype(np.int64) - self.zero_point).astype(np.float32)
        return np.asarray(steps * np.float32(self.scale), np.float32)


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

    @property
    def multiplier(self) -> FixedPoint:
        """S_source * S_weight / S_target, one or one for each output."""
        return FixedPoint.of(np.asarray(self.weight.scale.astype(np.float64) * self.source.scale / self.target.scale))

    def run(self, codes: Codes) -> Codes:
        """From codes (batch, in) or (batch, channels, height, width) on `source` to codes on `target`.

        Raises ConfigError when a sum does not fit int32, as it never does for fewer than 2**16 terms.
        """
        return self.rescale(self.accumulate(codes))

    def accumulate(self, codes: Codes) -> NDArray[np.int32]:
        """Sum of (q_source - Z_source)(q_weight - Z_weight), plus the bias; (batch, out[, height, width])."""
        steps = codes.astype(np.int64) - self.source.zero_point
        zero_point = self.weight.zero_point.reshape(-1, *[1] * (len(self.weight.shape) - 1))
        weight = self.weight.codes.astype(np.int64) - zero_point
        sums = steps @ weight.T if self.convolution is None else _convolve(steps, weight, self.convolution)
        if self.bias is not None:
            sums = sums + self._by_output(self.bias.codes.astype(np.int64))
        if sums.size and not (_INT32.min <= sums.min() and sums.max() <= _INT32.max):
            raise ConfigError("sums beyond int32", expected="at most 2**31 - 1", found=int(np.abs(sums).max()))
        return np.asarray(sums, np.int32)

    def rescale(self, sums: NDArray[np.int32]) -> Codes:
        """From accumulators to the target's codes: multiply, add the zero point, clamp (and there is ReLU, too)."""
        multiplier = self.multiplier
        if multiplier.mantissa.ndim:
            multiplier = FixedPoint(self._by_output(multiplier.mantissa), self._by_output(multiplier.shift))
        moved = multiplier.apply(sums).astype(np.int64) + self.target.zero_point
        lowest = self.target.zero_point if self.relu else 0
        return np.clip(moved, lowest, self.target.largest).astype(np.uint8)

    def _by_output(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        return values.reshape(-1, *[1] * (len(self.weight.shape) - 2))


def _convolve(steps: NDArray[np.int64], weight: NDArray[np.int64], geometry: Convolution) -> NDArray[np.int64]:
    """steps: (batch, channels, height, width), where 0 means 0.0; weight: (out, channels / groups, h, w)."""
    padded = np.pad(steps, ((0, 0), (0, 0), *geometry.padding))
    span = [(size - 1) * hole + 1 for size, hole in zip(weight.shape[2:], geometry.dilation, strict=True)]
    windows = sliding_window_view(padded, span, axis=(2, 3))
    windows = windows[:, :, :: geometry.stride[0], :: geometry.stride[1]]
    windows = windows[..., :: geometry.dilation[0], :: geometry.dilation[1]]
    parts = zip(np.split(windows, geometry.groups, 1), np.split(weight, geometry.groups), strict=True)
    return np.concatenate([np.einsum("bchwij,ocij->bohw", part, kernel) for part, kernel in parts], axis=1)
