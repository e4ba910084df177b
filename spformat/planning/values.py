"""The floatsplit for a tensor: the shift, base and table that take the fewest bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table
from ..dtypes import DType
from ..errors import LimitError
from .coding_plan import FloatPlan, ValuePlan, stream_overhead_bits
from .mask import Mask
from .pool import Split, TablePool

BitPatterns = npt.NDArray[Any]
Counts = npt.NDArray[np.uint64]
_HIGH_BITS = 15  # leading magnitude bits that are looked at: what a literal can hold
_REMEMBERED = 8  # splits of the tensors before that are tried
_LEAST_VALUES = 64  # below, not even a table that is there already pays


@dataclass(frozen=True)
class Histogram:
    """How often values have each number as their leading magnitude bits, from `first` on: a multiple of what the
    coarsest fold adds up. shift: of the lowest of these bits. Numbers that are not in `counts` do not occur.

    count: of all values. entropy: of these bits, in bits. splits: the two most promising with tables of their own, and
    the bits of keys and literals."""

    counts: Counts
    first: int
    shift: int
    width: int
    count: int
    entropy: float
    splits: list[tuple[Split, float]]

    @classmethod
    def of(cls, array: BitPatterns, mask: Mask, dtype: DType) -> Histogram:
        """Of the nonzeros of a C-contiguous tensor, which the mask says: 15 leading magnitude bits, or all 7 of a
        byte."""
        width = 8 * dtype.itemsize
        bits = min(_HIGH_BITS, width - 1)
        shift = width - 1 - bits
        counts = np.empty(1 << bits, np.uint64)
        patterns = array.reshape(-1).view(np.uint8)
        found = _native.leading_bits(patterns, dtype.itemsize, mask.words, shift, bits, counts, mask.threads)
        if found is None:
            raise _no_memory(counts)
        first, size, (entropy, splits) = found
        return cls(counts[:size].copy(), first, shift, width, mask.nonzeros, entropy, _splits(splits))

    @property
    def distinct(self) -> int:
        """How many numbers occur: of patterns there are as many, at least."""
        return int(np.count_nonzero(self.counts))

    def with_zeros(self, zeros: int) -> Histogram:
        """The same with values whose bits are all zero."""
        if not zeros:
            return self
        counts = np.concatenate([np.zeros(self.first, np.uint64), self.counts])
        counts[0] += np.uint64(zeros)
        weighed = _native.weigh_leading(counts, 0, self.shift, self.width)
        if weighed is None:
            raise _no_memory(counts)
        entropy, splits = weighed
        return Histogram(counts, 0, self.shift, self.width, self.count + zeros, entropy, _splits(splits))

    def least_bits(self, zeros: int) -> float:
        """What no split takes less than for these values and so many zeros: the entropy of the leading bits, and what
        follows them. A coarser key and its raw bits take no less than the finest."""
        tiny = 0 if self.first else int(self.counts[0])  # their leading bits are those of zero
        count = self.count + zeros
        entropy = self.entropy - _n_log2_n(self.count) + _n_log2_n(count) + _n_log2_n(tiny) - _n_log2_n(tiny + zeros)
        return entropy + count * (self.shift + 1)

    def bits_of(self, shift: int, base: int, table: Table) -> float:
        """Bits of keys and literals of a floatsplit; infinite where its table cannot code them."""
        return _native.split_bits(self.counts, self.first, self.shift, self.width, shift, base, table.data)


def best_split(histogram: Histogram, blocks: int, pool: TablePool) -> ValuePlan | None:
    """The floatsplit that takes the fewest bits, new table counted, for values with that histogram of leading bits.

    None where it cannot pay because there are too few values.
    """
    count = histogram.count
    if count < _LEAST_VALUES:
        return None
    weighed = [
        (bits + pool.extra_bits(pool.missing(frozenset((plan[2].data,)))), bits, plan)
        for plan, bits in histogram.splits
    ]
    for plan in pool.splits[-_REMEMBERED:]:  # their tables are there
        bits = histogram.bits_of(*plan)
        weighed.append((bits, bits, plan))
    _, bits, (shift, base, table) = min(weighed, key=lambda each: each[0] + count * (each[2][0] + 1))
    fields = count * (shift + 1)
    return ValuePlan(FloatPlan(shift, base, table), bits + fields + stream_overhead_bits(bits, blocks, fields))


def _splits(found: list[tuple[int, int, bytes, float]]) -> list[tuple[Split, float]]:
    return [((shift, base, Table(table)), bits) for shift, base, table, bits in found]


def _no_memory(counts: Counts) -> LimitError:
    return LimitError("not enough memory for a histogram", kind="limits/memory", found=counts.nbytes)


def _n_log2_n(count: int) -> float:
    return count * math.log2(count) if count else 0.0
