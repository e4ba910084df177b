"""The grid of a layer's activations: unsigned codes over a range that training has watched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .affine import AffineScheme, choose_parameters, to_codes
from .arrays import Array, finite

Codes = NDArray[np.uint8]


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
