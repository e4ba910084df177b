"""The floatsplit for a tensor: the shift, base and table that take the fewest bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
Counts = npt.NDArray[Any]
_LITERAL_BITS = 16
_HIGH_BITS = 15  # leading magnitude bits that are looked at: what a literal can hold
_FOLDS = range(8)
_COARSEST = 1 << (len(_FOLDS) - 1)
_REMEMBERED = 8  # splits of the tensors before that are tried
_LEAST_VALUES = 64  # below, not even a table that is there already pays


@dataclass(frozen=True)
class Histogram:
    """How often values have each number as their leading magnitude bits, from `first` on: a multiple of what the
    coarsest fold adds up. shift: of the lowest of these bits. Numbers that are not in `counts` do not occur."""

    counts: Counts
    first: int
    shift: int
    width: int

    @classmethod
    def of(cls, array: BitPatterns, dtype: DType) -> Histogram:
        """Of the nonzeros of a tensor: 15 leading magnitude bits, or all 7 of a byte."""
        width = 8 * dtype.itemsize
        bits = min(_HIGH_BITS, width - 1)
        counts = np.zeros(1 << bits, np.uint64)
        patterns = array.reshape(-1).view(np.uint8)
        _native.key_histogram(patterns, dtype.itemsize, width - 1 - bits, (1 << bits) - 1, counts)
        return cls(counts, 0, width - 1 - bits, width)._trimmed()

    def with_zeros(self, zeros: int) -> Histogram:
        """The same with values whose bits are all zero."""
        if not zeros:
            return self
        counts = np.concatenate([np.zeros(self.first, np.uint64), self.counts])
        counts[0] += np.uint64(zeros)
        return Histogram(counts, 0, self.shift, self.width)

    def folded(self, fold: int) -> Counts:
        """With `fold` bits fewer; the first number is `first` >> fold."""
        folded: Counts = self.counts.reshape(-1, 1 << fold).sum(axis=1)
        return folded

    def _trimmed(self) -> Histogram:
        """Without the zeros at both ends: real weights span a few octaves out of 256."""
        seen = np.flatnonzero(self.counts)
        if not len(seen):
            return Histogram(self.counts[:_COARSEST], 0, self.shift, self.width)
        first = int(seen[0]) // _COARSEST * _COARSEST
        last = (int(seen[-1]) // _COARSEST + 1) * _COARSEST
        return Histogram(self.counts[first:last], first, self.shift, self.width)


def best_split(histogram: Histogram, blocks: int, pool: TablePool) -> ValuePlan | None:
    """The floatsplit that takes the fewest bits, new table counted, for values with that histogram of leading bits.

    None where it cannot pay because there are too few values.
    """
    count = int(histogram.counts.sum())
    if count < _LEAST_VALUES:
        return None
    fits = (fold for fold in _FOLDS if histogram.shift + fold <= histogram.width - 2)
    folded = {fold: histogram.folded(fold) for fold in fits}
    promising = sorted(folded, key=lambda fold: _expected_bits(folded[fold], fold))[:2]
    plans = [_with_new_table(folded[fold], histogram, fold) for fold in promising]
    plans += [FloatPlan(*split) for split in pool.splits[-_REMEMBERED:] if split[0] - histogram.shift in folded]
    weighed = [(_bits(histogram, folded[plan.shift - histogram.shift], plan), plan) for plan in plans]
    bits, plan = min(
        weighed, key=lambda pair: pair[0] + count * (pair[1].shift + 1) + pool.extra_bits(pair[1].tables())
    )
    fields = count * (plan.shift + 1)
    return ValuePlan(plan, bits + fields + stream_overhead_bits(bits, blocks, fields))


def _expected_bits(folded: Counts, fold: int) -> float:
    """What a fold will take with a table of its own, about: entropy, a raw bit for each fold, a table."""
    counts = folded[folded > 0].astype(np.float64)
    total = counts.sum()
    spilled = max(0, len(counts) - 256) * 24.0
    return float(total * np.log2(total) - counts @ np.log2(counts) + total * fold + 3.7 * len(counts) + spilled)


def _window(folded: Counts, start: int) -> Counts:
    """256 counts from `start` on, which may lie before the first; beyond both ends nothing occurs."""
    keys = np.zeros(256, folded.dtype)
    low, high = max(start, 0), max(0, min(start + 256, len(folded)))
    keys[low - start : max(high, low) - start] = folded[low:high]
    return keys


def _with_new_table(folded: Counts, histogram: Histogram, fold: int) -> FloatPlan:
    start = _best_start(folded)
    window = _window(folded, start)
    outside = float(folded.sum() - window.sum())
    table = free_form(window, literal_bits=_LITERAL_BITS, outside=outside)
    return FloatPlan(histogram.shift + fold, (histogram.first >> fold) + start, table)


def _best_start(folded: Counts) -> int:
    """The start of the 256 keys that hold the most values, moved up to the first that occurs."""
    start = 0
    if len(folded) > 256:
        sums = np.concatenate([np.zeros(1, folded.dtype), np.cumsum(folded)])
        start = int((sums[256:] - sums[:-256]).argmax())
    return start + int((folded[start:] > 0).argmax())


def _bits(histogram: Histogram, folded: Counts, plan: FloatPlan) -> float:
    """Bits of keys and literals; infinite where the table cannot code them."""
    if plan.base + _largest(plan.table) >> (histogram.width - 1 - plan.shift):
        return float("inf")
    fold = plan.shift - histogram.shift
    window = _window(folded, plan.base - (histogram.first >> fold))
    bits = cost(window, symbol_bits(plan.table, _LITERAL_BITS))
    outside = float(folded.sum() - window.sum())
    if not outside:
        return bits
    if plan.table.escape < 0:
        return float("inf")
    frequency = float(plan.table.frequencies[plan.table.escape])
    return float(bits + outside * (12 - np.log2(frequency) + _LITERAL_BITS))


@lru_cache(maxsize=4096)
def _largest(table: Table) -> int:
    return int(np.flatnonzero(table.frequencies)[-1])
