"""The order-0 bound: what no coder of independent positions and values can beat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..dtypes import DType
from .codebooks import distinct_values

BitPatterns = npt.NDArray[Any]
_PIECE_BITS = 16


def bound_bytes(array: BitPatterns, dtype: DType) -> int:
    """Bytes of the order-0 model of a C-contiguous tensor of bit patterns.

    Positions: the sum over rows (shape[0]) of columns * H(density of the row); a tensor of rank 1 is one row.
    Values: for floats the order-0 entropy of the 15 leading magnitude bits (exponent and first mantissa bits), the sign
    and the bits below raw; for other types the entropies of their 16-bit pieces; or, where that is less, the entropy
    of at most 256 distinct bit patterns and these patterns themselves. Tables cost nothing.
    """
    if array.size == 0:
        return 0
    bits = _position_bits(array) + _value_bits(array, dtype)
    return math.ceil(bits / 8)


def _position_bits(array: BitPatterns) -> float:
    rows = array.shape[0] if array.ndim > 1 else 1
    columns = array.size // rows
    pieces = array.reshape(-1).view(np.uint64) if array.itemsize == 16 else array.reshape(-1)
    nonzero = pieces != 0
    if array.itemsize == 16:
        nonzero = nonzero.reshape(-1, 2).any(axis=1)
    density = np.count_nonzero(nonzero.reshape(rows, columns), axis=1) / columns
    inner = density[(density > 0) & (density < 1)]
    entropy = -(inner * np.log2(inner) + (1 - inner) * np.log2(1 - inner))
    return float(entropy.sum() * columns)


def _value_bits(array: BitPatterns, dtype: DType) -> float:
    distinct = distinct_values(array)
    bits = _modelled_bits(array, dtype)
    return bits if distinct is None else min(bits, _entropy_of(distinct.counts) + 8 * distinct.patterns.nbytes)


def _modelled_bits(array: BitPatterns, dtype: DType) -> float:
    width = 8 * dtype.itemsize
    if dtype.is_float:
        magnitude = min(width - 1, _PIECE_BITS - 1)
        nonzeros, entropy = _entropy(array, width - 1 - magnitude, magnitude)
        return entropy + nonzeros * (width - magnitude)
    return sum(_entropy(array, shift, min(width, _PIECE_BITS))[1] for shift in range(0, width, _PIECE_BITS))


def _entropy(array: BitPatterns, shift: int, bits: int) -> tuple[int, float]:
    """Number of nonzero elements, and the order-0 entropy in bits of (element >> shift) & (2**bits - 1) over them."""
    histogram = np.zeros(1 << bits, np.uint64)
    # complex128 has no integer of its size: its two halves are counted as elements of their own.
    itemsize = min(array.itemsize, 8)
    if shift < 8 * itemsize:
        _native.key_histogram(array.reshape(-1).view(np.uint8), itemsize, shift, (1 << bits) - 1, histogram)
    return int(histogram.sum()), _entropy_of(histogram)


def _entropy_of(counts: npt.NDArray[np.uint64]) -> float:
    """Bits of all symbols that occur so often."""
    seen = counts[counts > 0].astype(np.float64)
    total = seen.sum()
    return float(total * np.log2(total) - (seen * np.log2(seen)).sum()) if total else 0.0
