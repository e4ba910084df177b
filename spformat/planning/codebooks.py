"""The codebook for a tensor whose values take few distinct bit patterns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs import bitpack
from ..codecs.frequencies import Table
from ..layouts.coding import code_width
from ..limits import GROUPED_WIDTHS
from .coding_plan import CodebookPlan, ValuePlan, stream_overhead_bits
from .pool import SymbolCounts, TablePool

BitPatterns = npt.NDArray[Any]
MOST_DISTINCT = 256
_LEAST_GROUPED = 4096  # codes below which there is little to decode
_WORTH_GROUPING = 1 + 1 / 128  # times the bits


@dataclass(frozen=True)
class DistinctValues:
    """The distinct values of a tensor's nonzeros or elements, ascending as unsigned integers, and how often they occur.

    patterns, counts: shape (distinct,). grouped: a table for bytes of several codes, and the bits that they take under
    it, where the width of the codes allows that.
    """

    patterns: npt.NDArray[Any]
    counts: npt.NDArray[np.uint64]
    grouped: tuple[Table, float] | None = None

    @property
    def total(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    @property
    def width(self) -> int:
        """Bits of a code."""
        return code_width(len(self.patterns))

    def with_zeros(self, zeros: int) -> DistinctValues | None:
        """The same of all elements; None when zero makes them too many."""
        if zeros == 0:
            return self
        if len(self.patterns) == MOST_DISTINCT:
            return None
        patterns = np.concatenate([np.zeros(1, self.patterns.dtype), self.patterns])
        return DistinctValues(patterns, np.concatenate([np.array([zeros], np.uint64), self.counts]))


@dataclass(frozen=True)
class FewValues:
    """A tensor of few distinct values: its nonzeros, and all elements, which may be too many for a codebook."""

    of_nonzeros: DistinctValues
    of_elements: DistinctValues | None


def few_values(array: BitPatterns, fast: bool) -> FewValues | None:
    """Those of a C-contiguous tensor of bit patterns; None when there are more than 256 or none. fast: no tables."""
    found = distinct_values(array)
    if found is None:
        return None
    of_elements = found.with_zeros(array.size - found.total)
    if fast:
        return FewValues(found, of_elements)
    of_nonzeros = _with_table(found, array, True)
    if of_elements is found:
        return FewValues(of_nonzeros, of_nonzeros)
    return FewValues(of_nonzeros, of_elements and _with_table(of_elements, array, False))


def distinct_values(array: BitPatterns) -> DistinctValues | None:
    """The distinct nonzeros of a C-contiguous tensor of bit patterns; None when they are more than 256 or none."""
    if array.itemsize > 8:
        return None
    patterns, counts = np.empty(MOST_DISTINCT, np.uint64), np.empty(MOST_DISTINCT, np.uint64)
    found = _native.distinct_nonzeros(array.reshape(-1).view(np.uint8), array.itemsize, patterns, counts)
    if not found:
        return None
    order = np.argsort(patterns[:found])
    return DistinctValues(patterns[:found][order].astype(f"<u{array.itemsize}"), counts[:found][order])


def _with_table(values: DistinctValues, array: BitPatterns, of_nonzeros: bool) -> DistinctValues:
    """With a table for grouped codes, in the order of the tensor."""
    if values.width not in GROUPED_WIDTHS or values.total < _LEAST_GROUPED:
        return values
    flat, patterns = array.reshape(-1).view(np.uint8), values.patterns.astype(np.uint64)
    made = _native.grouped_table(flat, array.itemsize, patterns, values.width, of_nonzeros)
    return values if made is None else replace(values, grouped=(Table(made[0]), made[1]))


def codebook_plans(values: DistinctValues, blocks: int, pool: TablePool, fast: bool) -> list[ValuePlan]:
    """Codes packed, and unless `fast` coded: one by one, or grouped where that takes hardly more."""
    patterns, book = values.patterns.tobytes(), 8.0 * values.patterns.nbytes
    packed = ValuePlan(CodebookPlan(patterns, None), book + 8 * (bitpack.size(values.total, values.width) + blocks))
    if fast:
        return [packed]
    histogram = np.zeros(MOST_DISTINCT, np.uint64)
    histogram[: len(values.counts)] = values.counts
    table, bits = pool.cheapest(SymbolCounts.of(histogram))
    grouped = values.grouped is not None and _pays(values.grouped, (table, bits), pool)
    if values.grouped is not None and grouped:
        table, bits = values.grouped
    plan = CodebookPlan(patterns, table, grouped)
    return [packed, ValuePlan(plan, book + bits + stream_overhead_bits(bits, blocks))]


def _pays(grouped: tuple[Table, float], single: tuple[Table, float], pool: TablePool) -> bool:
    """Whether grouped codes, which decode faster, take hardly more than single ones, with tables that are not there."""
    of_grouped, of_single = (
        bits + pool.extra_bits(pool.missing(frozenset((table.data,)))) for table, bits in (grouped, single)
    )
    return of_grouped <= _WORTH_GROUPING * of_single
