"""The floatsplit for a tensor: the shift, base and table that take the fewest bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table
from ..dtypes import DType
from .coding_plan import FloatPlan, ValuePlan, stream_overhead_bits
from .pool import TablePool
from .tables import cost, free_form, symbol_bits

BitPatterns = npt.NDArray[Any]
Histogram = npt.NDArray[Any]
_LITERAL_BITS = 16
_HIGH_BITS = 15  # leading magnitude bits that are looked at: what a literal can hold
_FOLDS = range(8)
_REMEMBERED = 16  # splits of the tensors before that are tried
_LEAST_VALUES = 64  # below, not even a table that is there already pays


def high_histogram(array: BitPatterns, dtype: DType) -> Histogram:
    """How often the leading magnitude bits (15, or 7 of a byte) take each value, over the nonzeros."""
    width = 8 * dtype.itemsize
    bits = min(_HIGH_BITS, width - 1)
    histogram = np.zeros(1 << bits, np.uint64)
    patterns = array.reshape(-1).view(np.uint8)
    _native.key_histogram(patterns, dtype.itemsize, width - 1 - bits, (1 << bits) - 1, histogram)
    return histogram


def best_split(histogram: Histogram, dtype: DType, blocks: int, pool: TablePool) -> ValuePlan | None:
    """The floatsplit that takes the fewest bits, new table counted, for values with that histogram of leading bits.

    None where it cannot pay: too few values, or a type that is no float.
    """
    count, width = int(histogram.sum()), 8 * dtype.itemsize
    if count < _LEAST_VALUES or not dtype.is_float:
        return None
    least_shift = width - 1 - (len(histogram).bit_length() - 1)
    folded = {fold: _folded(histogram, fold) for fold in _FOLDS if least_shift + fold <= width - 2}
    promising = sorted(folds := list(folded), key=lambda fold: _expected_bits(folded[fold], fold))[:2]
    plans = [_with_new_table(folded[fold], least_shift + fold) for fold in promising]
    plans += [FloatPlan(*split) for split in pool.splits[-_REMEMBERED:] if split[0] - least_shift in folds]
    weighed = [(_bits(folded[plan.shift - least_shift], plan) + count * (plan.shift + 1), plan) for plan in plans]
    bits, plan = min(weighed, key=lambda pair: pair[0] + pool.extra_bits(pair[1].tables()))
    return ValuePlan(plan, bits + stream_overhead_bits(bits - count * (plan.shift + 1), blocks))


def _expected_bits(folded: Histogram, fold: int) -> float:
    """What a fold will take with a table of its own, about: entropy, a raw bit for each fold, a table."""
    counts = folded[folded > 0].astype(np.float64)
    total = counts.sum()
    spilled = max(0, len(counts) - 256) * 24.0
    return float((counts * np.log2(total / counts)).sum() + total * fold + 3.7 * len(counts) + spilled)


def _folded(histogram: Histogram, fold: int) -> Histogram:
    folded: Histogram = histogram.reshape(-1, 1 << fold).sum(axis=1)
    return folded


def _window(histogram: Histogram, base: int) -> Histogram:
    keys = np.zeros(256, histogram.dtype)
    found = histogram[base : base + 256]
    keys[: len(found)] = found
    return keys


def _with_new_table(folded: Histogram, shift: int) -> FloatPlan:
    base = _best_base(folded)
    window = _window(folded, base)
    outside = float(folded.sum() - window.sum())
    return FloatPlan(shift, base, free_form(window, literal_bits=_LITERAL_BITS, outside=outside))


def _best_base(histogram: Histogram) -> int:
    """The start of the 256 keys that hold the most values, moved up to the first that occurs."""
    sums = np.concatenate([[0], np.cumsum(histogram)])
    starts = np.arange(max(1, len(histogram) - 255))
    ends = np.minimum(starts + 256, len(histogram))
    start = int((sums[ends] - sums[starts]).argmax())
    return start + int((histogram[start:] > 0).argmax())


def _bits(histogram: Histogram, plan: FloatPlan) -> float:
    if plan.base >= len(histogram) or plan.base + _largest(plan.table) >= len(histogram):
        return float("inf")
    window = _window(histogram, plan.base)
    bits = cost(window, symbol_bits(plan.table, _LITERAL_BITS))
    outside = float(histogram.sum() - window.sum())
    if not outside:
        return bits
    if plan.table.escape < 0:
        return float("inf")
    frequency = float(plan.table.frequencies[plan.table.escape])
    return float(bits + outside * (12 - np.log2(frequency) + _LITERAL_BITS))


def _largest(table: Table) -> int:
    return int(np.flatnonzero(table.frequencies)[-1])
