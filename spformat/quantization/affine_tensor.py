"""A tensor on an affine grid: r = S (q - Z) (Jacob et al., arXiv 1712.05877, equation 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .affine_blocks import check_blocks, parameter_shape, spread
from .arrays import Array, frozen

Scales = NDArray[np.float32]
ZeroPoints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class AffineTensor:
    """Codes q, scales S and zero points Z.

    codes: int8 (signed) or uint8 of the tensor's shape, or int32 for biases; all of them fit `bits` bits.
    scale: float32, positive and finite. zero_point: int32, each of them a possible code, so that 0.0 is exact.
        Both of shape (), of (shape[axis],), or of (rows, groups in a row).
    bits: 2 to 8, 32 for int32.
    axis: the dimension along which each index has its own scale, None for one scale or groups.
    group: entries of a row that share a scale (the last group of a row may be short), None otherwise. Rows are
        those of the view shape[0] x the rest.

    Raises ConfigError when a field breaks these rules.
    """

    codes: Array
    scale: Scales
    zero_point: ZeroPoints
    bits: int
    axis: int | None = None
    group: int | None = None

    def __post_init__(self) -> None:
        check_blocks(self.shape, self.axis, self.group)
        low, high = self._code_range()
        expected = parameter_shape(self.shape, self.axis, self.group)
        for what, array, dtype in (("scale", self.scale, np.float32), ("zero_point", self.zero_point, np.int32)):
            if array.dtype != dtype or array.shape != expected:
                wanted = f"{np.dtype(dtype)} of shape {expected}"
                raise ConfigError(what, expected=wanted, found=f"{array.dtype} of shape {array.shape}")
        if not (np.isfinite(self.scale) & (self.scale > 0)).all():
            raise ConfigError("scale", expected="positive and finite", found="other values")
        for what, array in (("codes", self.codes), ("zero_point", self.zero_point)):
            if array.size and not (low <= int(array.min()) and int(array.max()) <= high):
                found = f"{int(array.min())} to {int(array.max())}"
                raise ConfigError(f"{what} beyond {self.bits} bits", expected=f"{low} to {high}", found=found)
        for name in ("codes", "scale", "zero_point"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.codes.shape

    @property
    def signed(self) -> bool:
        """Whether codes may be negative."""
        return self.codes.dtype.kind == "i"

    def dequantize(self) -> NDArray[np.float32]:
        """The tensor as float32: float32(q - Z), which is exact but for int32 codes beyond 2**24, times S.

        One multiplication in float32, rounded to nearest, ties to even. Where q = Z the result is +0.0.
        """
        scale = spread(self.scale, self.shape, self.axis, self.group)
        zero_point = spread(self.zero_point, self.shape, self.axis, self.group)
        wide = np.int64 if self.codes.dtype == np.int32 else np.int32  # which holds steps of bytes, in half the time
        steps = (self.codes.astype(wide) - zero_point).astype(np.float32)
        return np.asarray(steps * scale, np.float32)

    def _code_range(self) -> tuple[int, int]:
        if self.codes.dtype == np.int32:
            if self.bits != 32:
                raise ConfigError("bits of int32 codes", expected=32, found=self.bits)
        elif self.codes.dtype not in (np.int8, np.uint8):
            raise ConfigError("codes of another type", expected="int8, uint8 or int32", found=self.codes.dtype)
        elif not 2 <= self.bits <= 8:
            raise ConfigError("bits", expected="2 to 8", found=self.bits)
        return code_range(self.bits, self.signed)


def code_range(bits: int, signed: bool, narrow: bool = False) -> tuple[int, int]:
    """Least and largest code; `narrow` leaves out the least signed one, so that the range is symmetric."""
    if signed:
        half = 1 << (bits - 1)
        return -half + int(narrow), half - 1
    return 0, (1 << bits) - 1
