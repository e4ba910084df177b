"""Binary weights: signs and a scale (BinaryConnect, arXiv 1511.00363; BNN, 1602.02830; XNOR-Net, 1603.05279)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .arrays import Array, finite, frozen


@dataclass(frozen=True, eq=False)
class BinaryTensor:
    """One bit for each weight, and a scale for all of them or for each output filter.

    signs: bool of the tensor's shape, True for +1.
    scale: float32, finite and not negative, of shape () or (shape[0],).

    Raises ConfigError when a field breaks these rules.
    """

    signs: NDArray[np.bool_]
    scale: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.signs.dtype != np.bool_:
            raise ConfigError("signs of another type", expected="bool", found=self.signs.dtype)
        allowed = [(), self.shape[:1]]
        if self.scale.dtype != np.float32 or self.scale.shape not in allowed:
            wanted = " or ".join(f"float32 of shape {shape}" for shape in allowed)
            raise ConfigError("scale", expected=wanted, found=f"{self.scale.dtype} of shape {self.scale.shape}")
        if not (np.isfinite(self.scale) & (self.scale >= 0)).all():
            raise ConfigError("scale", expected="finite, not negative", found="other values")
        object.__setattr__(self, "signs", frozen(self.signs))
        object.__setattr__(self, "scale", frozen(self.scale))

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.signs.shape

    def dequantize(self) -> NDArray[np.float32]:
        """The tensor as float32: the bits of the scale, with the sign bit set where the sign is -1. No arithmetic."""
        scale = self.scale.reshape(-1, *[1] * (self.signs.ndim - 1)) if self.scale.ndim else self.scale
        return np.asarray(np.where(self.signs, scale, -scale), np.float32)


def quantize_binary(weights: Array, scale: float | str = 1.0) -> BinaryTensor:
    """The signs of a float array; the sign of 0.0 and -0.0 is +1, as one bit has no third value.

    scale: a number (H of BinaryConnect, 1 of BNN), "filter" for the mean magnitude of each weights[i], or
    "tensor" for that of all weights, which lose least squares (XNOR-Net, equation 6). Raises ConfigError for weights
    that are not finite.
    """
    wide = finite(weights)
    if scale == "filter":
        if not wide.ndim:
            raise ConfigError("a scale for each filter", expected="1 dimension or more", found=0)
        flat = wide.reshape(wide.shape[0], int(np.prod(wide.shape[1:])))
        scales = np.abs(flat).sum(1) / max(flat.shape[1], 1)
    elif scale == "tensor":
        scales = np.abs(wide).sum() / max(wide.size, 1)
    elif isinstance(scale, str):
        raise ConfigError("scale", expected="a number, filter or tensor", found=repr(scale))
    else:
        scales = np.float64(scale)
    return BinaryTensor(np.asarray(wide >= 0), np.asarray(scales, np.float32))
