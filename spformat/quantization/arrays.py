"""What every quantizer asks of its input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError

Array = NDArray[Any]
Floats = NDArray[np.float64]


def finite(values: Array, what: str = "weights") -> Floats:
    """The values as float64, which holds every shorter float exactly.

    Raises ConfigError for NaN and infinities, for numbers that are no floats, and for what is no numpy array.
    """
    if not isinstance(values, np.ndarray | np.generic):
        raise ConfigError(what, expected="a numpy array", found=type(values).__name__)
    if values.dtype.kind not in "fV":  # V: bfloat16 and the float8 types of ml_dtypes
        raise ConfigError(f"{what} of another type", expected="floats", found=values.dtype)
    wide: Floats = values.astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(wide)))
    if bad:
        raise ConfigError(f"{what} must be finite", expected="no NaN or infinity", found=f"{bad} of {wide.size}")
    return wide


def frozen(array: Array) -> Array:
    """A read-only view of the array, for the fields of frozen dataclasses."""
    view: Array = np.asarray(array).view()  # asarray: numpy makes scalars of results without dimensions
    view.flags.writeable = False
    return view
