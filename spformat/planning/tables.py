"""Tables made for histograms, and what a histogram costs under a table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _native
from ..codecs.frequencies import Table

Histogram = npt.NDArray[Any]


def free_form(
    histogram: Histogram, *, by_popcount: bool = False, literal_bits: int | None = None, outside: float = 0.0
) -> Table:
    """A table for a histogram of 256 symbols. With `literal_bits` rare symbols are left to an escape, which is
    followed by a literal of that many bits; without, every symbol that occurs is in the table. `outside` counts what
    is no symbol at all and will be escaped."""
    counts = np.ascontiguousarray(histogram, np.float64)
    return Table(_native.make_table(counts, by_popcount, literal_bits or 0, outside))


@lru_cache(maxsize=4096)
def symbol_bits(table: Table, literal_bits: int) -> npt.NDArray[np.float64]:
    """Bits of each symbol, shape (256,): its share of the slots, or escape and literal; infinite where neither is."""
    bits = np.empty(256, np.float64)
    _native.symbol_bits(table.data, literal_bits, bits)
    return bits
