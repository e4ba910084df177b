"""Data types of the wire (spec/format.md, section 3.5) and their numpy counterparts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from .errors import SourceError


@dataclass(frozen=True)
class DType:
    """A data type of the wire.

    `code` stands in files; `name` is safetensors' name; `itemsize` is in bytes; `numpy` is None where numpy and
    ml_dtypes have no such type; `is_float` says that the top bit is a sign and exponent and mantissa follow it.
    """

    code: int
    name: str
    itemsize: int
    numpy: np.dtype[Any] | None
    is_float: bool = False

    @property
    def bits(self) -> np.dtype[Any]:
        """Numpy type of the same size whose elements are bare bit patterns."""
        return BIT_PATTERNS[self.itemsize]


BIT_PATTERNS: dict[int, np.dtype[Any]] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<u8"),
    16: np.dtype("V16"),
}

_TABLE: list[tuple[str, int, Any, bool]] = [
    ("BOOL", 1, np.bool_, False),
    ("U8", 1, np.uint8, False),
    ("I8", 1, np.int8, False),
    ("U16", 2, np.uint16, False),
    ("I16", 2, np.int16, False),
    ("U32", 4, np.uint32, False),
    ("I32", 4, np.int32, False),
    ("U64", 8, np.uint64, False),
    ("I64", 8, np.int64, False),
    ("F16", 2, np.float16, True),
    ("BF16", 2, ml_dtypes.bfloat16, True),
    ("F32", 4, np.float32, True),
    ("F64", 8, np.float64, True),
    ("F8_E4M3", 1, ml_dtypes.float8_e4m3fn, True),
    ("F8_E5M2", 1, ml_dtypes.float8_e5m2, True),
    ("F8_E4M3FNUZ", 1, ml_dtypes.float8_e4m3fnuz, True),
    ("F8_E5M2FNUZ", 1, ml_dtypes.float8_e5m2fnuz, True),
    ("F8_E8M0", 1, ml_dtypes.float8_e8m0fnu, False),
    ("F4_X2", 1, None, False),
    ("C32", 4, None, False),
    ("C64", 8, np.complex64, False),
    ("C128", 16, np.complex128, False),
]

DTYPES: list[DType] = [
    DType(code, name, size, None if scalar is None else np.dtype(scalar), is_float)
    for code, (name, size, scalar, is_float) in enumerate(_TABLE)
]
BY_NAME: dict[str, DType] = {d.name: d for d in DTYPES}
_BY_NUMPY: dict[np.dtype[Any], DType] = {d.numpy: d for d in DTYPES if d.numpy is not None}


def from_numpy(dtype: np.dtype[Any], tensor: str | None = None) -> DType:
    """The wire type of a numpy dtype of any byte order. Raises SourceError for types that no checkpoint holds."""
    found = _BY_NUMPY.get(dtype.newbyteorder("="))
    if found is None:
        raise SourceError(f"dtype {dtype} cannot be stored", tensor=tensor)
    return found
