"""The codebook for a tensor whose values take few distinct bit patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs import bitpack
from .coding_plan import CodebookPlan, ValuePlan, stream_overhead_bits
from .pool import TablePool

BitPatterns = npt.NDArray[Any]
_MOST = 256


@dataclass(frozen=True)
class DistinctValues:
    """The distinct values of a tensor's nonzeros, ascending as unsigned integers, and how often each occurs.

    patterns, counts: shape (distinct,).
    """

    patterns: npt.NDArray[Any]
    counts: npt.NDArray[np.uint64]

    def with_zeros(self, zeros: int) -> DistinctValues | None:
        """The same of all elements; None when zero makes them too many."""
        if zeros == 0:
            return self
        if len(self.patterns) == _MOST:
            return None
        patterns = np.concatenate([np.zeros(1, self.patterns.dtype), self.patterns])
        return DistinctValues(patterns, np.concatenate([np.array([zeros], np.uint64), self.counts]))


def distinct_values(array: BitPatterns) -> DistinctValues | None:
    """The distinct nonzeros of a C-contiguous tensor of bit patterns; None when they are more than 256 or none."""
    if array.itemsize > 8:
        return None
    patterns, counts = np.empty(_MOST, np.uint64), np.empty(_MOST, np.uint64)
    found = _native.distinct_nonzeros(array.reshape(-1).view(np.uint8), array.itemsize, patterns, counts)
    if not found:
        return None
    order = np.argsort(patterns[:found])
    return DistinctValues(patterns[:found][order].astype(f"<u{array.itemsize}"), counts[:found][order])


def codebook_plans(values: DistinctValues, blocks: int, pool: TablePool, fast: bool) -> list[ValuePlan]:
    """Codes packed, and unless `fast` coded under the table of the file or the new one that costs least."""
    total, width = int(values.counts.sum()), (len(values.patterns) - 1).bit_length()
    patterns, book = values.patterns.tobytes(), 8.0 * values.patterns.nbytes
    packed = ValuePlan(CodebookPlan(patterns, None), book + 8 * (bitpack.size(total, width) + blocks))
    if fast:
        return [packed]
    histogram = np.zeros(_MOST, np.uint64)
    histogram[: len(values.counts)] = values.counts
    table, bits = pool.cheapest(histogram)
    return [
        packed,
        ValuePlan(CodebookPlan(patterns, table), book + bits + stream_overhead_bits(bits, blocks, symbols=total)),
    ]
