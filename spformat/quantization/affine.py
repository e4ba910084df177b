"""Affine quantization: scales and zero points from ranges, codes from values (Jacob et al., section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .affine_blocks import check_blocks, from_the_front, ranges, spread
from .affine_tensor import AffineTensor, Scales, ZeroPoints, code_range
from .arrays import Array, Floats, finite

LARGEST = 2.0**126  # values up to here have a finite range, and finite codes times scale, in float32
SMALLEST_SCALE = float(np.finfo(np.float32).tiny)  # normal, so that no processor flushes it to zero


@dataclass(frozen=True)
class AffineScheme:
    """How to quantize: what a user asks for, as AffineTensor is what came of it.

    bits: 2 to 8. symmetric: zero point 0. signed: int8 or uint8 codes, only signed ones can be symmetric.
    narrow: leave out the least code (int8: -127 to 127, as the paper has it for weights); None: if signed.
    axis, group: see AffineTensor; neither gives one scale for the tensor. A negative axis counts from the last one.
    """

    bits: int = 8
    symmetric: bool = True
    signed: bool = True
    narrow: bool | None = None
    axis: int | None = None
    group: int | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 8:
            raise ConfigError("bits", expected="2 to 8", found=self.bits)
        if not self.signed and (self.symmetric or self.narrow):
            raise ConfigError("unsigned codes", expected="neither symmetric nor narrow", found=str(self))

    @property
    def code_range(self) -> tuple[int, int]:
        """Least and largest code."""
        return code_range(self.bits, self.signed, self.signed if self.narrow is None else self.narrow)


def choose_parameters(minimum: Array, maximum: Array, scheme: AffineScheme) -> tuple[Scales, ZeroPoints]:
    """Scales and zero points for ranges [minimum, maximum] of float values, arrays of one shape in and out.

    The range is widened to hold 0.0. Asymmetric: S = (b - a) / (number of codes - 1), Z the code nearest to
    -a / S above the least one, which nudges the range by less than half a step so that 0.0 is a code. Symmetric:
    S = max(|a|, |b|) / largest code. A range of 0.0 alone has S = 1. Computed in float64; S is then rounded to
    float32, before Z is found. Raises ConfigError for NaN and beyond LARGEST.
    """
    a, b = np.minimum(finite(minimum, "ranges"), 0.0), np.maximum(finite(maximum, "ranges"), 0.0)
    if max(float(-a.min(initial=0)), float(b.max(initial=0))) > LARGEST:
        raise ConfigError("too large for float32 scales", expected=f"at most {LARGEST}", found=f"{a.min()}, {b.max()}")
    low, high = scheme.code_range
    if scheme.symmetric:
        scale = as_scale(np.maximum(-a, b) / high)
        return scale, np.zeros(scale.shape, np.int32)
    scale = as_scale((b - a) / (high - low))
    nudged = np.clip(np.rint(low - a / scale.astype(np.float64)), low, high)
    return scale, np.asarray(nudged, np.int32)


def as_scale(steps: Floats) -> Scales:
    """Step sizes as float32 scales: 1 for 0.0, at least SMALLEST_SCALE otherwise."""
    scale = np.maximum(steps, SMALLEST_SCALE).astype(np.float32)
    return np.asarray(np.where(steps == 0, np.float32(1), scale), np.float32)


def quantize_affine(weights: Array, scheme: AffineScheme | None = None) -> AffineTensor:
    """Quantize a float array of any shape to the range of each of its blocks; int8, symmetric, by default.

    q = clamp(rint(r / S) + Z), with r / S in float64 and ties to even. 0.0 becomes Z, and comes back as +0.0; no
    other value is off by more than S / 2 (1 + 2**-13). Raises ConfigError for weights that are not finite.
    """
    asked = AffineScheme() if scheme is None else scheme
    axis, group = from_the_front(asked.axis, weights.shape), asked.group
    check_blocks(weights.shape, axis, group)
    wide = finite(weights)
    scale, zero_point = choose_parameters(*ranges(wide, axis, group), asked)
    spread_scale = spread(scale, wide.shape, axis, group)
    spread_zero = spread(zero_point, wide.shape, axis, group)
    codes = to_codes(wide, spread_scale, spread_zero, asked.code_range)
    dtype = np.int8 if asked.signed else np.uint8
    return AffineTensor(codes.astype(dtype), scale, zero_point, asked.bits, axis, group)


def to_codes(values: Floats, scale: Array, zero_point: Array, code_range: tuple[int, int]) -> NDArray[np.int64]:
    """clamp(rint(values / scale) + zero_point); all arrays broadcast."""
    steps = np.rint(values / scale.astype(np.float64)) + zero_point
    return np.asarray(np.clip(steps, *code_range), np.int64)


def quantize_bias(bias: Array, input_scale: float, weight_scale: Scales) -> AffineTensor:
    """A bias of shape (out,) as int32 with S = S_input * S_weight and Z = 0 (equation 11), to add to accumulators.

    weight_scale: float32 of shape () or (out,). Saturates at the ends of int32.
    """
    scale = as_scale(np.asarray(input_scale * weight_scale.astype(np.float64)))
    ends = np.iinfo(np.int32)
    codes = to_codes(finite(bias, "bias"), scale, np.zeros((), np.int32), (ends.min, ends.max))
    axis = 0 if scale.ndim else None
    return AffineTensor(codes.astype(np.int32), scale, np.zeros(scale.shape, np.int32), 32, axis)
