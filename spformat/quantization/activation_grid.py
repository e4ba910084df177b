"""The grid of a layer's activations: unsigned codes over a range that training has watched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .affine import AffineScheme, choose_parameters
from .arrays import Array, Floats, finite

Codes = NDArray[np.uint8]
BELOW_HALF = float(np.nextafter(0.5, 0.0))


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
        """The codes of finite floats: clamp(round(r / scale) + zero_point), ties away from zero (see `nearest`)."""
        steps = nearest(finite(values, "activations") / self.scale)
        return np.clip(steps + self.zero_point, 0, self.largest).astype(np.uint8)

    def dequantize(self, codes: Codes) -> NDArray[np.float32]:
        """float32(scale) * float32(q - zero_point)."""
        steps = (codes.astype(np.int64) - self.zero_point).astype(np.float32)
        return np.asarray(steps * np.float32(self.scale), np.float32)

    def real(self, codes: Codes) -> Floats:
        """scale * (q - zero_point) in float64, which holds every one exactly."""
        return (codes.astype(np.float64) - self.zero_point) * self.scale


def nearest(values: Floats) -> Floats:
    """Round to whole numbers, ties away from zero: the rule of the integers' shift (Jacob et al., appendix B).

    Half and not less: 0.5 added to the number before it, or to one near 2**53, would round up already.
    """
    rounded: Floats = np.trunc(values + np.sign(values) * BELOW_HALF)
    return rounded
