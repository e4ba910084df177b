"""Multiplication by a real number with integers only: M = 2**-n M0 (Jacob et al., section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arrays import Array, finite, frozen

_INT32 = np.iinfo(np.int32)
_POINT = 31  # M0 is stored as round(2**31 M0)

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Positive multipliers M = 2**-shift * mantissa / 2**31, arrays of one shape.

    mantissa: int64 from 2**30 to 2**31 - 1, so M0 = mantissa / 2**31 is in [0.5, 1). shift: int64, n of the paper;
    negative where M is 1 or more, which the paper never met and its rule does not exclude.
    """

    mantissa: Integers
    shift: Integers

    def __post_init__(self) -> None:
        if not ((self.mantissa >= 1 << 30) & (self.mantissa < 1 << 31)).all():
            raise ConfigError("mantissa", expected="2**30 to 2**31 - 1", found=self.mantissa.tolist())
        object.__setattr__(self, "mantissa", frozen(self.mantissa))
        object.__setattr__(self, "shift", frozen(self.shift))

    @classmethod
    def of(cls, multipliers: Array) -> FixedPoint:
        """The nearest to positive finite floats (ties up). A mantissa that rounds to 2**31 carries into the shift."""
        real = finite(multipliers, "multipliers")
        if not (real > 0).all():
            raise ConfigError("multipliers", expected="positive", found=real.tolist())
        fraction, exponent = np.frexp(real)
        mantissa = np.floor(np.ldexp(fraction, _POINT) + 0.5).astype(np.int64)
        carry = mantissa == 1 << _POINT
        return cls(np.where(carry, 1 << 30, mantissa), -(exponent.astype(np.int64) + carry))

    def real(self) -> NDArray[np.float64]:
        """The multipliers as floats, exactly."""
        return np.ldexp(self.mantissa.astype(np.float64), -(self.shift + _POINT))

    def apply(self, accumulators: NDArray[np.int32]) -> NDArray[np.int32]:
        """round(M * a) for int32 that broadcast with the multipliers: ties away from zero, saturated to int32.

        One rounding of the exact 62-bit product. (gemmlowp rounds twice, at 31 bits and at n, and may differ by one.)
        """
        product = accumulators.astype(np.int64) * self.mantissa  # below 2**62, so nothing here overflows
        right = np.clip(self.shift + _POINT, 0, 63)
        half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
        left = np.clip(-(self.shift + _POINT), 0, 31)
        magnitude = np.minimum((np.abs(product) + half) >> right, 1 << 31) << left
        saturated: NDArray[np.int64] = np.clip(np.sign(product) * magnitude, _INT32.min, _INT32.max)
        return saturated.astype(np.int32)
